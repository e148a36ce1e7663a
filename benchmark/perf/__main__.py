"""`make perf`: measure how fast the harness is, part by part, and write docs/performance.md from what is stored."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.errors import UserError, blaming_the_user, unknown
from benchmark.perf import parts as known
from benchmark.perf import peers
from benchmark.perf.figure import write_figure
from benchmark.perf.images import DATA
from benchmark.perf.page import write_page
from benchmark.perf.stored import read_all


def main(words: Sequence[str] | None = None) -> int:
    """Measure the parts that are asked for; write page and figure from all that are stored.

    Returns:
        0; 1 if a part failed; 2 for a mistake in what the user gave; 130 if interrupted.
    """
    parser = argparse.ArgumentParser(prog="make perf", description=__doc__)
    parser.add_argument(
        "--parts", default="all", help=f"all, none (the page alone), or some of {','.join(known.PARTS)}"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="numbers go to RUNS/perf, the peers too")
    parser.add_argument("--data-root", type=Path, default=Path("data"), help="CIFAR-10 in DATA_ROOT/train/<class>/")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="where the page goes, its figure in figures/")
    asked = parser.parse_args(words)
    os.environ[DATA] = str(asked.data_root.resolve())
    try:
        chosen, folder = _chosen(asked.parts), asked.runs / "perf"
        failed = measure_parts(chosen, folder=folder, python=_peers_python(folder)) if chosen else []
        with blaming_the_user():
            stored = read_all(folder, known.PARTS)
            write_page(stored, asked.docs / "performance.md")
            write_figure(stored, asked.docs / "figures")
    except UserError as error:
        print(f"perf: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("perf: interrupted; parts that were through are stored", file=sys.stderr)
        return 130
    for name in failed:
        print(f"perf: {name} failed, see above; the others are kept", file=sys.stderr)
    print(f"{asked.docs / 'performance.md'}: {len(stored)} of {len(known.PARTS)} parts")
    return 1 if failed else 0


def measure_parts(modules: Mapping[str, str], *, folder: Path, python: str) -> list[str]:
    """Measure parts one after the other, each in a process of its own, and store each as `folder`/<part>.json.

    Args:
        modules: module of each part, by the part's name.
        folder: where the numbers go.
        python: interpreter of those processes.

    Returns:
        The parts that failed; of these nothing new is stored.
    """
    failed = []
    for name, module in modules.items():
        print(f"perf: {name} is measured", flush=True)
        command = [python, "-m", "benchmark.perf.one_part", name, module, str(folder / f"{name}.json")]
        if subprocess.run(command, env=peers.environment(folder / "peers"), check=False).returncode:
            failed.append(name)
    return failed


def _peers_python(folder: Path) -> str:
    """The interpreter of the environment with the peers; the project's own where none can be made."""
    print("perf: peers, from the package index", flush=True)
    try:
        found = peers.prepare(folder / "peers")
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"perf: no environment for the peers: {error}", file=sys.stderr, flush=True)
        return sys.executable
    for name, problem in found.problems.items():
        print(f"perf: {name}: {problem}", flush=True)
    return found.python


def _chosen(text: str) -> Mapping[str, str]:
    modules = known.modules()
    names = text.replace(",", " ").split()
    if names == ["none"]:
        return {}
    if names == ["all"] or not names:
        return modules
    for name in names:
        if name not in modules:
            raise unknown("part", name, ("all", "none", *modules))
    return {name: modules[name] for name in modules if name in names}


if __name__ == "__main__":
    sys.exit(main())
