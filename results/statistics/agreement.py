"""Whether one column orders the objectives as another does: does the cheap metric predict the dear one?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from results.comparison import counting
from results.order import CEILING, FLOOR
from results.statistics.inference import LEVEL

FEWEST = 5
"""Objectives from which on tau has an interval."""
_DIGITS = 12  # means that agree in so many digits are equal
_RESAMPLES = 1_999


@dataclass(frozen=True)
class Agreement:
    """Rank agreement of two columns over objectives.

    Attributes:
        tau: Kendall's tau-b, from -1 (opposite order) to 1 (the same order).
        low: lower end of its interval at `results.statistics.inference.LEVEL`; NaN below `FEWEST` objectives, and where
            one of them has a single seed.
        high: upper end, likewise.
        p: two-sided, of no association.
        n: objectives with a number in both columns. Below three, and where a column is constant, the others are NaN.
    """

    tau: float
    low: float
    high: float
    p: float
    n: int


def agreement(numbers: pd.DataFrame, *, x: str, y: str) -> Agreement:
    """Compute Kendall's tau-b between two columns over the objectives' means over seeds (`scipy.stats.kendalltau`).

    Floor and ceiling are left out: that both columns put them at the ends says nothing about what lies between.

    The interval is the percentile bootstrap over objectives and, inside each resample of them, over the seeds of each
    [1]: of an objective as many of its seeds are drawn as it has, with replacement, and both columns take their means
    over the drawn ones, so that a seed's two numbers stay together. An objective that is drawn twice has the same seeds
    both times, so it is tied with itself and is no pair. Drawn objectives without a number in one of the columns and
    resamples in which a column is constant are left out. Of two or three seeds a resample shows less than their true
    noise: the interval is too narrow rather than too wide.

    Args:
        numbers: rows of `results.comparison.scores` with one config; stale ones do not count.
        x: label of one column.
        y: label of the other.

    Sources:
        [1] Davison and Hinkley, Bootstrap Methods and their Application, 1997, section 3.8.
    """
    known = counting(numbers)
    compared = known[known["column"].isin([x, y]) & ~known["objective"].isin([FLOOR, CEILING])]
    wide = compared.pivot_table(index=["objective", "seed"], columns="column", values="value").reindex(columns=[x, y])
    means = wide.groupby(level="objective").mean().dropna()
    tau, p = kendall(means)
    if math.isnan(tau):
        return Agreement(tau=math.nan, low=math.nan, high=math.nan, p=math.nan, n=len(means))
    low, high = _interval([wide.loc[name].to_numpy(dtype=np.float64) for name in means.index])
    return Agreement(tau=tau, low=low, high=high, p=p, n=len(means))


def kendall(means: pd.DataFrame) -> tuple[float, float]:
    """Compute Kendall's tau-b of two columns and its two-sided p; NaN below three rows and where a column is constant.

    Args:
        means: (objectives, 2) without NaN; what differs by rounding alone is equal.
    """
    both = means.to_numpy(dtype=np.float64).round(_DIGITS)
    if len(both) < 3 or (both == both[0]).all(axis=0).any():
        return math.nan, math.nan
    found = stats.kendalltau(*both.T)
    return float(found.statistic), float(found.pvalue)


def _interval(scores: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Resample objectives and seeds; scores are (seeds, 2) by objective, NaN where there is none."""
    if len(scores) < FEWEST or min((~np.isnan(own)).sum(axis=0).min() for own in scores) < 2:
        return math.nan, math.nan
    stream, taus = np.random.default_rng(0), []
    for _ in range(_RESAMPLES):
        means = np.array([_resampled_mean(own, stream) for own in scores])
        drawn = means[stream.integers(len(means), size=len(means))].round(_DIGITS)
        kept = drawn[~np.isnan(drawn).any(axis=1)]
        taus.append(stats.kendalltau(*kept.T).statistic if len(kept) > 1 else math.nan)
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(taus, [tail, 1 - tail])
    return float(low), float(high)


def _resampled_mean(own: NDArray[np.float64], stream: np.random.Generator) -> NDArray[np.float64]:
    """Means of the two columns over as many drawn seeds as there are; NaN where none of them has a number."""
    drawn = own[stream.integers(len(own), size=len(own))]
    there = ~np.isnan(drawn)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nansum(drawn, axis=0) / there.sum(axis=0), dtype=np.float64)
