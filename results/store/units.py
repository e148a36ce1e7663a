"""In which unit a metric is: a fraction in [0, 1], unless the end of its name says otherwise; and which are scores."""

from __future__ import annotations

import math

UNITS = ("nats", "s", "bytes", "dims", "squared")
"""Ends of names, behind an underscore, of metrics that are no fractions: `mutual_information_nats`.

"dims" is an effective number of dimensions, "squared" a squared distance.
"""
FACTORS = "factors"
"""The family of probes of known factors."""
REPRESENTATION = "representation"
"""The family of what is measured of the features without labels."""
_RETENTION = tuple(
    f"{probe}_retention{group}" for probe in ("linear", "mlp") for group in ("", "_shared", "_non_shared")
)


def unit(metric: str) -> str:
    """Return "nats", "s", "bytes", "dims", "squared", or "" for a fraction."""
    name, _, end = metric.rpartition("_")
    return end if name and end in UNITS else ""


def allowed(metric: str, value: float) -> bool:
    """Tell whether a metric can have that value: finite, and within [0, 1] if it is a fraction."""
    return math.isfinite(value) and (bool(unit(metric)) or 0 <= value <= 1)


def is_score(metric: str, *, family: str) -> bool:
    """Tell whether a metric says how good a row is: a fraction, of which more is better.

    Only scores are ranked, tested, compared with floor and ceiling, or choose. What has a unit is a measurement. Of
    the factor probes the retention of h is the score, and what is said of one factor or of z a detail of it. Nothing
    that is measured without labels is a score: that features spread more makes them no better.

    Args:
        metric: its name; "" where a task has no numbers.
        family: of the task that it belongs to.
    """
    if family == FACTORS:
        return metric in _RETENTION
    return bool(metric) and not unit(metric) and family != REPRESENTATION


def is_detail(metric: str, *, family: str) -> bool:
    """Tell whether a metric has no column in the main table, since a table of its own says it with others."""
    return bool(metric) and family in (FACTORS, REPRESENTATION) and not is_score(metric, family=family)
