"""Claims and what the cells say of them, by one rule that is part of the code.

The rule. A claim says that one row is above another in one number. Rows are paired by seed. The effect is the mean
difference, in the direction of the claim. p is of the exact sign-flip test, one-sided since the claim names a side:
half the two-sided p of `results.statistics.inference.sign_flip_p`, whose null distribution is symmetric, or one
minus it. The two-sided p is said beside it: tables test so, and with five seeds no two-sided p is below `ALPHA`.

- held here: p is below `ALPHA` and the bootstrap interval of the effect lies above zero;
- the opposite here: the same test of the opposite claim has such a p, and the interval lies below zero;
- cannot be told: the seeds are so few that no effect, however large, has such a p (fewer than `fewest_seeds()`);
- did not hold here: anything else. That is no proof that there is no effect: the minimum detectable effect says how
  large one could have been missed (`results.statistics.inference.minimum_detectable_effect`);
- no numbers: a row or its numbers are not there.

A claim that there is a best value inside a range compares two ends with one value. The value is chosen by validation
numbers; the test numbers have no part in the choice. It holds where it holds against both ends, p being the larger of
the two: a test of both needs no correction. The opposite, a valley, is the same of the value with the lowest validation
number. Where validation chooses an end, the claim did not hold. A number without validation numbers cannot choose: then
the mean of all values inside is compared with both ends, which a hump passes less easily, and nothing else does.

A claim that names the best value beforehand compares that with both ends: `peak`. A claim of a row that is chosen among
several is judged by `results.experiments.selection`.

Claims of one page are not corrected for their number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from results.experiments.material import Seeds
from results.experiments.wording import p_both, points
from results.statistics.inference import ALPHA, FEW, LEVEL, interval_name
from results.statistics.paired import compare
from results.statistics.rounding import p_text

HELD = "held here"
OPPOSITE = "the opposite here"
NOT_HELD = "did not hold here"
UNKNOWN = "cannot be told"
MISSING = "no numbers"


@dataclass(frozen=True)
class Verdict:
    """What the cells say of one claim.

    Attributes:
        claim: in words.
        outcome: `HELD`, `OPPOSITE`, `NOT_HELD`, `UNKNOWN` or `MISSING`.
        said: the numbers behind it, in a sentence or two, or what is missing.
        caveat: what the numbers cannot tell, a sentence; "" for none.
        effect: in the direction of the claim, a fraction; NaN where there is none, as for all that follow.
        low: lower end of its interval.
        high: upper end.
        p: one-sided, for the claim.
        n: seeds in the comparison.
    """

    claim: str
    outcome: str
    said: str
    caveat: str = ""
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    n: int = 0


@dataclass(frozen=True)
class Named:
    """Numbers of one row, with what a sentence calls it.

    Attributes:
        name: as in "rc at weight 1".
        values: seed -> number, a fraction.
        validation: likewise on validation data; empty where nothing is to be chosen.
    """

    name: str
    values: Seeds
    validation: Seeds


def paired_rule() -> str:
    """Say the rule in plain words, for a page."""
    return (
        "Rows are paired by seed. A claim is held where the exact one-sided sign-flip test has "
        f"p < {ALPHA:g} and the {LEVEL:.0%} bootstrap interval of the mean difference, in brackets, lies on the "
        "claimed side of 0; it is the opposite where both are so on the other side. With fewer than "
        f"{fewest_seeds()} seeds p cannot get below {p_text(0.5 ** (fewest_seeds() - 1))}, and nothing can be told. "
        "Tables test two-sided and correct for the number of tests: with five seeds the smallest two-sided p is "
        f"{p_text(2 * 0.5**5)}, so they may call the same rows not separated. A "
        "best value inside a range is chosen by validation numbers and has to be above both ends in test numbers; "
        "where a number has no validation numbers, the mean of all values inside has to."
    )


def fewest_seeds() -> int:
    """Fewest pairs with which a one-sided exact test can get below `ALPHA`: all differences of one sign."""
    return next(n for n in range(1, 64) if 0.5**n < ALPHA)


def above(claim: str, own: Named, other: Named, *, metric: str) -> Verdict:
    """Judge the claim that one row is above another.

    Args:
        claim: in words.
        own: the row that is claimed to be above.
        other: the row it is compared with.
        metric: what the numbers are, for the sentence.
    """
    lacking = [row.name for row in (own, other) if not row.values]
    if lacking:
        return Verdict(claim, MISSING, f"There is no {metric} of {' and of '.join(lacking)}.")
    seeds = sorted({*own.values, *other.values})
    found = compare(*([row.values.get(seed, math.nan) for seed in seeds] for row in (own, other)))
    effect, n = found["difference"], int(found["n"])
    if not n:
        return Verdict(claim, MISSING, f"{own.name} and {other.name} have no seed in common in {metric}.")
    p = one_sided(found["p"], effect=effect)
    compared = f"{metric} of {own.name} minus {other.name}"
    return decided(claim, effect, (found["low"], found["high"]), p=p, n=n, mde=found["mde"], compared=compared)


def decided(
    claim: str, effect: float, bounds: tuple[float, float], *, p: float, n: int, mde: float, compared: str
) -> Verdict:
    """Apply the rule to an effect.

    Args:
        claim: in words.
        effect: mean difference in the direction of the claim, a fraction.
        bounds: of its interval, NaN where there is none.
        p: one-sided, for the claim.
        n: seeds.
        mde: minimum detectable effect, NaN where it is not known.
        compared: what is subtracted from what.
    """
    low, high = (effect, effect) if math.isnan(bounds[0]) else bounds
    outcome = _outcome(effect, low, high, p=p, n=n)
    said = f"{compared}: {_numbers(effect, *bounds, p=p, n=n)}."
    return Verdict(claim, outcome, said, _caveat(outcome, mde=mde, n=n), effect, low, high, p, n)


def below(claim: str, own: Named, other: Named, *, metric: str) -> Verdict:
    """Judge the claim that one row is below another; the effect is how far it is."""
    return above(claim, other, own, metric=metric)


def one_sided(p: float, *, effect: float) -> float:
    """Turn the two-sided p of the sign-flip test into that of the claim that the effect is above zero.

    The null distribution is symmetric. With an effect below zero this is one minus the p of the opposite claim.
    """
    return p / 2 if effect > 0 else 1.0 - p / 2 if effect < 0 else 1.0


def inside(claim: str, points: Sequence[Named], *, metric: str) -> Verdict:
    """Judge the claim that some value inside a range is above both of its ends.

    Args:
        claim: in words.
        points: one per value, in the order of the values, with validation numbers.
        metric: what the numbers are.
    """
    known = [point for point in points if point.values]
    if len(known) < 3:
        return Verdict(claim, MISSING, f"Three values with {metric} at least are needed, there are {len(known)}.")
    low, high = known[0], known[-1]
    mean = _mean(known[1:-1])
    best, worst = chosen(known) or mean, chosen(known, highest=False) or mean
    peak = best if best not in (low, high) else _inner(known)
    judged = _against_ends(claim, peak, ends=(low, high), metric=metric)
    if best in (low, high):
        said = f"Validation chooses {best.name}, an end of the range. Of the values inside it chooses {peak.name}: "
        outcome = NOT_HELD if judged.outcome == HELD else judged.outcome
        judged = replace(judged, outcome=outcome, said=said + judged.said)
    if judged.outcome != NOT_HELD or worst in (low, high):
        return judged
    which = "" if worst is mean else ", the lowest by validation"
    return _valley(claim, worst, ends=(low, high), metric=metric, which=which) or judged


def peak(claim: str, points: Sequence[Named], *, expected: Named, metric: str) -> Verdict:
    """Judge the claim that a value which is named beforehand is above both ends of a range.

    Args:
        claim: in words.
        points: one per value, in the order of the values.
        expected: one of them.
        metric: what the numbers are.
    """
    known = [point for point in points if point.values]
    if expected not in known[1:-1]:
        return Verdict(claim, MISSING, f"There is no {metric} of {expected.name} and of a value on either side.")
    ends = (known[0], known[-1])
    judged = _against_ends(claim, expected, ends=ends, metric=metric)
    if judged.outcome != NOT_HELD:
        return judged
    return _valley(claim, expected, ends=ends, metric=metric, which="") or judged


def _valley(claim: str, worst: Named, *, ends: Sequence[Named], metric: str, which: str) -> Verdict | None:
    """The opposite of a best value inside, where both ends are above a value; else None."""
    valley = [above(claim, end, worst, metric=metric) for end in ends]
    if any(verdict.outcome != HELD for verdict in valley):
        return None
    least = min(valley, key=lambda verdict: verdict.effect)
    said = f"There is a valley: both ends are above {worst.name}{which}. "
    return replace(
        least,
        outcome=OPPOSITE,
        said=said + least.said,
        effect=-least.effect,
        low=-least.high,
        high=-least.low,
        p=1 - least.p,
    )


def chosen(points: Sequence[Named], *, highest: bool = True) -> Named | None:
    """Choose the point with the highest (or lowest) mean validation number, over the seeds that all of them have.

    Points without any are not compared; of equal ones the first is chosen; None where there is no common seed.
    """
    compared = [point for point in points if point.validation]
    seeds = set.intersection(*(set(point.validation) for point in compared)) if compared else set()
    if not seeds:
        return None
    means = [round(math.fsum(point.validation[seed] for seed in seeds) / len(seeds), 12) for point in compared]
    return compared[means.index(max(means) if highest else min(means))]


def _mean(points: Sequence[Named]) -> Named:
    """Average over points, seed by seed; a seed that some of them have not is left out."""
    seeds = set.intersection(*(set(point.values) for point in points))
    means = {seed: math.fsum(point.values[seed] for point in points) / len(points) for seed in sorted(seeds)}
    return Named("the mean of all values inside", means, {})


def _inner(known: Sequence[Named]) -> Named:
    return chosen(known[1:-1]) or known[1]


def _against_ends(claim: str, peak: Named, *, ends: Sequence[Named], metric: str) -> Verdict:
    """Judge a value against both ends: the weaker of the two verdicts is that of both."""
    both = [above(claim, peak, end, metric=metric) for end in ends]
    order = (MISSING, UNKNOWN, NOT_HELD, OPPOSITE, HELD)
    weakest = min(both, key=lambda verdict: (order.index(verdict.outcome), -verdict.p, verdict.effect))
    outcome = NOT_HELD if weakest.outcome == OPPOSITE else weakest.outcome
    return replace(weakest, outcome=outcome, said=" ".join(verdict.said for verdict in both))


def _outcome(effect: float, low: float, high: float, *, p: float, n: int) -> str:
    if n < fewest_seeds():
        return UNKNOWN
    if effect > 0 and p < ALPHA and low > 0:
        return HELD
    return OPPOSITE if effect < 0 and 1 - p < ALPHA and high < 0 else NOT_HELD


def _numbers(effect: float, low: float, high: float, *, p: float, n: int) -> str:
    """Write "+12.3 points [10.1, 14.2] (95% bootstrap interval), exact p = 0.031, 5 seeds"."""
    few = f" ({interval_name(n)})" if n < FEW else ""
    spread = "" if math.isnan(low) else f" [{points(low)}, {points(high)}]{few}"
    seeds = f"{n} seed{'s' if n > 1 else ''}"
    return f"{points(effect)} points{spread}, one-sided exact {p_both(p, effect=effect)}, {seeds}"


def _caveat(outcome: str, *, mde: float, n: int) -> str:
    if outcome == UNKNOWN:
        return f"With {n} of them p cannot get below {p_text(0.5**n)}; {fewest_seeds()} are needed."
    if outcome == NOT_HELD and mde > 0:
        return f"A true effect below about {100 * mde:.1f} points would often be missed with such spread and seeds."
    return ""


def counts(verdicts: Sequence[Verdict]) -> Mapping[str, int]:
    """How many claims have each outcome, in the order of the rule; outcomes that none has are left out."""
    order = (HELD, OPPOSITE, NOT_HELD, UNKNOWN, MISSING)
    found = {outcome: sum(verdict.outcome == outcome for verdict in verdicts) for outcome in order}
    return {outcome: count for outcome, count in found.items() if count}
