"""Claims of a best value in a range: that one inside is above both ends, or that one is best which was named before.

The value inside is chosen by validation numbers, for each seed by those of the other seeds
(`results.experiments.selection`): test numbers have no part in the choice. The claim holds where it holds against both
ends, p being the larger of the two: a test of both needs no correction. The opposite, a valley, is the same of the
value with the lowest validation number. Where validation chooses an end, the claim did not hold. A number without
validation numbers cannot choose: then the mean of all values inside is compared with both ends, which a hump passes
less easily, and nothing else does.

A value that is named beforehand is best where it is above every other one, p being the largest; the opposite is that
both ends are above it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from results.experiments.material import Named
from results.experiments.selection import chosen, chosen_by_others
from results.experiments.verdict import HELD, MISSING, NOT_HELD, OPPOSITE, UNKNOWN, Verdict, above
from results.experiments.wording import in_words


def range_rule() -> str:
    """Say in plain words when a value is best in a range, for a page."""
    return (
        "A best value inside a range is chosen by validation numbers and has to be above both ends in test numbers; "
        "where a number has no validation numbers, the mean of all values inside has to. A value that was expected to "
        "be best has to be above every other one."
    )


def inside(claim: str, points: Sequence[Named], *, metric: str) -> Verdict:
    """Judge the claim that some value inside a range is above both of its ends.

    Args:
        claim: in words.
        points: one per value, in the order of the values, with validation numbers.
        metric: what the numbers are.
    """
    known = [point for point in points if point.values]
    for end in (points[0], points[-1]) if points else ():
        if not end.values:
            return Verdict(claim, MISSING, f"There is no {in_words(metric)} of {end.name}, an end of the range.")
    if len(known) < 3:
        return Verdict(
            claim, MISSING, f"Three values with {in_words(metric)} at least are needed, there are {len(known)}."
        )
    ends, best, worst = (known[0], known[-1]), chosen(known), chosen(known, highest=False)
    judged = _weakest(claim, _inner(known), ends, metric=metric)
    if best in ends:
        said = f"Validation chooses {best.name}, an end of the range. Of the values inside: "
        outcome = NOT_HELD if judged.outcome == HELD else judged.outcome
        judged = replace(judged, outcome=outcome, said=said + judged.said)
    if judged.outcome != NOT_HELD or worst in ends:
        return judged
    which = "" if worst is None else ", the lowest by validation"
    return _valley(claim, _inner(known, highest=False), ends, metric=metric, which=which) or judged


def peak(claim: str, points: Sequence[Named], *, expected: Named, metric: str) -> Verdict:
    """Judge the claim that a value which is named beforehand is above every other one.

    Args:
        claim: in words.
        points: one per value, in the order of the values.
        expected: one of them, and none of the ends.
        metric: what the numbers are.
    """
    if expected not in points[1:-1]:
        return Verdict(claim, MISSING, f"{expected.name} has no value on either side.")
    unknown = [point.name for point in points if not point.values]
    if unknown:
        return Verdict(claim, MISSING, f"There is no {in_words(metric)} of {', '.join(unknown)}.")
    others = [point for point in points if point is not expected]
    judged = _weakest(claim, expected, others, metric=metric, least="Against the nearest of the others: ")
    if judged.outcome != NOT_HELD:
        return judged
    return _valley(claim, expected, (points[0], points[-1]), metric=metric, which="") or judged


def _inner(known: Sequence[Named], *, highest: bool = True) -> Named:
    """The value inside that validation chooses, or without validation numbers the mean of all inside."""
    return chosen_by_others(known[1:-1], highest=highest) or _mean(known[1:-1])


def _mean(points: Sequence[Named]) -> Named:
    """Average over points, seed by seed; a seed that some of them have not is left out."""
    seeds = set.intersection(*(set(point.values) for point in points))
    means = {seed: math.fsum(point.values[seed] for point in points) / len(points) for seed in sorted(seeds)}
    return Named("the mean of all values inside", means, {})


def _weakest(claim: str, own: Named, others: Sequence[Named], *, metric: str, least: str = "") -> Verdict:
    """Judge that a value is above all others: the weakest of the verdicts is that of all.

    With `least`, words before it, the weakest alone is said, else all are.
    """
    found = [above(claim, own, other, metric=metric) for other in others]
    order = (MISSING, UNKNOWN, NOT_HELD, OPPOSITE, HELD)
    weakest = min(found, key=lambda one: (order.index(one.outcome), -_doubt(one), one.effect))
    outcome = NOT_HELD if weakest.outcome == OPPOSITE else weakest.outcome
    said = least + weakest.said if least else " ".join(verdict.said for verdict in found)
    return replace(weakest, outcome=outcome, said=said)


def _doubt(verdict: Verdict) -> float:
    """How little the numbers support a claim, from 0 to 1: its p, or more than any p where the effect is below 0."""
    return verdict.p if verdict.effect > 0 else 1 - verdict.p / 2


def _valley(claim: str, worst: Named, ends: Sequence[Named], *, metric: str, which: str) -> Verdict | None:
    """The opposite of a best value inside, where both ends are above a value; else None."""
    valley = [above(claim, end, worst, metric=metric) for end in ends]
    if any(verdict.outcome != HELD for verdict in valley):
        return None
    least = min(valley, key=lambda verdict: verdict.effect)
    said = f"There is a valley: both ends are above {worst.name}{which}. "
    return replace(
        least, outcome=OPPOSITE, said=said + least.said, effect=-least.effect, low=-least.high, high=-least.low
    )
