"""Floor and ceiling beside the objectives between which a figure is to tell."""

from __future__ import annotations

from collections.abc import Sequence

from results.order import CEILING, FLOOR

ROLES = {FLOOR: "floor", CEILING: "ceiling"}
"""Reference row -> what it is."""
_ROOM = 0.6  # of the span of the others


def is_near(value: float, others: Sequence[float]) -> bool:
    """Tell whether a reference's score can be in a panel without pressing the others together.

    Args:
        value: of the reference.
        others: of the compared objectives; not empty.

    Returns:
        Whether it lies within their range, widened at both ends by some of their span.
    """
    low, high = min(others), max(others)
    room = _ROOM * (high - low)
    return low - room <= value <= high + room
