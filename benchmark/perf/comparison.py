"""One thing measured two ways, turn by turn within one run; what is compared is the ratio, never a time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True)
class Comparison:
    """Measurements of ours and of another way, one of each per round.

    Attributes:
        part: what it belongs to; a heading of the page.
        what: what was done, on what, with which sizes.
        unit: of the measurements, such as "images/s", "s" or "MB".
        ours: a number per round; empty where it could not be measured.
        theirs: the other way's, a number per round in the same order.
        other: name of the other way.
        more: a higher number is better.
        bar: the ratio (ours over theirs where more is better, else theirs over ours: how many times as good) that is
            claimed at least; None where nothing is claimed.
        note: what a reader must know; where nothing was measured, why, and the command that does.
        cost: the ratio is how many times as much ours takes, for a thing that need not be the better one. Nothing is
            claimed of it.

    Raises:
        ValueError: a bar on a cost.
    """

    part: str
    what: str
    unit: str
    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    other: str
    more: bool = True
    bar: float | None = None
    note: str = ""
    cost: bool = False

    def __post_init__(self) -> None:
        if self.cost and self.bar is not None:
            raise ValueError(f"comparison: a cost must have no bar, got {self.bar:g} for {self.what}")

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times as good ours is, or as dear for a cost, a number per round."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return tuple(mine / other if self.more is not self.cost else other / mine for mine, other in pairs)

    @property
    def ratio(self) -> float:
        """Median of `ratios`; NaN where nothing was measured."""
        return statistics.median(self.ratios) if self.ours else math.nan

    @property
    def holds(self) -> bool | None:
        """Whether the claim held; None where nothing is claimed or nothing was measured."""
        return None if self.bar is None or math.isnan(self.ratio) else self.ratio >= self.bar

    def line(self) -> str:
        """What was found, in one line of plain text."""
        if math.isnan(self.ratio):
            return f"{self.part}: {self.what}, beside {self.other}: not measured ({self.note})"
        ours, theirs = (f"{statistics.median(numbers):.4g}" for numbers in (self.ours, self.theirs))
        claim = "" if self.bar is None else f", claim >= {self.bar:g}: {'held' if self.holds else 'did NOT hold'}"
        verb = "costs " if self.cost else ""
        found = f"{verb}{self.ratio:.2f} x {self.other} ({ours} and {theirs} {self.unit}){claim}"
        return f"{self.part}: {self.what}: {found}"


def alternate(arms: dict[str, Callable[[], float]], *, rounds: int = ROUNDS) -> dict[str, tuple[float, ...]]:
    """Measure every arm once a round, in turned order every other round, after a round that warms up.

    Args:
        arms: by name, what does the work once and returns its own measurement.
        rounds: how many count.

    Returns:
        By name, a number per round.
    """
    found: dict[str, list[float]] = {name: [] for name in arms}
    for turn in range(rounds + 1):
        for name in list(arms)[:: 1 if turn % 2 else -1]:
            found[name].append(arms[name]())
    return {name: tuple(numbers[1:]) for name, numbers in found.items()}
