"""In which unit a metric is: a fraction in [0, 1], unless the end of its name says otherwise."""

from __future__ import annotations

import math

UNITS = ("nats", "s", "bytes")
"""Ends of names, behind an underscore, of metrics that are no fractions: `mutual_information_nats`."""


def unit(metric: str) -> str:
    """Return "nats", "s", "bytes", or "" for a fraction."""
    name, _, end = metric.rpartition("_")
    return end if name and end in UNITS else ""


def allowed(metric: str, value: float) -> bool:
    """Tell whether a metric can have that value: finite, and within [0, 1] if it is a fraction."""
    return math.isfinite(value) and (bool(unit(metric)) or 0 <= value <= 1)
