"""The peers in an environment of their own, on top of the project's: the same torch, and no dependency of the project.

Every part runs in this environment, ours and theirs alike, turn by turn in one process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torchvision

from benchmark.perf.machine import PEERS
from results.whole_files import write_whole

_RECORD = "PERF_PEERS"
"""Environment variable: the file that says what could be installed."""
_FILE = "peers.json"
_PINS = "constraints.txt"
_BARE = "without its dependencies: installed"
_LONGEST = 900  # seconds that an installation may take


@dataclass(frozen=True)
class Peers:
    """An environment with what could be installed of the peers.

    Attributes:
        python: its interpreter.
        built_on: versions that it stands on, and what was to be installed; with others it is made anew.
        problems: name of a peer -> what was wrong when it was installed, in one line.
    """

    python: str
    built_on: dict[str, str]
    problems: dict[str, str]


def prepare(folder: Path) -> Peers:
    """Make the environment in `folder`, from the package index; where it is there, try again what is not in it.

    Raises:
        OSError: the folder cannot be written.
        CalledProcessError: Python could make no environment.
    """
    known = _known(folder)
    python, problems = (
        (_made(folder), dict.fromkeys(PEERS, "not tried")) if known is None else (known.python, known.problems)
    )
    tried = {
        name: _install(python, name, folder / _PINS) for name, problem in problems.items() if not _is_there(problem)
    }
    found = Peers(python, _built_on(), {name: problem for name, problem in (problems | tried).items() if problem})
    if found != known:
        write_whole(folder / _FILE, json.dumps(asdict(found), indent=1).encode())
    return found


def _known(folder: Path) -> Peers | None:
    """What the environment holds; None where there is none, or one that stands on other versions."""
    if not (folder / _FILE).exists():
        return None
    known = Peers(**json.loads((folder / _FILE).read_text()))
    return known if known.built_on == _built_on() and Path(known.python).exists() else None


def _made(folder: Path) -> str:
    """An environment without any peer; its interpreter."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "project.pth").write_text(f"{sysconfig.get_path('purelib')}\n")  # torch and pip are the project's
    versions = (f"{module.__name__}=={module.__version__.partition('+')[0]}" for module in (torch, torchvision))
    (folder / _PINS).write_text("\n".join(versions))
    return str(folder.resolve() / "bin" / "python")


def _is_there(problem: str) -> bool:
    """Whether a peer could be installed, be it without what it asks for."""
    return not problem or problem.endswith(_BARE)


def _built_on() -> dict[str, str]:
    versions = {module.__name__: module.__version__ for module in (torch, torchvision)}
    return {"python": sys.version, **versions, "peers": ", ".join(PEERS)}


def _install(python: str, name: str, pins: Path) -> str:
    """Install one peer, or without what it asks for where that does not fit; return what was wrong, "" if nothing."""
    command = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    problem = _run([*command, "--constraint", str(pins), name])
    if problem:
        second = _run([*command, "--no-deps", name])
        problem += f"; without its dependencies: {second}" if second else f"; {_BARE}"
    return problem


def _run(command: list[str]) -> str:
    """The line of the output that says most of what failed, "" if nothing did."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST, check=False)
    except subprocess.TimeoutExpired:
        return f"not done within {_LONGEST} s"
    if not done.returncode:
        return ""
    lines = [" ".join(line.split()) for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    causes = [line for line in lines if " depends on " in line] or [line for line in lines if line.startswith("ERROR")]
    return causes[-1] if causes else (lines or ["pip said nothing"])[-1]


def environment(folder: Path) -> dict[str, str]:
    """Variables of a process of the environment in `folder`: it finds this code, and what could not be installed."""
    code = str(Path(__file__).parents[2])
    paths = os.pathsep.join(path for path in (code, os.environ.get("PYTHONPATH", "")) if path)
    return {**os.environ, "PYTHONPATH": paths, _RECORD: str(folder / _FILE)}


def problem(name: str) -> str:
    """What was wrong with the installation of a peer, as far as this process was told; "" if nothing."""
    record = Path(os.environ.get(_RECORD, ""))
    problems: dict[str, str] = json.loads(record.read_text())["problems"] if record.is_file() else {}
    return problems.get(name, "")
