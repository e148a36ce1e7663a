"""One table per config, and with it those that belong to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from results.sweeps import Sweep
from results.tables.beside import gaps, positions
from results.tables.contents import Contents, contents
from results.tables.costs import costs_table
from results.tables.differences import differences
from results.tables.factors import factors
from results.tables.layout import Table
from results.tables.representation import representation
from results.tables.scores import scores_table
from results.tables.views import check


def tables(
    frame: pd.DataFrame,
    *,
    derived: Collection[str],
    view: str | None = None,
    further: Mapping[str, Sequence[Table]] | None = None,
    sweeps: Collection[Sweep] = (),
) -> list[Table]:
    """Lay out one table per config.

    Args:
        frame: of `results.store.loading.load`.
        derived: objectives to mark as derived.
        view: one of `results.tables.views.VIEWS`, or None for all rows.
        further: config -> tables that stand behind those of its own, such as published numbers.
        sweeps: of `results.sweeps.find_sweeps`; the test means of a config of nothing else have no marks.

    Raises:
        ValueError: there is no cell to compare, or no such view.
    """
    return [
        replace(table, further=[*table.further, *(further or {}).get(table.config, ())])
        for table in map(lay_out, gathered(frame, derived=derived, view=view, sweeps=sweeps))
    ]


def gathered(
    frame: pd.DataFrame, *, derived: Collection[str], view: str | None, sweeps: Collection[Sweep] = ()
) -> list[Contents]:
    """Gather what the tables of every config say; arguments and errors are those of `tables`."""
    check(view)
    if frame.empty:
        raise ValueError("table: at least one stored result is expected, got none")
    return [contents(part, derived=derived, view=view, sweeps=sweeps) for _, part in frame.groupby("config")]


def lay_out(found: Contents) -> Table:
    """Lay out the tables of one config."""
    beside = [
        *factors(found),
        *representation(found),
        *positions(found),
        *gaps(found),
        *differences(found),
        *costs_table(found),
    ]
    return replace(scores_table(found), further=beside)
