"""`clbench experiment`: the rows of one config times some seeds, one figure and one page for each question asked."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmark import bench, reporting
from benchmark.errors import blaming_the_user
from benchmark.experiment_list import ALL, EXPERIMENTS, Experiment, choose
from benchmark.plan import choose_rows, choose_seeds
from benchmark.plans import planned
from benchmark.request import Request
from benchmark.settings import settings_of
from objectives.registry import load_objectives
from results.store.cells import read_cells

QUICK_JOBS = 2  # rows at the same time, of one thread each


def run(request: Request, *, name: str, quick: bool) -> int:
    """Compute the cells of an experiment that are missing, draw its figure and write its page, one after another.

    Args:
        request: where and how; its config and rows do not count, nor do its seeds where they are "".
        name: of the experiment, or "all".
        quick: in the small form.

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
    return max(
        [answer(each, grid, command=command_of(each, request, quick=quick), out=pages) for each, grid in grids.items()]
    )


def answer(name: str, grid: Request, *, command: str, out: Path) -> int:
    """Compute the cells of a grid that are missing, then draw the figure and write the page of an experiment.

    Args:
        name: of the experiment.
        grid: its cells, or some of them.
        command: that computes them, for the page.
        out: folder of the page and its figure.

    Returns:
        0, or 1 if a cell failed.

    Raises:
        UserError: something is wrong with the request.
    """
    print(f"experiment {name}: config {grid.settings.config}, seeds {grid.seeds}", flush=True)
    status = bench.run(grid, stages=("pretrain", "evaluate"))
    for path in _write(name, grid, command=command, out=out):
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


def _write(name: str, grid: Request, *, command: str, out: Path) -> list[Path]:
    """Draw the figure and write the page of an experiment."""
    from results.experiments.writing import write_experiment

    runs = grid.places.runs
    what = reporting.what_is_shown(runs)
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
            planned=_asked_for(runs, label=grid.settings.label),
        )


def _asked_for(runs: Path, *, label: str) -> dict[str, str]:
    """Key -> name of every cell of a config that was asked for, as it would be computed today."""
    own = [each for each in planned(runs) if each.label == label]
    return {each.key if each.now is None else each.now.key: each.name for each in own}
