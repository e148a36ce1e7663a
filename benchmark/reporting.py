"""From the stored cells to tables, figures and the report."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmark.errors import blaming_the_user
from benchmark.source_digest import source_digest
from benchmark.states import Shown, shown
from objectives.registry import OBJECTIVES
from results.store.cells import Cell, read_cells
from results.store.current import current

if TYPE_CHECKING:
    import pandas as pd

    from results.sweeps import Sweep
    from results.tables.layout import Table

_STAMP = ".drawn"  # what the figures beside it were drawn from


def what_is_shown(runs: Path) -> Shown:
    """The cells that tables, figures and report show.

    Raises:
        UserError: the folder is missing or a cell is malformed.
    """
    with blaming_the_user():
        return shown(runs)


def report_tables(runs: Path, what: Shown, *, view: str | None = None, published: bool = False) -> list[Path]:
    """Print the tables and write them below `runs/tables`.

    Args:
        runs: results.
        what: the cells to show.
        view: one of `results.tables.views.VIEWS`, or None for all rows.
        published: show the papers' numbers beside ours.
    """
    from results.tables.assembly import tables
    from results.tables.terminal import to_terminal
    from results.tables.writing import write_tables

    console = Console(width=shutil.get_terminal_size((120, 40)).columns)  # rich takes 80 where it is not a terminal
    with blaming_the_user():
        frame, cells = _frame(runs, what), read_cells(runs)
        marked, sweeps = derived(cells), _sweeps(cells, what)
        further = _published(frame, cells, marked, unmatched=True) if published else None
        for table in tables(frame, derived=marked, view=view, further=further, sweeps=sweeps):
            console.print(to_terminal(table, width=console.width))
        return write_tables(frame, out=runs / "tables", derived=marked, view=view, further=further, sweeps=sweeps)


def table_text(runs: Path, what: Shown, *, form: str, view: str | None, published: bool) -> str:
    """The tables as "markdown", "csv" or "latex"; the other arguments are those of `report_tables`."""
    from results.tables.writing import tables_text

    with blaming_the_user():
        frame, cells = _frame(runs, what), read_cells(runs)
        marked, sweeps = derived(cells), _sweeps(cells, what)
        further = _published(frame, cells, marked, unmatched=True) if published else None
        return tables_text(frame, form=form, derived=marked, view=view, further=further, sweeps=sweeps)


def report_page(runs: Path, what: Shown) -> Path:
    """Write `runs/report.html`."""
    from results.report.writing import write_report

    with blaming_the_user():
        cells = read_cells(runs)
        marked = derived(cells)
        further = _published(_frame(runs, what), cells, marked, unmatched=False)
        out = runs / "report.html"
        return write_report(runs, keys=what.keys, stale=what.stale, derived=marked, out=out, further=further)


def _frame(runs: Path, what: Shown) -> pd.DataFrame:
    import results

    return results.load(runs, keys=what.keys, stale=what.stale)


def _sweeps(cells: Collection[Cell], what: Shown) -> list[Sweep]:
    """The sweeps among the cells that are shown."""
    from results.sweeps import find_sweeps

    return find_sweeps(current(cells, keys=what.keys, stale=what.stale))


def _published(
    frame: pd.DataFrame, cells: Collection[Cell], marked: set[str], *, unmatched: bool
) -> dict[str, list[Table]]:
    """Config -> what papers report beside our numbers; `unmatched`: also where none of ours is the same number."""
    from results.ledger.numbers import read_ledger
    from results.tables.published import published_tables

    return published_tables(frame, cells=cells, ledger=read_ledger(), derived=marked, unmatched=unmatched)


def report_figures(runs: Path, what: Shown, *, names: Sequence[str] = ()) -> list[Path]:
    """Write the figures below `runs/figures`: all, or those of some names."""
    from results.figures.writing import write_figures
    from results.store.loading import load_scalars

    with blaming_the_user():
        digest = _digest(runs, what)  # of what is read next: another call may write while this one draws
        frame, scalars = _frame(runs, what), load_scalars(runs, keys=what.keys)
        cells, out = read_cells(runs), runs / "figures"
        sweeps = _sweeps(cells, what)
        written = write_figures(frame, scalars, sweeps=sweeps, out=out, derived=derived(cells), names=names)
    if not names:
        (out / _STAMP).write_text(digest)
    return written


def choices(runs: Path, *, label: str, by: str | None) -> Iterator[str]:
    """Say of every sweep of a config which values validation data choose.

    Args:
        runs: results.
        label: of the config.
        by: the task that chooses; None = the first that has validation data.
    """
    from results.sweeps import choose, describe, load_sweeps

    what = what_is_shown(runs)
    with blaming_the_user():
        frame = _frame(runs, Shown(what.keys, {}))
        for sweep in load_sweeps(runs, keys=what.keys):
            if sweep.config == label:
                yield describe(sweep, choose(frame, sweep, task=by))


def is_drawn(runs: Path, what: Shown) -> bool:
    """Whether the figures that lie there show these cells as they are, drawn by the code of today."""
    stamp = runs / "figures" / _STAMP
    return stamp.exists() and stamp.read_text() == _digest(runs, what)


def _digest(runs: Path, what: Shown) -> str:
    """Hash of all that decides what the figures look like."""
    written = [(path.parent.name, _written(path)) for path in sorted(runs.glob("cells/*/cell.json"))]
    keys = None if what.keys is None else sorted(what.keys)
    content = [written, keys, sorted(what.stale.items()), source_digest(("results.figures.writing",))]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _written(path: Path) -> int:
    """When a file was written, in ns; 0 if another call has just removed it."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def derived(cells: Collection[Cell]) -> set[str]:
    """Rows of stored cells whose loss was derived here."""
    known = {name for name, objective in OBJECTIVES.module_dict.items() if objective.derived}
    trained = [cell for cell in cells if cell.kind == "pretrain"]
    return {cell.objective for cell in trained if cell.inputs.get("objective", cell.objective) in known}
