"""The table of costs: images, operations, time, memory, and where they were computed."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from results.order import REFERENCE
from results.tables.contents import Contents
from results.tables.layout import Entry, Table

RATIO = "FLOPs x"
MINUTES = "pretrain min"
_COLUMNS = {
    "images": ("images", 1, "{:,.0f}"),
    "images/s": ("images_per_s", 1, "{:,.0f}"),
    "FLOPs": ("flops", 1, "{:.2e}"),
    RATIO: ("flops_ratio", 1, "{:.2f}"),
    MINUTES: ("wall_s", 60, "{:.1f}"),
    "evaluate min": ("evaluations_s", 60, "{:.1f}"),
    "peak memory GB": ("peak_memory_bytes", 1e9, "{:.2f}"),
}
"""Header -> column of `results.costs.costs`, what it is divided by, and how it is written."""


def cost_columns(found: Contents, headers: Collection[str] = tuple(_COLUMNS)) -> dict[str, list[Entry]]:
    """Write costs, one entry per row of the table; a column in which nothing but zeros was measured is left out."""
    return {
        header: [_entry(amount / divisor, form) for amount in found.costs[name]]
        for header, (name, divisor, form) in _COLUMNS.items()
        if header in headers and found.costs[name].gt(0).any()
    }


def costs_table(found: Contents) -> list[Table]:
    """The table of costs; none where nothing was measured."""
    known = cost_columns(found)
    if not known:
        return []
    caption = (
        f"{found.config}: what each row cost, means over seeds. Images, images/s, FLOPs (forward and backward pass; "
        f"x: relative to {REFERENCE}), minutes and peak memory are of the pretraining, its minutes with the "
        "preparation of its views; evaluate min: of all its tasks together. Times hold whatever else ran "
        "on the machine at the same time, and those of different devices do not compare: compare FLOPs."
    )
    devices = [Entry("" if pd.isna(names) else str(names)) for names in found.costs["devices"]]
    labels = [Entry(found.label(name)) for name in found.objectives]
    return [
        Table(
            config=found.config,
            subject="costs",
            caption=caption,
            header=["objective", *known, "device"],
            objectives=found.objectives,
            rows=[list(row) for row in zip(labels, *known.values(), devices, strict=True)],
            notes=[],
            further=[],
        )
    ]


def _entry(amount: float, form: str) -> Entry:
    return Entry("") if pd.isna(amount) else Entry(form.format(amount) if amount else "0", value=float(amount))
