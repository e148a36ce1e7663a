"""Where an estimator that can only count to some number has nearly counted to it."""

from __future__ import annotations

SATURATED = 0.9
"""Share of its ceiling above which an estimate says little more than that the truth is not below it."""


def saturated(nats: float, *, ceiling: float) -> bool:
    """Whether an estimate exceeds 0.9 of its ceiling, both in nats."""
    return nats > SATURATED * ceiling
