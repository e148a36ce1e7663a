"""docs/performance.md, every number of it from the stored parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmark.perf.comparison import Comparison
from benchmark.perf.machine import PEERS
from benchmark.perf.parts import PARTS
from benchmark.perf.stored import Measured
from results.whole_files import write_whole

BY_HAND = "<!-- What follows is written by hand; make perf keeps it. -->"
_HEAD = """# Performance

How fast the harness is beside a bare loop, stock libraries and peers. Times drift on a machine that others use, so what
counts is a ratio: both sides are measured within one run, turn by turn, in turned order every other round, after a
round that warms up. A ratio above 1 says how many times as good ours is, as the median over rounds, with the least and
the most in brackets. Where it is called a cost, it says how many times as much ours takes: below 1 is cheaper.
Loops, views and batches of ours, and the bare loop, run on a CPU in a process that keeps the memory that it frees, as a
pretraining's does (`benchmark/allocator.py`); the rest runs in a plain one.
`make perf` measured every number here and wrote this page; none is typed.
"""
_REPEAT = """## How to repeat it

```
make perf                              # all of it
make perf DATA_ROOT=path/to/cifar10    # loops on CIFAR-10 as train/<class>/*.jpg; without it, on the embedded scenes
make perf PARTS=loop,loss              # some parts; the page keeps what is stored of the others
make perf PARTS=none                   # the page alone, from what is stored
```

Raw numbers go to `RUNS/perf/<part>.json`. {peers} come from the package index into an environment of their own,
`RUNS/perf/peers`, on top of the project's: the same torch. Ours and theirs run there. Rows of a GPU need one: `make
perf` measures them where it finds it.
"""


def write_page(stored: Sequence[Measured], path: Path) -> None:
    """Write the page, whole or not at all, and keep what stands below the line for what is written by hand.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    old = path.read_text() if path.exists() else ""
    kept = old.partition(BY_HAND)[2].strip("\n")
    write_whole(path, (page(stored) + f"\n{BY_HAND}\n" + (f"\n{kept}\n" if kept else "")).encode())


def page(stored: Sequence[Measured]) -> str:
    """The page of what was measured.

    Args:
        stored: parts, in the order of the page.
    """
    comparisons = [each for measured in stored for each in measured.comparisons]
    parts = dict.fromkeys(each.part for each in comparisons)
    tables = [_section(part, [each for each in comparisons if each.part == part]) for part in parts]
    blocks = [_HEAD, _summary(comparisons), *tables, _repeat(), _machines(stored)]
    missing = [part for part in PARTS if part not in {measured.part for measured in stored}]
    if missing:
        blocks.insert(2, f"Not measured yet: {', '.join(f'`make perf PARTS={part}`' for part in missing)}.\n")
    return "\n".join(blocks)


def _repeat() -> str:
    *most, last = PEERS
    return _REPEAT.format(peers=f"{', '.join(most)} and {last}")


def _summary(comparisons: Sequence[Comparison]) -> str:
    claimed = [each for each in comparisons if each.bar is not None]
    held, failed = (sum(each.holds is outcome for each in claimed) for outcome in (True, False))
    open_ones = len(claimed) - held - failed
    said = f"Of {len(claimed)} claims {held} held, {failed} did NOT hold, {open_ones} could not be measured here."
    drawn = any(each.ours for each in claimed)
    return f"{said}\n" + (
        "\n![ratios of what is claimed, on a logarithmic axis](figures/performance.svg)\n" if drawn else ""
    )


def _section(part: str, rows: Sequence[Comparison]) -> str:
    notes: dict[str, int] = {}
    lines = [f"## {part}", "", "| what | ours | the other | ratio | claim | outcome |", "|---|---|---|---|---|---|"]
    for row in rows:
        mark = f" ({notes.setdefault(row.note, len(notes) + 1)})" if row.note else ""
        lines.append(f"| {' | '.join(_plain(cell) for cell in (row.what + mark, *_cells(row)))} |")
    said = [f"{number}. {_plain(note)}" for note, number in notes.items()]
    return "\n".join([*lines, "", *said, *([""] if said else [])])


def _cells(row: Comparison) -> tuple[str, ...]:
    claim = "" if row.bar is None else f"at least {row.bar:g}"
    if math.isnan(row.ratio):
        return "", row.other, "not measured", claim, "not measured"
    ours, theirs = (f"{median(numbers):.4g} {row.unit}" for numbers in (row.ours, row.theirs))
    rounds = f" ({_short(min(row.ratios))} to {_short(max(row.ratios))})" if len(row.ratios) > 1 else ""
    outcome = {None: "no claim", True: "held", False: "did NOT hold"}[row.holds]
    ratio = f"cost {_short(row.ratio)} x" if row.cost else _short(row.ratio)
    return ours, f"{row.other}: {theirs}", f"{ratio}{rounds}", claim, outcome


def _short(ratio: float) -> str:
    return f"{ratio:.3f}" if ratio < 2 else f"{ratio:.3g}"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _machines(stored: Sequence[Measured]) -> str:
    lines = ["## Machine", ""]
    for description in dict.fromkeys(_description(measured.machine) for measured in stored):
        lines += [description, "", "| part | measured | commit | load before | load after |", "|---|---|---|---|---|"]
        lines += [_run(measured) for measured in stored if _description(measured.machine) == description]
        lines.append("")
    lines.append("Load is how many processes wanted a core, a mean over the last minute; `make perf` itself counts.")
    return "\n".join(lines) + "\n"


def _description(machine: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    device = f", {machine['gpu']}" if machine["gpu"] else ", no GPU"
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB{device}; {machine['system']}, "
        f"Python {machine['python']}, {packages}."
    )


def _run(measured: Measured) -> str:
    machine = measured.machine
    cells = (measured.part, machine["created"], machine["commit"], machine["load_before"], machine["load_after"])
    return f"| {' | '.join(str(cell) for cell in cells)} |"
