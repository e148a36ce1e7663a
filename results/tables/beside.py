"""Tables with one more number per objective and column: positions between floor and ceiling, and selection gaps."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from results.order import CEILING, FLOOR
from results.statistics.rounding import rounded
from results.tables.contents import Contents
from results.tables.layout import Entry, Footnotes, Table


def positions(found: Contents) -> list[Table]:
    """The table of positions between floor and ceiling; none where a config has not both, or nothing beside them."""
    summary = found.scored[found.scored["objective"].isin(found.compared)]
    told = summary["position"].notna() | (summary["position_note"] != "")
    summary = summary[summary["column"].isin(summary.loc[told, "column"])]
    if summary.empty:
        return []
    caption = (
        f"{found.config}: position of the means above (each over its seeds) between floor and ceiling "
        f"in %, (score - {FLOOR}) / ({CEILING} - {FLOOR}): 0 is {FLOOR}, 100 is {CEILING}, negative is below {FLOOR}."
    )
    shown = summary.assign(shown=summary["position"], said=summary["position_note"])
    return [_beside(found, shown, "positions between floor and ceiling", form="{:.0f}", caption=caption)]


def gaps(found: Contents) -> list[Table]:
    """The table of selection gaps; none where no oracle is stored beside a number that was chosen."""
    summary = found.scored
    summary = summary[summary["column"].isin(summary.loc[summary["gap"].notna(), "column"])]
    if summary.empty:
        return []
    caption = (
        f"{found.config}: selection gap in points, oracle - selected: what choosing on the test data "
        "instead of on validation data would have gained; mean over seeds."
    )
    shown = summary.assign(shown=summary["gap"], said="")
    return [_beside(found, shown, "selection gaps", form="{:.1f}", caption=caption)]


def _beside(found: Contents, summary: pd.DataFrame, subject: str, *, form: str, caption: str) -> Table:
    """Lay out `shown`, in hundredths, of every objective and column, or the footnote `said` instead."""
    notes, columns = Footnotes(), list(dict.fromkeys(summary["column"]))
    told = summary["shown"].notna() | (summary["said"] != "")
    summary = summary[summary["objective"].isin(summary.loc[told, "objective"])]
    fields = ("objective", "column", "shown", "said", "stale")
    entries = {
        (objective, column): _entry(value, notes.mark(said), form=form, stale=bool(stale))
        for objective, column, value, said, stale in zip(*(summary[name] for name in fields), strict=True)
    }
    objectives = list(dict.fromkeys(summary["objective"]))
    return Table(
        config=found.config,
        subject=subject,
        caption=caption,
        header=["objective", *columns],
        objectives=objectives,
        rows=[[Entry(found.label(name)), *(entries[name, column] for column in columns)] for name in objectives],
        notes=notes.texts,
        further=[],
    )


def _entry(value: float, notes: Sequence[int], *, form: str, stale: bool) -> Entry:
    if notes or pd.isna(value):
        return Entry("", notes=tuple(notes))
    return Entry(rounded(100 * value, form), value=100 * float(value), stale=stale)
