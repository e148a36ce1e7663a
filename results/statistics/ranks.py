"""Mean ranks of objectives over tasks, and from which distance on they differ."""

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
from results.statistics.inference import ALPHA

_DIGITS = 12  # means that agree in so many digits are equal


@dataclass(frozen=True)
class Ranks:
    """Ranks of one config's objectives.

    Attributes:
        ranks: mean rank over the tasks by objective, best (1 = first) first.
        critical_difference: mean ranks that differ by it or more differ at `ALPHA`; None below two tasks or objectives.
        p: of Friedman's test that all objectives rank alike; None below two tasks or three objectives.
        tasks: how many columns were ranked.
        left_out: objectives with a number in some of them but not in all, by name.
        cliques: largest groups of neighbours whose ends differ by less than the critical difference, best first.
    """

    ranks: dict[str, float]
    critical_difference: float | None
    p: float | None
    tasks: int
    left_out: list[str]
    cliques: list[tuple[str, ...]]


def average_ranks(numbers: pd.DataFrame, *, columns: Sequence[str]) -> Ranks:
    """Rank objectives by their mean over seeds in each column, and average over the columns [1].

    Floor and ceiling are not ranked. Equal means share the mean of their ranks. A column in which no objective has a
    number is not ranked; an objective that has none in one of the others is left out, not imputed. The critical
    difference is Nemenyi's: q / sqrt(2) * sqrt(k (k + 1) / (6 N)) for k objectives and N tasks, q of the studentised
    range (`scipy.stats.studentized_range`).

    Args:
        numbers: rows of `results.comparison.scores` with one config; stale ones do not count.
        columns: labels of the columns, one per task.

    Sources:
        [1] Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7, 2006.
    """
    known = counting(numbers)
    compared = known[known["column"].isin(list(columns)) & ~known["objective"].isin([FLOOR, CEILING])]
    means = compared.pivot_table(index="objective", columns="column", values="value", aggfunc="mean")
    complete = means.dropna()
    scores = complete.to_numpy(dtype=np.float64).round(_DIGITS)
    mean_ranks = stats.rankdata(-scores, axis=0).mean(axis=1) if scores.size else np.empty(0)
    pairs = zip(complete.index, mean_ranks, strict=True)
    ranks = {str(name): float(rank) for name, rank in sorted(pairs, key=lambda pair: (pair[1], pair[0]))}
    difference = critical_difference(objectives=len(ranks), tasks=scores.shape[1])
    return Ranks(
        ranks=ranks,
        critical_difference=difference,
        p=_friedman(scores),
        tasks=scores.shape[1],
        left_out=sorted(map(str, means.index.difference(complete.index))),
        cliques=[] if difference is None else _cliques(ranks, difference=difference),
    )


def critical_difference(*, objectives: int, tasks: int) -> float | None:
    """Nemenyi's critical difference of mean ranks at `ALPHA`; None below two tasks or objectives."""
    if objectives < 2 or tasks < 2:
        return None
    q = float(stats.studentized_range.isf(ALPHA, objectives, math.inf))
    return q / math.sqrt(2) * math.sqrt(objectives * (objectives + 1) / (6 * tasks))


def _friedman(scores: NDArray[np.float64]) -> float | None:
    """Compute the p of Friedman's test; scores is (objectives, tasks)."""
    if scores.shape[0] < 3 or scores.shape[1] < 2:
        return None
    if (scores == scores[0]).all():
        return 1.0
    return float(stats.friedmanchisquare(*scores).pvalue)


def _cliques(ranks: dict[str, float], *, difference: float) -> list[tuple[str, ...]]:
    names, values = list(ranks), list(ranks.values())
    found: list[tuple[str, ...]] = []
    reached = 0
    for first, lowest in enumerate(values):
        last = max(place for place, value in enumerate(values) if value - lowest < difference)
        if last > first and last + 1 > reached:
            found.append(tuple(names[first : last + 1]))
            reached = last + 1
    return found
