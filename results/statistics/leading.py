"""The highest mean of a task's primary column, and which rows it is separated from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
        ties: where these seeds could have separated a row from it, all rows that are not separated, itself among them;
            where they could not, `objectives`; empty where it is separated from every other row.
        smallest_p: lowest adjusted p that a test in this column could reach with the seeds there are.
    """

    objectives: tuple[str, ...]
    ties: tuple[str, ...]
    smallest_p: float

    @property
    def separated(self) -> bool:
        """Whether a test against every other compared row has an adjusted p below `ALPHA`."""
        return not self.ties


@dataclass(frozen=True)
class _Test:
    """The highest row of a column against another: the two-sided p, the smallest possible one, and whether it is above.

    It is above over the seeds that both have, which need not be all of a mean.
    """

    column: str
    other: str
    p: float
    smallest: float
    above: bool


def leads(numbers: pd.DataFrame) -> dict[str, Lead]:
    """Find the lead of each primary column; others are not tested.

    Floor and ceiling do not compete. p is that of the sign-flip test, paired by seed, adjusted by Holm over all other
    rows in all of these columns together.

    Args:
        numbers: rows of `results.comparison.scores` with one config, fractions alone; stale ones do not count.

    Returns:
        Column -> lead; columns with fewer than two compared rows have none.
    """
    known = counting(numbers)
    compared = known[~known["objective"].isin([FLOOR, CEILING]) & known["primary"].astype(bool)]
    wide = {
        str(column): rows.pivot(index="seed", columns="objective", values="value")
        for column, rows in compared.groupby("column", sort=False)
    }
    highest = {column: _highest(values) for column, values in wide.items() if values.shape[1] > 1}
    tests = [test for column, names in highest.items() for test in _tests(column, wide[column], best=names[0])]
    adjusted = dict(zip(tests, holm([test.p for test in tests]), strict=True))
    reachable = dict(zip(tests, holm([test.smallest for test in tests]), strict=True))
    return {column: _lead(names, _of(column, adjusted), _of(column, reachable)) for column, names in highest.items()}


def _highest(values: pd.DataFrame) -> tuple[str, ...]:
    means = values.mean()
    return tuple(str(name) for name, mean in means.items() if means.max() - mean < _ROUNDING)


def _tests(column: str, values: pd.DataFrame, *, best: str) -> Iterator[_Test]:
    for other in values.columns.drop(best):
        pair = list(differences(values[best], values[other]))
        yield _Test(column, str(other), p=sign_flip_p(pair), smallest=smallest_p(len(pair)), above=sum(pair) > 0)


def _of(column: str, found: Mapping[_Test, float]) -> dict[_Test, float]:
    return {test: p for test, p in found.items() if test.column == column}


def _lead(highest: tuple[str, ...], adjusted: Mapping[_Test, float], reachable: Mapping[_Test, float]) -> Lead:
    alike = [test.other for test, p in adjusted.items() if not (test.above and p < ALPHA)]
    lowest = min(reachable.values())
    ties = tuple(dict.fromkeys([*highest, *alike])) if alike and lowest < ALPHA else highest if alike else ()
    return Lead(highest, ties=ties, smallest_p=lowest)
