"""The highest mean of a column, and whether it is separated from every other row's or is a tie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from results.comparison import counting
from results.order import CEILING, FLOOR
from results.statistics.inference import ALPHA, holm, sign_flip_p, smallest_p
from results.statistics.paired import differences

_ROUNDING = 1e-12  # means that differ by less are equal


@dataclass(frozen=True)
class Lead:
    """The highest mean of one column.

    Attributes:
        objectives: the row that has it; several where their means are equal.
        separated: whether a test against every other compared row, paired by seed, has an adjusted p below `ALPHA`.
        smallest_p: adjusted p that these tests could reach with the seeds there are.
    """

    objectives: tuple[str, ...]
    separated: bool
    smallest_p: float


def leads(numbers: pd.DataFrame) -> dict[str, Lead]:
    """Find the lead of each column.

    Floor and ceiling do not compete. p is that of the exact sign-flip test, adjusted by Holm over the other rows.

    Args:
        numbers: rows of `results.comparison.scores` with one config, fractions alone; stale ones do not count.

    Returns:
        Column -> lead; columns with fewer than two compared rows have none.
    """
    known = counting(numbers)
    compared = known[~known["objective"].isin([FLOOR, CEILING])]
    found = {}
    for column, rows in compared.groupby("column", sort=False):
        wide = rows.pivot(index="seed", columns="objective", values="value")
        if wide.shape[1] > 1:
            found[str(column)] = _lead({str(name): wide[name] for name in wide})
    return found


def _lead(values: Mapping[str, pd.Series[float]]) -> Lead:
    means = {name: float(scores.mean()) for name, scores in values.items()}
    best = max(means, key=lambda name: means[name])
    equal = tuple(name for name, mean in means.items() if means[best] - mean < _ROUNDING)
    pairs = [differences(values[best], scores) for name, scores in values.items() if name != best]
    p_values = holm([sign_flip_p(list(pair)) for pair in pairs])
    reachable = holm([smallest_p(len(pair)) for pair in pairs])
    above = all(sum(pair) > 0 for pair in pairs)  # over the common seeds, which need not be all of a mean
    return Lead(equal, separated=above and max(p_values) < ALPHA, smallest_p=max(reachable))
