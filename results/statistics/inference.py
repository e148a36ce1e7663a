"""Statistics over few seeds: interval of a mean, exact sign-flip test, Holm's correction, minimum detectable effect.

NaN is a value that is missing and counts nowhere. Each function gives the same for the same values: random streams are
fixed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

LEVEL = 0.95
"""Confidence of every interval."""
ALPHA = 0.05
"""Two-sided level of every test: what is separated has an adjusted p below it."""
POWER = 0.8
"""Probability with which a t test would find the minimum detectable effect."""
RESAMPLES = 4_999
"""Resamples of a bootstrap."""
EXACT = 16
"""Most differences whose sign patterns are all gone through: 2 ** 16 of them."""
FEW = 4
"""Seeds from which on a bootstrap interval is narrower than their range."""
_ROUNDING = 1e-9  # sums that differ by less, relative to the differences, differ by rounding alone
_KEPT = 100_000  # results that are kept for the next table or figure of the same numbers


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Bootstrap interval of a mean over seeds, at `LEVEL`.

    It is the percentile interval of `scipy.stats.bootstrap` [1]: it never leaves the range of the values, so a fraction
    stays within [0, 1], and it needs neither a shape of the distribution nor the jackknife of BCa, which has nothing
    to go by with two or three values. Over two or three of them it is their range, for all of them are drawn alike in
    more than one resample in forty. With few seeds it is too narrow: of normal values the interval over two holds the
    true mean 1 time in 2, over three 3 times in 4 (docs/statistics.md). It shows spread; the test decides.

    Args:
        values: one per seed.

    Returns:
        Lower and upper end; equal ones for constant values; None below two values.

    Sources:
        [1] Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    known = _known(values)
    if len(known) < 2:
        return None
    return (known[0], known[0]) if min(known) == max(known) else _bootstrapped(known)


def interval_name(n: int) -> str:
    """Name what `interval` gives over n seeds, for headers and captions."""
    return "range of the seeds" if n < FEW else f"{LEVEL:.0%} bootstrap interval"


@lru_cache(maxsize=_KEPT)
def _bootstrapped(known: tuple[float, ...]) -> tuple[float, float]:
    found = stats.bootstrap(
        (known,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


def sign_flip_p(differences: Sequence[float]) -> float:
    """Two-sided p of the sign-flip test that paired differences have mean zero.

    It assumes that without a difference between the rows they are exchangeable within a pair, so that each difference
    is as likely as its negative (symmetric about zero); not that differences are normal. p is the share of all 2 ** n
    sign patterns, the observed one included, whose mean is as far from zero as the observed mean or farther
    (`scipy.stats.permutation_test`, permutation_type="samples") [1]. Means that differ by rounding alone are equal. Up
    to `EXACT` differences this is exact; of more, 2 ** `EXACT` random patterns are drawn, and p is at most a few
    thousandths off.

    Returns:
        p in (0, 1]; 1 below two differences, and where all of them are zero.

    Sources:
        [1] Fisher, The Design of Experiments, 1935, section 21.
    """
    known = _known(differences)
    return _flipped(known) if len(known) > 1 else 1.0


@lru_cache(maxsize=_KEPT)
def _flipped(known: tuple[float, ...]) -> float:
    least = abs(sum(known)) - _ROUNDING * sum(map(abs, known))

    def as_extreme(signed: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        """1 where a pattern is, else 0: the share of 1 is p, and no sums are compared that may differ by rounding."""
        return np.asarray(np.abs(np.sum(signed, axis=axis)) >= least, dtype=np.float64)

    found = stats.permutation_test(
        (known,),
        as_extreme,
        permutation_type="samples",
        alternative="greater",
        vectorized=True,
        n_resamples=2**EXACT,
        batch=2**12,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def smallest_p(n: int) -> float:
    """Smallest two-sided p that n differences can reach: all of one sign; 0.25 for three, 0.03125 for six."""
    return min(1.0, 2.0 / 2.0**n)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values of one family for their number, by Holm's step-down method [1].

    Args:
        p_values: one per test; nan for what was not tested.

    Returns:
        The adjusted ones in the same order, at most 1; nan stays nan and is not counted.

    Sources:
        [1] Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6, 1979.
    """
    tested = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    adjusted, highest = [math.nan] * len(p_values), 0.0
    for rank, (p, place) in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - rank) * p))
        adjusted[place] = highest
    return adjusted


def seeds_needed(tests: int) -> int:
    """Fewest paired seeds with which one of so many tests can get below `ALPHA` after Holm's correction."""
    assert tests > 0
    return next(n for n in range(1, 64) if tests * smallest_p(n) < ALPHA)


def minimum_detectable_effect(differences: Sequence[float]) -> float | None:
    """Smallest true mean difference that a t test of so many pairs with this spread finds with probability `POWER`.

    The test is paired and two-sided at `ALPHA`, of one task, uncorrected [1, 2]: the effect is the noncentrality for
    which a noncentral t with n - 1 degrees of freedom lies beyond the critical values with probability `POWER`, times
    std / sqrt(n). It assumes normal differences, which `sign_flip_p` does not, and is no property of that test, which
    can detect nothing with too few seeds. The spread of few differences is known only roughly, and so is this effect.

    Args:
        differences: one per seed.

    Returns:
        In the unit of the differences; 0 where they do not vary; None below two of them.

    Sources:
        [1] Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd edition, 1988, chapter 2.
        [2] Bloom, Minimum Detectable Effects, Evaluation Review 19(5), 1995.
    """
    known = _known(differences)
    if len(known) < 2:
        return None
    varies = max(known) - min(known) > _ROUNDING * max(map(abs, known))
    return _noncentrality(len(known) - 1) * float(np.std(known, ddof=1)) / math.sqrt(len(known)) if varies else 0.0


@cache
def _noncentrality(freedom: int) -> float:
    """Find where a noncentral t lies above the upper critical value of t with probability `POWER`.

    The lower one adds less than a millionth there.
    """
    critical = float(stats.t.isf(ALPHA / 2, freedom))

    def excess(noncentrality: float) -> float:
        return float(stats.nct.sf(critical, freedom, noncentrality)) - POWER

    return float(brentq(excess, 0.0, 10 * critical))


def _known(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values if not math.isnan(value))
