"""A grid of the smoke config whose cells are written as done, without anything being computed.

As a program: `python written_grids.py RUNS ROWS TASKS [KEY=VALUE ...]`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark import cells
from benchmark.cells import Cell, Outcome
from benchmark.data.pretraining import NO_IMAGES
from benchmark.environment import describe_environment
from benchmark.plan import plan
from benchmark.plans import Asked, remember
from benchmark.preflight import Data
from benchmark.settings import settings_of
from benchmark.source_of_cells import modules_of
from objectives.registry import load_objectives

COSTS = dict.fromkeys(("wall_s", "images", "images_per_s", "peak_memory_bytes", "parameters"))


def write_grid(
    runs: Path,
    *,
    rows: Sequence[str],
    tasks: Sequence[str],
    seeds: Sequence[int] = (0, 1),
    changes: Sequence[str] = (),
    config: str = "smoke",
) -> list[Cell]:
    """Lay out a grid, remember it, and write each of its cells; return them."""
    load_objectives()
    settings = settings_of(config, tuple(changes), ())
    resolved, data = settings.resolve(), Data(NO_IMAGES, {task: f"data of {task}" for task in tasks})
    chains = plan(resolved, settings.label, rows=rows, seeds=seeds, tasks=tasks, data=data)
    remember(runs, resolved, chains, Asked(settings, data))
    every = [cell for chain in chains for cell in chain]
    for cell in every:
        write_cell(runs, cell)
    return every


def write_cell(runs: Path, cell: Cell, *, reason: str | None = None) -> None:
    """Write a cell as done, or with a reason as failed."""
    score = {"dataset": "shapes", "metric": "linear_top1", "split": "test", "selection": "last", "value": 0.5}
    metrics = [score] if cell.kind == "evaluate" and reason is None else []
    cells.write_record(runs, cell, Outcome(metrics, COSTS, describe_environment("cpu"), modules_of(cell), reason))


if __name__ == "__main__":
    write_grid(Path(sys.argv[1]), rows=sys.argv[2].split(","), tasks=sys.argv[3].split(","), changes=sys.argv[4:])
