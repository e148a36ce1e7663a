"""Every stored number in one long list, what failed or was skipped, and what is stale."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.order import column_order, objective_order
from results.report.logs import without_folders
from results.report.quantities import score
from results.store.cells import Cell


@dataclass(frozen=True)
class Line:
    """One stored number, or one cell that has none.

    Attributes:
        config: name of the config.
        objective: name of the row.
        seed: seed.
        task: name of the task; "pretraining" where that failed, and for what is known of its views.
        dataset: name of the data set; "" where there is no number.
        metric: likewise.
        split: likewise.
        selection: likewise.
        value: as it is shown; "" where there is no number.
        number: as it is sorted; None where there is no number.
        status: "done", "stale", "failed" or "skipped".
        reason: why there is no number, or what has changed since; "" for what counts.
        key: of the cell.
        first: whether this is the first line of an evaluation.
    """

    config: str
    objective: str
    seed: int
    task: str
    dataset: str
    metric: str
    split: str
    selection: str
    value: str
    number: float | None
    status: str
    reason: str
    key: str
    first: bool


@dataclass(frozen=True)
class Aside:
    """A stale cell.

    Attributes:
        cell: the cell.
        what: what it is: "classification", "pretraining".
        changed: what has changed since.
        shown: whether it counts, for want of a newer one: its numbers stand in the tables, in grey.
    """

    cell: Cell
    what: str
    changed: str
    shown: bool


def lines(frame: pd.DataFrame) -> list[Line]:
    """List every number of a frame, and every cell that failed or was skipped.

    Args:
        frame: of `results.store.loading.load`.

    Returns:
        Lines by config, objective, seed, task, data set, metric; a finished pretraining has those of its views alone.
    """
    places = {name: place for place, name in enumerate(objective_order(frame["objective"]))}
    told = (frame["kind"] == "evaluate") | (frame["status"] != "done") | frame["value"].notna()
    rows = frame[told].to_dict("records")

    def order(row: Mapping[Hashable, Any]) -> tuple[Any, ...]:
        names = (_text(row[name]) for name in ("family", "task", "dataset", "metric"))
        return row["config"], places[row["objective"]], row["seed"], column_order(*names), row["split"]

    ordered = sorted(rows, key=order)
    seen: set[str] = set()
    found = []
    for row in ordered:
        found.append(_line(row, first=row["kind"] == "evaluate" and row["key"] not in seen))
        seen.add(row["key"])
    return found


def asides(cells: Collection[Cell], *, stale: Mapping[str, str], shown: Collection[str]) -> list[Aside]:
    """List the stale cells of a runs folder, in every config first those that are shown.

    Args:
        cells: all of its cells.
        stale: key -> what has changed since.
        shown: keys of the cells that count.
    """
    names = {"prepare": "preparing views", "pretrain": "pretraining"}
    found = [
        Aside(cell, cell.task or names[cell.kind], changed=stale[cell.key], shown=cell.key in shown)
        for cell in cells
        if cell.key in stale
    ]

    def order(aside: Aside) -> tuple[str, bool, str, int, str]:
        cell = aside.cell
        return cell.config, not aside.shown, cell.objective, cell.seed, aside.what

    return sorted(found, key=order)


def _line(row: Mapping[Hashable, Any], *, first: bool) -> Line:
    missing = bool(pd.isna(row["value"]))
    return Line(
        config=row["config"],
        objective=row["objective"],
        seed=row["seed"],
        task=_text(row["task"]) or "pretraining",
        dataset=_text(row["dataset"]),
        metric=_text(row["metric"]),
        split=_text(row["split"]),
        selection=_text(row["selection"]),
        value="" if missing else score(row["metric"], row["value"], digits=2),
        number=None if missing else row["value"],
        status="stale" if row["stale"] and not missing else row["status"],
        reason=without_folders(row["reason"]) if missing else row["stale"],
        key=row["key"],
        first=first,
    )


def _text(value: object) -> str:
    """A field as text; what is missing in a frame is None or nan."""
    return value if isinstance(value, str) else ""
