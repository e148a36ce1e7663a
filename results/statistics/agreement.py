"""Whether one column orders the objectives as another does: does the cheap metric predict the dear one?"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from results.comparison import counting
from results.order import CEILING, FLOOR
from results.statistics.inference import LEVEL

_DIGITS = 12  # means that agree in so many digits are equal
_RESAMPLES = 1_999


@dataclass(frozen=True)
class Agreement:
    """Rank agreement of two columns over objectives.

    Attributes:
        tau: Kendall's tau-b, from -1 (opposite order) to 1 (the same order).
        low: lower end of its interval at `results.statistics.inference.LEVEL`.
        high: upper end.
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

    Floor and ceiling are left out: that both columns put them at the ends says nothing about what lies between. The
    interval is the percentile bootstrap over objectives; resamples in which a column is constant have no tau and are
    left out.

    Args:
        numbers: rows of `results.comparison.scores` with one config; stale ones do not count.
        x: label of one column.
        y: label of the other.
    """
    known = counting(numbers)
    compared = known[known["column"].isin([x, y]) & ~known["objective"].isin([FLOOR, CEILING])]
    means = compared.pivot_table(index="objective", columns="column", values="value", aggfunc="mean")
    both = means.reindex(columns=[x, y]).dropna().to_numpy(dtype=np.float64).round(_DIGITS)
    if len(both) < 3 or (both == both[0]).all(axis=0).any():
        return Agreement(tau=math.nan, low=math.nan, high=math.nan, p=math.nan, n=len(both))
    found = stats.kendalltau(*both.T)
    low, high = _interval(both)
    return Agreement(tau=float(found.statistic), low=low, high=high, p=float(found.pvalue), n=len(both))


def _interval(both: NDArray[np.float64]) -> tuple[float, float]:
    def tau(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
        return float(stats.kendalltau(first, second).statistic)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scipy on its own interval, which a single resample without tau undoes
        found = stats.bootstrap(
            tuple(both.T),
            tau,
            paired=True,
            vectorized=False,
            n_resamples=_RESAMPLES,
            method="percentile",
            rng=np.random.default_rng(0),
        )
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(found.bootstrap_distribution, [tail, 1 - tail])
    return float(low), float(high)
