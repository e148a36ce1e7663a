"""The main table of a config: every objective's scores in every task, and beside them what its pretraining cost."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from results.order import CEILING, FLOOR, REFERENCE
from results.statistics.inference import ALPHA
from results.statistics.leading import Lead
from results.store.units import unit
from results.tables.contents import Contents
from results.tables.costs import MINUTES, RATIO, cost_columns
from results.tables.layout import Entry, Footnotes, Table
from results.tables.means import mean_text, spread
from results.tables.views import describe

_SELECTIONS = {"selected": "chosen on validation data", "last": "as at the end of training"}
_SWEEP = "A sweep: its value is chosen on validation data, so no test mean is marked as the highest."


def scores_table(found: Contents) -> Table:
    """Lay out the main table, without those that belong to it."""
    notes = Footnotes()
    for note in found.main["note"]:
        notes.mark(note)
    first = found.leads
    entries = {
        (row["objective"], row["column"]): _entry(row, lead=first.get(row["column"]), notes=notes)
        for row in found.main.to_dict("records")
    }
    spent = cost_columns(found, (RATIO, MINUTES))
    rows = [
        [
            _label(found, objective, notes=notes),
            *(entries[objective, column] for column in found.columns),
            *(column[place] for column in spent.values()),
        ]
        for place, objective in enumerate(found.objectives)
    ]
    return Table(
        config=found.config,
        subject="scores",
        caption=" ".join(_caption(found, first)),
        header=["objective", *found.columns, *spent],
        objectives=found.objectives,
        rows=rows,
        notes=notes.texts,
        further=[],
    )


def _entry(row: Mapping[Hashable, Any], *, lead: Lead | None, notes: Footnotes) -> Entry:
    scale, digits = (1, 3) if unit(row["metric"]) else (100, 1)
    return Entry(
        text=mean_text(row, scale=scale, digits=digits),
        notes=(*notes.mark(row["note"]), *notes.mark(f"stale: {row['stale']}" if row["stale"] else "")),
        value=scale * row["mean"] if row["n"] > 0 else None,
        bold=lead is not None and lead.separated and row["objective"] in lead.objectives,
        tie=lead is not None and row["objective"] in lead.ties,
        stale=bool(row["stale"]),
    )


def _label(found: Contents, objective: str, *, notes: Footnotes) -> Entry:
    own = found.summary[found.summary["objective"] == objective]
    differences = own["confounds"].iloc[0]
    said = f"besides its loss, {objective} differs from {REFERENCE} in: {differences}" if differences else ""
    return Entry(found.label(objective), notes=notes.mark(said))


def _caption(found: Contents, first: Mapping[str, Lead]) -> list[str]:
    summary = found.main
    seeds = int(found.summary["seeds"].iloc[0])
    sentences = [f"{found.config}: scores in % (fractions times 100), {spread(seeds)}."]
    for selection, meaning in _SELECTIONS.items():
        metrics = dict.fromkeys(summary.loc[summary["selection"] == selection, "metric"])
        if metrics:
            sentences.append(f"{', '.join(metrics)}: {meaning}.")
    roles = ((FLOOR, "floor"), (CEILING, "ceiling"))
    sentences += [f"{name} is the {role}." for name, role in roles if name in found.objectives]
    if {*found.objectives} & {*found.derived}:
        sentences.append("(derived): built after a paper's idea, not the paper's own method.")
    sentences += [_SWEEP] if found.is_sweep else _separation(first, seeds=seeds)
    if (summary["stale"] != "").any():
        sentences.append("Grey or italic: stale, code or config has changed since; such a number is in no test.")
    if found.costs["flops_ratio"].gt(0).any():
        sentences.append(f"{RATIO}: of the pretraining, relative to {REFERENCE}.")
    return sentences + ([] if found.view is None else [describe(found.costs, view=found.view)])


def _separation(first: Mapping[str, Lead], *, seeds: int) -> list[str]:
    """Say what bold and (tie) mean, and where the seeds are too few for anything but a tie."""
    if not first:
        return []
    least = min(lead.smallest_p for lead in first.values())
    highest = "the highest mean between floor and ceiling, in the first column of a task; other columns are not tested"
    if seeds == 1:
        return [f"(tie): {highest}; one seed cannot separate it from the other rows."]
    if least >= ALPHA:
        return [
            f"(tie): {highest}; these {seeds} seeds cannot separate it from the other rows: the smallest p that exact "
            f"sign-flip tests, paired by seed, can reach is {least:.2g} after Holm's correction over rows and tasks."
        ]
    alone = any(lead.smallest_p >= ALPHA for lead in first.values())
    return [
        f"Bold: {highest}; separated from every other row (exact sign-flip test paired by seed, adjusted p below "
        f"{ALPHA:g}, Holm's correction over all other rows and tasks together). (tie): every row that is not separated "
        "from the highest of its column, the highest itself among them.",
        *(["Where a column has too few seeds for that, (tie) stands at its highest alone."] if alone else []),
    ]
