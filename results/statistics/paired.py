"""Paired differences to a reference objective: the same seed is the same initialisation, images and augmentations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from results.comparison import counting
from results.order import objective_order
from results.statistics.inference import ALPHA, holm, interval, minimum_detectable_effect, sign_flip_p, smallest_p

COLUMNS = [
    *("objective", "column", "n", "difference", "low", "high"),
    *("p", "p_holm", "smallest_p", "mde", "verdict"),
]
_ROUNDING = 1e-12  # scores that differ by less, relative to themselves, are equal


def paired(numbers: pd.DataFrame, *, reference: str) -> pd.DataFrame:
    """Compare every objective with a reference over the seeds that both have.

    Args:
        numbers: rows of `results.comparison.scores` with one config; stale ones do not count.
        reference: the objective that is subtracted.

    Returns:
        Frame with `COLUMNS`, a row per other objective and column in which it has a number; empty if the reference has
        no number. n: common seeds; where there are none the numbers are NaN. difference, low, high, mde: mean, its
        interval and what a t test could detect, in the unit of the scores (fractions). p: of the sign-flip test.
        p_holm: p adjusted over the primary columns of the objective's tasks; NaN for other columns. smallest_p: what n
        seeds can reach unadjusted. verdict: "higher" or "lower" than the reference, with p_holm below `ALPHA`; "tie"
        where such a p_holm was possible and was not reached; "too few seeds" where none was, also if all differences
        are zero; "not tested" for other columns. Floor and ceiling are compared like every other row.
    """
    known = counting(numbers)
    wide = {
        str(column): rows.pivot(index="seed", columns="objective", values="value")
        for column, rows in known.groupby("column", sort=False)
    }
    if reference not in set(known["objective"]):
        return pd.DataFrame(columns=COLUMNS)
    primary = set(known.loc[known["primary"], "column"])
    found = []
    for objective in objective_order(known["objective"]):
        own = {column: values for column, values in wide.items() if objective in values}
        if objective != reference:
            rows = [
                {"objective": objective, "column": column, **compare(values[objective], _of(values, reference))}
                for column, values in own.items()
            ]
            found += _with_verdicts(rows, tested=[column in primary for column in own])
    return pd.DataFrame(found, columns=COLUMNS)


def compare(values: ArrayLike, reference: ArrayLike) -> dict[str, float]:
    """Compare two rows of scores, seed by seed.

    Args:
        values: one per seed; NaN where the row has none.
        reference: the other row's, in the same order.

    Returns:
        n, difference, low, high, p, smallest_p and mde, as in `paired`.
    """
    found = list(differences(values, reference))
    low, high = interval(found) or (math.nan, math.nan)
    effect = minimum_detectable_effect(found)
    return {
        "n": len(found),
        "difference": float(np.mean(found)) if found else math.nan,
        "low": low,
        "high": high,
        "p": sign_flip_p(found) if found else math.nan,
        "smallest_p": smallest_p(len(found)) if found else math.nan,
        "mde": math.nan if effect is None else effect,
    }


def differences(values: ArrayLike, reference: ArrayLike) -> NDArray[np.float64]:
    """Subtract seed by seed, leaving out seeds that one of the two has not; what is equal but for rounding gives 0."""
    own, other = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    equal = np.abs(own - other) <= _ROUNDING * np.maximum(np.abs(own), np.abs(other))
    found: NDArray[np.float64] = np.where(equal, 0.0, own - other)
    known: NDArray[np.float64] = found[~np.isnan(found)]
    return known


def _of(values: pd.DataFrame, reference: str) -> pd.Series[float]:
    return values[reference] if reference in values else pd.Series(math.nan, values.index)


def _with_verdicts(rows: list[dict[str, Any]], *, tested: Sequence[bool]) -> list[dict[str, Any]]:
    """Add p_holm and verdict to one objective's rows; `tested` tells which of them belong to the family of tests."""
    columns = {
        name: [row[name] if test else math.nan for row, test in zip(rows, tested, strict=True)]
        for name in ("p", "smallest_p")
    }
    adjusted, lowest = holm(columns["p"]), holm(columns["smallest_p"])
    return [
        {**row, "p_holm": p, "verdict": _verdict(row, p=p, lowest=least) if test else "not tested"}
        for row, p, least, test in zip(rows, adjusted, lowest, tested, strict=True)
    ]


def _verdict(row: dict[str, Any], *, p: float, lowest: float) -> str:
    """Say what a test says; `lowest` is the adjusted p if every test of the family were as extreme as its n allows."""
    if not lowest < ALPHA:
        return "too few seeds"
    if not p < ALPHA:
        return "tie"
    return "higher" if row["difference"] > 0 else "lower"
