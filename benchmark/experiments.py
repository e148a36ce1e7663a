"""`clbench experiment`: the rows of one config times some seeds, one figure and one page for each question asked."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import bench, reporting
from benchmark.errors import blaming_the_user
from benchmark.experiment_list import ALL, EXPERIMENTS, Experiment, choose
from benchmark.plan import choose_rows, choose_seeds, choose_tasks, tasks_of
from benchmark.request import Request
from benchmark.settings import settings_of
from benchmark.states import Shown
from objectives.registry import load_objectives
from results.store.cells import read_cells

if TYPE_CHECKING:
    from results.experiments.ran import Wanted

QUICK_JOBS = 2  # rows at the same time, of one thread each


def run(request: Request, *, name: str, quick: bool, stored: bool) -> int:
    """Compute the cells of an experiment that are missing, draw its figure and write its page, one after another.

    Args:
        request: where and how; its config and rows do not count, nor do its seeds where they are "".
        name: of the experiment, or "all".
        quick: in the small form.
        stored: compute nothing; the page is of the cells that are stored, whatever code computed them.

    Returns:
        0, or 1 if a cell failed.

    Raises:
        UserError: something is wrong with the request.
    """
    with blaming_the_user():
        load_objectives(request.settings.plugins)
    grids = {each: ask(request, EXPERIMENTS[each], quick=quick) for each in choose(name)}
    for grid in grids.values():  # a mistake in the last one is found before the first one is trained
        choose_rows(grid.objectives, grid.settings.resolve())
        choose_seeds(grid.seeds)
    pages = request.places.runs / "experiments" / ("quick" if quick else "")
    commands = {each: command_of(each, request, quick=quick) for each in grids}
    return max([answer(each, grid, command=commands[each], out=pages, stored=stored) for each, grid in grids.items()])


def answer(name: str, grid: Request, *, command: str, out: Path, stored: bool = False) -> int:
    """Compute the cells of a grid that are missing, then draw the figure and write the page of an experiment.

    Args:
        name: of the experiment.
        grid: its cells, or some of them.
        command: that computes them, for the page.
        out: folder of the page and its figure.
        stored: compute nothing.

    Returns:
        0, or 1 if a cell failed.

    Raises:
        UserError: something is wrong with the request.
    """
    print(f"experiment {name}: config {grid.settings.config}, seeds {grid.seeds}", flush=True)
    status = 0 if stored else bench.run(grid, stages=("pretrain", "evaluate"))
    for path in _write(name, grid, command=command, out=out, stored=stored):
        print(f"wrote {path}", flush=True)
    return status


def ask(request: Request, experiment: Experiment, *, quick: bool) -> Request:
    """The grid of an experiment; the user's overrides have the last word, and quick cells have a label of their own."""
    small, user = experiment.quick, request.settings
    overrides = (*small.overrides, *user.overrides) if quick else user.overrides
    settings = settings_of(experiment.config, overrides, user.plugins)
    return replace(
        request,
        settings=replace(settings, label=f"{settings.label}-quick") if quick else settings,
        objectives=small.rows if quick else ALL,
        seeds=request.seeds or (small.seeds if quick else experiment.seeds),
    )


def command_of(name: str, request: Request, *, quick: bool) -> str:
    """The command that computes the same cells elsewhere."""
    words = ["clbench", "experiment", name, *(["--quick"] if quick else [])]
    words += ["--seeds", request.seeds] if request.seeds else []
    words += _repeated("--import", request.settings.plugins)
    return shlex.join([*words, *_repeated("--set", request.settings.overrides)])


def _repeated(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _write(name: str, grid: Request, *, command: str, out: Path, stored: bool) -> list[Path]:
    """Draw the figure and write the page of an experiment."""
    from results.experiments.writing import write_experiment

    runs = grid.places.runs
    what = Shown(None, {}) if stored else reporting.what_is_shown(runs)
    with blaming_the_user():
        return write_experiment(
            name,
            runs,
            label=grid.settings.label,
            keys=what.keys,
            stale=what.stale,
            derived=reporting.derived(read_cells(runs)),
            command=command,
            out=out,
            wanted=_wanted(grid),
            as_stored=stored,
        )


def _wanted(grid: Request) -> list[Wanted]:
    """The cells of a grid."""
    from results.experiments.ran import Wanted

    config = grid.settings.resolve()
    rows, seeds = choose_rows(grid.objectives, config), choose_seeds(grid.seeds)
    tasks = choose_tasks(grid.tasks, config)
    return [Wanted(row, seed, task) for row in rows for seed in seeds for task in (None, *tasks_of(config, row, tasks))]
