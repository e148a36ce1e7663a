"""What a table says: scores of one config, and beside them positions between floor and ceiling, and selection gaps."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.order import CEILING, FLOOR, REFERENCE, objective_label

_SELECTIONS = {"selected": "chosen on validation data", "last": "as at the end of training"}


@dataclass(frozen=True)
class Table:
    """What is shown of one config.

    Attributes:
        config: name of the config.
        caption: what the numbers are.
        header: labels of the columns, the objective first.
        rows: labels and numbers; "" or a footnote mark where there is no number.
        notes: footnotes; note i is marked [i + 1].
        further: tables that belong to this one: positions between floor and ceiling, selection gaps.
    """

    config: str
    caption: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str]
    further: list[Table]


def lay_out(summary: pd.DataFrame, *, derived: Collection[str]) -> Table:
    """Lay out the table of one config.

    Args:
        summary: rows of `results.comparison.comparison` with one config.
        derived: objectives to mark as derived.
    """
    notes = list(dict.fromkeys(note for note in summary["note"] if note))
    header = list(dict.fromkeys(summary["column"]))
    cells = {(row["objective"], row["column"]): _number(row, notes=notes) for row in summary.to_dict("records")}
    rows = []
    for objective, differences in dict(zip(summary["objective"], summary["confounds"], strict=True)).items():
        label = objective_label(objective, derived=derived)
        if differences:
            notes.append(f"{objective} differs from {REFERENCE} in more than its objective: {differences}")
            label += f" [{len(notes)}]"
        rows.append([label, *(cells[objective, column] for column in header)])
    return Table(
        config=str(summary["config"].iloc[0]),
        caption=_caption(summary, derived=derived),
        header=["objective", *header],
        rows=rows,
        notes=notes,
        further=[*_positions(summary, derived=derived), *_gaps(summary, derived=derived)],
    )


def _positions(summary: pd.DataFrame, *, derived: Collection[str]) -> list[Table]:
    """The table of positions between floor and ceiling; none where a config has not both, or nothing beside them."""
    compared = summary[~summary["objective"].isin([FLOOR, CEILING])]
    compared = compared[compared["column"].isin(_columns_with(compared, "position"))]
    if compared.empty:
        return []
    caption = (
        f"{summary['config'].iloc[0]}: position of the means above (each over its seeds) between floor and ceiling "
        f"in %, (score - {FLOOR}) / ({CEILING} - {FLOOR}): 0 is {FLOOR}, 100 is {CEILING}, negative is below {FLOOR}."
    )
    return [_beside(compared, "position", "{:.0f}", caption=caption, notes=compared["position_note"], derived=derived)]


def _gaps(summary: pd.DataFrame, *, derived: Collection[str]) -> list[Table]:
    """The table of selection gaps; none where no oracle is stored beside a number that was chosen."""
    chosen = summary[summary["column"].isin(summary.loc[summary["gap"].notna(), "column"])]
    if chosen.empty:
        return []
    caption = (
        f"{summary['config'].iloc[0]}: selection gap in points, oracle - selected: what choosing on the test data "
        "instead of on validation data would have gained; mean over seeds."
    )
    return [_beside(chosen, "gap", "{:.1f}", caption=caption, notes=pd.Series("", chosen.index), derived=derived)]


def _columns_with(summary: pd.DataFrame, name: str) -> set[str]:
    """Columns of the table in which there is such a number, or a note on why there is none."""
    return set(summary.loc[summary[name].notna() | (summary[f"{name}_note"] != ""), "column"])


def _beside(
    summary: pd.DataFrame, name: str, form: str, *, caption: str, notes: pd.Series[str], derived: Collection[str]
) -> Table:
    """Lay out one more number per objective and column, in hundredths; `form` writes it."""
    header, listed = list(dict.fromkeys(summary["column"])), list(dict.fromkeys(note for note in notes if note))
    cells = {
        (row["objective"], row["column"]): f"[{listed.index(note) + 1}]"
        if note
        else ("" if pd.isna(row[name]) else form.format(100 * row[name]))
        for row, note in zip(summary.to_dict("records"), notes, strict=True)
    }
    return Table(
        config=str(summary["config"].iloc[0]),
        caption=caption,
        header=["objective", *header],
        rows=[
            [objective_label(objective, derived=derived), *(cells[objective, column] for column in header)]
            for objective in dict.fromkeys(summary["objective"])
        ],
        notes=listed,
        further=[],
    )


def _number(row: Mapping[Hashable, Any], *, notes: list[str]) -> str:
    """Write "41.2 ± 0.3 (n=2) [1]": percent, spread from two seeds on, n where it is not every seed or below two."""
    parts = []
    if row["n"] > 0:
        parts.append(f"{100 * row['mean']:.1f}")
    if row["n"] > 1:
        parts.append(f"± {100 * row['std']:.1f}")
    if 0 < row["n"] < max(2, row["seeds"]):
        parts.append(f"(n={row['n']})")
    if row["note"]:
        parts.append(f"[{notes.index(row['note']) + 1}]")
    return " ".join(parts)


def _caption(summary: pd.DataFrame, *, derived: Collection[str]) -> str:
    seeds = int(summary["seeds"].iloc[0])
    spread = f"mean ± sample standard deviation over {seeds} seeds" if seeds > 1 else "one seed, so no spread"
    sentences = [f"{summary['config'].iloc[0]}: scores in % (fractions times 100), {spread}."]
    for selection, meaning in _SELECTIONS.items():
        metrics = dict.fromkeys(summary.loc[summary["selection"] == selection, "metric"])
        if metrics:
            sentences.append(f"{', '.join(metrics)}: {meaning}.")
    present = set(summary["objective"])
    sentences += [
        f"{name} is the {role}." for name, role in ((FLOOR, "floor"), (CEILING, "ceiling")) if name in present
    ]
    if present & set(derived):
        sentences.append("(derived): built after a paper's idea, not the paper's own method.")
    return " ".join(sentences)
