"""Claims of a page at a glance: a row for each thing that several claims are about, a column for each that is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from results.experiments.verdict import HELD, MISSING, NOT_HELD, OPPOSITE, UNKNOWN, Verdict, counts
from results.experiments.wording import begun, differences
from results.tables.layout import Entry, Table

_BRIEF = {
    HELD: "held",
    OPPOSITE: "opposite",
    NOT_HELD: "did not hold",
    UNKNOWN: "cannot be told",
    MISSING: "no numbers",
}


def in_short(verdicts: Sequence[Verdict]) -> list[str]:
    """Say of every column how many of its claims came to what; nothing where each has one claim."""
    asked: dict[str, list[Verdict]] = {}
    for one in verdicts:
        if one.asked:
            asked.setdefault(one.asked, []).append(one)
    if max(map(len, asked.values()), default=0) < 2:
        return []
    return [f"{begun(column)}: {_counted(own)}." for column, own in asked.items()]


def _counted(own: Sequence[Verdict]) -> str:
    outcomes = counts(own)
    if len(outcomes) == 1:
        (outcome,) = outcomes
        return f"{'all ' if len(own) > 1 else ''}{len(own)} {outcome}"
    return ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())


def glance(verdicts: Sequence[Verdict], *, label: str) -> Table | None:
    """Lay out claims that say what they are about and what is asked; None where no two of them do.

    Args:
        verdicts: those of a page, in its order, which rows and columns keep.
        label: name of the experiment's config.
    """
    placed = {(one.about, one.asked): one for one in verdicts if one.asked}
    if len(placed) < 2:
        return None
    about, asked = (list(dict.fromkeys(place[index] for place in placed)) for index in (0, 1))
    units = dict.fromkeys(one.unit for one in placed.values() if one.outcome != MISSING)
    effect = f", with its effect in {' or '.join(units)}" if units else ""
    return Table(
        config=label,
        subject="claims",
        caption=(
            f"What came of each claim{effect}; of a claim against several rows, that against the nearest. "
            "In full, with intervals, below."
        ),
        header=["", *asked],
        objectives=["" for _ in about],
        rows=[[Entry(row), *(_entry(placed.get((row, column))) for column in asked)] for row in about],
        notes=[],
        further=[],
    )


def _entry(verdict: Verdict | None) -> Entry:
    """Write "held (+12.3)"; "" where nothing is claimed."""
    if verdict is None:
        return Entry("")
    brief = _BRIEF[verdict.outcome]
    if math.isnan(verdict.effect):
        return Entry(brief)
    (effect,) = differences(verdict.effect, unit=verdict.unit)
    return Entry(f"{brief} ({effect})")
