"""What stands behind each field of a config's main table: the cells its mean is made of, seed by seed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.comparison import Column, columns, scores
from results.order import CEILING, FLOOR
from results.report.logs import without_folders
from results.report.quantities import score
from results.store.units import unit
from results.tables.layout import Entry, Table

_ROLES = {FLOOR: "floor", CEILING: "ceiling"}
_CHOSEN = {"selected": "chosen on validation data", "last": "as at the end of training"}


@dataclass(frozen=True)
class Mean:
    """What a click on a field shows first.

    Attributes:
        title: row and column.
        column: label of the column.
        summary: the mean, and what it is of.
        seeds: seed, value (or why there is none) and key of the cell; as text.
    """

    title: str
    column: str
    summary: str
    seeds: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Field:
    """One field of the table.

    Attributes:
        entry: what the table says.
        word: where there is no number, in a word why: "failed", "skipped", "not run", "none"; else "".
        mean: what a click shows; None where no cell is behind it, and for costs.
    """

    entry: Entry
    word: str
    mean: Mean | None


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        objective: name of the row.
        label: as it is shown, with its notes.
        role: "floor", "ceiling" or "".
        fields: one per further column.
    """

    objective: str
    label: Entry
    role: str
    fields: list[Field]


def with_cells(table: Table, part: pd.DataFrame) -> list[Row]:
    """Find the cells behind every field.

    Args:
        table: of the scores.
        part: rows of `results.store.loading.load` with that config.
    """
    found, behind = {column.label: column for column in columns(part)}, _Behind(part)
    return [
        Row(
            objective,
            label,
            _ROLES.get(objective, ""),
            [
                behind.field(entry, objective, found[name]) if name in found else Field(entry, word="", mean=None)
                for name, entry in zip(table.header[1:], entries, strict=True)
            ],
        )
        for objective, (label, *entries) in zip(table.objectives, table.rows, strict=True)
    ]


class _Behind:
    """The cells of one config, looked up by row and task."""

    def __init__(self, part: pd.DataFrame) -> None:
        numbers = scores(part)
        places = zip(numbers["objective"], numbers["column"], numbers["seed"], strict=True)
        self._values = dict(zip(places, numbers["value"].astype("float64"), strict=True))
        self._cells: dict[tuple[str, str], dict[str, Mapping[Hashable, Any]]] = {}
        for row in part.sort_values(["seed", "key"]).to_dict("records"):
            task = "" if row["kind"] == "pretrain" else str(row["task"])
            self._cells.setdefault((str(row["objective"]), task), {}).setdefault(str(row["key"]), row)

    def field(self, entry: Entry, objective: str, column: Column) -> Field:
        """Describe a field of a task's column."""
        own = list(self._cells.get((objective, column.task), {}).values())
        above = [cell for cell in self._cells.get((objective, ""), {}).values() if cell["status"] == "failed"]
        cells = own or above
        if not cells:
            return Field(entry, word="" if entry.text else "not run", mean=None)
        seeds = [(str(cell["seed"]), self._value(cell, objective, column), cell["key"]) for cell in cells]
        mean = Mean(f"{objective} · {column.label}", column.label, _summary(entry, column), seeds)
        return Field(entry, word="" if entry.text else _word(cells), mean=mean)

    def _value(self, cell: Mapping[Hashable, Any], objective: str, column: Column) -> str:
        value = self._values.get((objective, column.label, cell["seed"]))
        if value is not None:
            return score(column.metric, value, digits=2) + (" (stale)" if cell["stale"] else "")
        return (
            "none stored" if cell["status"] == "done" else f"{cell['status']}: {without_folders(str(cell['reason']))}"
        )


def _word(cells: list[Mapping[Hashable, Any]]) -> str:
    states = {cell["status"] for cell in cells}
    return next((state for state in ("failed", "skipped") if state in states), "none")


def _summary(entry: Entry, column: Column) -> str:
    """Say what a mean is of: "41.2 ± 0.3, in %: test data, chosen on validation data"."""
    if not entry.text:
        return "There is no number."
    of = {"test": "test", "val": "validation"}[column.split]
    tie = " (tie)" if entry.tie else ""
    return f"{entry.text}{tie}, in {unit(column.metric) or '%'}: {of} data, {_CHOSEN[column.selection]}."
