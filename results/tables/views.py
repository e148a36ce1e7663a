"""Views of a table: which rows had as much pretraining as the reference row, in images or in operations."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from results.order import REFERENCE

VIEWS = ("equal-epochs", "equal-compute")
SLACK = 0.05
"""By how much a row may differ from the reference and still count as equal."""
_MEASURES = {
    "equal-epochs": ("images", "pretraining images", "make bench without BUDGET computes it at equal epochs"),
    "equal-compute": ("flops", "FLOPs", "make bench BUDGET=flops computes it at equal compute"),
}


def check(view: str | None) -> None:
    """Refuse a view that does not exist.

    Raises:
        ValueError: one line with those there are.
    """
    if view is not None and view not in VIEWS:
        raise ValueError(f"view: {' or '.join(VIEWS)} is expected, got {view!r}")


def unequal(costs: pd.DataFrame, *, view: str | None) -> dict[str, str]:
    """Name the rows that a view leaves without numbers, and why.

    Args:
        costs: of `results.costs.costs`.
        view: one of `VIEWS`, or None for all rows.

    Returns:
        objective -> sentence with its ratio to the reference. Rows that train nothing are equal to everything; where
        the reference's own measure is not known, all rows are.
    """
    if view is None:
        return {}
    name, what, remedy = _MEASURES[view]
    amounts: Mapping[str, float] = {str(row): float(amount) for row, amount in costs[name].items()}
    base = amounts.get(REFERENCE, math.nan)
    if not base > 0:
        return {}
    found = {}
    for objective, amount in amounts.items():
        if math.isnan(amount):
            found[objective] = f"its {what} are not known, so not whether they are {REFERENCE}'s"
        elif amount and abs(amount / base - 1) > SLACK:
            found[objective] = f"{amount / base:.3g} x {REFERENCE}'s {what}; {remedy}"
    return found


def describe(costs: pd.DataFrame, *, view: str) -> str:
    """Say what a view shows, for a caption."""
    name, what, _ = _MEASURES[view]
    if not float(costs[name].get(REFERENCE, math.nan)) > 0:
        return f"View {view}: the {what} of {REFERENCE} are not known here, so no row is left out."
    return f"View {view}: rows whose {what} are more than {SLACK:.0%} off {REFERENCE}'s show no numbers."
