"""Agreement of two columns, against scipy."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from results.statistics.agreement import agreement


def frame(x: list[float], y: list[float]) -> pd.DataFrame:
    """Objectives o0, o1, ... with two seeds around the scores given; floor and ceiling at the ends."""
    rows = [
        {"objective": f"o{place}", "seed": seed, "column": column, "value": value + 0.002 * seed - 0.001, "stale": ""}
        for column, values in (("x", x), ("y", y))
        for place, value in enumerate(values)
        for seed in (0, 1)
        if not math.isnan(value)
    ]
    ends = [
        {"objective": name, "seed": 0, "column": column, "value": value, "stale": ""}
        for name, value in (("random", 0.0), ("supervised", 1.0))
        for column in ("x", "y")
    ]
    return pd.DataFrame(rows + ends)


def test_tau_and_p_are_scipys_over_means_without_floor_and_ceiling() -> None:
    x, y = [0.1, 0.2, 0.3, 0.3, 0.5, 0.6], [0.2, 0.1, 0.3, 0.4, 0.4, 0.6]
    found, wanted = agreement(frame(x, y), x="x", y="y"), stats.kendalltau(x, y)
    assert (found.tau, found.p, found.n) == pytest.approx((wanted.statistic, wanted.pvalue, 6))
    assert found.low <= found.tau <= found.high
    assert found == agreement(frame(x, y), x="x", y="y")


def test_the_interval_holds_the_middle_of_tau_over_resampled_objectives() -> None:
    stream = np.random.default_rng(5)
    x = stream.uniform(size=8).round(3)
    y = (x + 0.3 * stream.uniform(size=8)).round(3)
    draws = stream.integers(8, size=(4_000, 8))
    taus = [stats.kendalltau(x[drawn], y[drawn]).statistic for drawn in draws]
    found = agreement(frame(list(x), list(y)), x="x", y="y")
    assert (found.low, found.high) == pytest.approx(tuple(np.nanquantile(taus, [0.025, 0.975])), abs=0.06)


def test_the_same_order_agrees_fully_and_the_opposite_not_at_all() -> None:
    order = [0.1, 0.2, 0.3, 0.4, 0.5]
    assert agreement(frame(order, order), x="x", y="y").tau == pytest.approx(1)
    opposite = agreement(frame(order, order[::-1]), x="x", y="y")
    assert (opposite.tau, opposite.low, opposite.high) == pytest.approx((-1, -1, -1))


@pytest.mark.parametrize(
    ("x", "y", "n"),
    [([0.1, 0.2], [0.1, 0.2], 2), ([0.1, 0.2, 0.3], [0.5, 0.5, 0.5], 3), ([0.1, math.nan, 0.3], [0.1, 0.2, 0.3], 2)],
)
def test_too_few_objectives_and_a_constant_column_have_no_tau(x: list[float], y: list[float], n: int) -> None:
    found = agreement(frame(x, y), x="x", y="y")
    assert found.n == n
    assert all(map(math.isnan, (found.tau, found.low, found.high, found.p)))


def test_an_absent_column_has_no_tau() -> None:
    assert agreement(frame([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]), x="x", y="z").n == 0
