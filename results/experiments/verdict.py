"""Claims and what the cells say of them, by one rule that is part of the code.

The rule. A claim says that one row is above another in one number. Rows are paired by seed. The effect is the mean
difference, in the direction of the claim. p is of the exact sign-flip test, one-sided since the claim names a side:
half the two-sided p of `results.statistics.inference.sign_flip_p`, whose null distribution is symmetric. Where the
effect is below zero it is the p of the opposite claim. The two-sided p is said beside it: tables test so, and with five
seeds no two-sided p is below `ALPHA`.

- held here: the effect is above zero, p is below `ALPHA` and the bootstrap interval of the effect lies above zero;
- the opposite here: the effect is below zero, with such a p, and the interval lies below zero;
- cannot be told: the seeds are so few that no effect, however large, has such a p (fewer than `fewest_seeds()`);
- did not hold here: anything else. That is no proof that there is no effect: the minimum detectable effect says how
  large one could have been missed (`results.statistics.inference.minimum_detectable_effect`);
- no numbers: a row or its numbers are not there.

Claims of a range of values are judged by `results.experiments.ranges`, those of a row that is chosen among several by
`results.experiments.selection`. Claims of one page are not corrected for their number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from results.experiments.material import Named
from results.experiments.wording import POINTS, differences, in_words, p_both
from results.statistics.inference import ALPHA, FEW, LEVEL, interval_name
from results.statistics.paired import compare
from results.statistics.rounding import p_text
from results.store.units import unit

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
        effect: in the direction of the claim, a fraction or nats; NaN where there is none, as for all that follow.
        low: lower end of its interval.
        high: upper end.
        p: one-sided, for the claim; where the effect is below zero, for the opposite claim.
        n: seeds in the comparison.
        unit: of the effect, as a sentence writes it: `POINTS`, "nats", "Kendall's tau".
        about: the row of the claim in the table of claims; "" for none.
        asked: its column there; claims without one are only in the list.
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
    unit: str = POINTS
    about: str = ""
    asked: str = ""

    def placed(self, about: str, asked: str) -> Verdict:
        """The same with its place in the table of claims."""
        return replace(self, about=about, asked=asked)


def paired_rule() -> tuple[str, ...]:
    """Say the rule in plain words, for a page, an item each."""
    return (
        "Rows are paired by seed. A claim is held where the exact one-sided sign-flip test has "
        f"p < {ALPHA:g} and the {LEVEL:.0%} bootstrap interval of the mean difference, in brackets, lies on the "
        "claimed side of 0; it is the opposite where both are so on the other side.",
        f"With fewer than {fewest_seeds()} seeds p cannot get below {p_text(0.5 ** (fewest_seeds() - 1))}, and nothing "
        "can be told.",
        f"Claims and their opposites together are tested at {2 * ALPHA:.0%}: with five seeds the smallest two-sided p "
        f"is {p_text(2 * 0.5**5)}. Tables test two-sided at {ALPHA:.0%} and correct for the number of tests, so they "
        "may call the same rows not separated.",
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
    measured, metric = unit(metric) or POINTS, in_words(metric)
    lacking = [row.name for row in (own, other) if not row.values]
    if lacking:
        return Verdict(claim, MISSING, f"There is no {metric} of {' and of '.join(lacking)}.")
    seeds = sorted({*own.values, *other.values})
    found = compare(*([row.values.get(seed, math.nan) for seed in seeds] for row in (own, other)))
    if not found["n"]:
        return Verdict(claim, MISSING, f"{own.name} and {other.name} have no seed in common in {metric}.")
    compared = f"{metric} of {own.name} minus {other.name}"
    return _decided(claim, found, compared=compared, measured=measured)


def _decided(claim: str, found: Mapping[str, float], *, compared: str, measured: str) -> Verdict:
    """Apply the rule to what `results.statistics.paired.compare` found; `compared` is what is subtracted from what.

    `measured` is the unit.
    """
    effect, n, bounds = found["difference"], int(found["n"]), (found["low"], found["high"])
    p = one_sided(found["p"], effect=effect)
    low, high = (effect, effect) if math.isnan(bounds[0]) else bounds
    outcome = _outcome(effect, low, high, p=p, n=n)
    said = f"{compared}: {_numbers(effect, *bounds, p=p, n=n, measured=measured)}."
    caveat = _caveat(outcome, mde=found["mde"], n=n, measured=measured)
    return Verdict(claim, outcome, said, caveat, effect, low, high, p, n, measured)


def below(claim: str, own: Named, other: Named, *, metric: str) -> Verdict:
    """Judge the claim that one row is below another; the effect is how far it is."""
    return above(claim, other, own, metric=metric)


def one_sided(p: float, *, effect: float) -> float:
    """Turn the two-sided p of a symmetric null distribution into that of the side on which the effect lies."""
    return p / 2 if effect else 1.0


def _outcome(effect: float, low: float, high: float, *, p: float, n: int) -> str:
    if n < fewest_seeds():
        return UNKNOWN
    if effect > 0 and p < ALPHA and low > 0:
        return HELD
    return OPPOSITE if effect < 0 and p < ALPHA and high < 0 else NOT_HELD


def _numbers(effect: float, low: float, high: float, *, p: float, n: int, measured: str) -> str:
    """Write "+12.3 points [10.1, 14.2] (95% bootstrap interval), exact p = 0.031, 5 seeds"."""
    few = f" ({interval_name(n)})" if n < FEW else ""
    mean, *bounds = differences(*([effect] if math.isnan(low) else [effect, low, high]), unit=measured)
    spread = f" [{', '.join(bounds)}]{few}" if bounds else ""
    seeds = f"{n} seed{'s' if n > 1 else ''}"
    return f"{mean} {measured}{spread}, one-sided exact {p_both(p, effect=effect)}, {seeds}"


def _caveat(outcome: str, *, mde: float, n: int, measured: str) -> str:
    if outcome == UNKNOWN:
        return f"With {n} of them p cannot get below {p_text(0.5**n)}; {fewest_seeds()} are needed."
    if outcome == NOT_HELD and mde > 0:
        missed = f"{100 * mde:.1f}" if measured == POINTS else f"{mde:.2f}"
        return f"A true effect below about {missed} {measured} would often be missed with such spread and seeds."
    return ""


def counts(verdicts: Sequence[Verdict]) -> Mapping[str, int]:
    """How many claims have each outcome, in the order of the rule; outcomes that none has are left out."""
    order = (HELD, OPPOSITE, NOT_HELD, UNKNOWN, MISSING)
    found = {outcome: sum(verdict.outcome == outcome for verdict in verdicts) for outcome in order}
    return {outcome: count for outcome, count in found.items() if count}
