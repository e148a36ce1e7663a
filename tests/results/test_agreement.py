"""Agreement of two columns, against scipy."""

import math
import statistics
from itertools import combinations
from random import Random

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
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


def of_seeds(x: NDArray[np.float64], y: NDArray[np.float64]) -> pd.DataFrame:
    """Objectives o0, o1, ... with the scores given, (objectives, seeds); NaN for one that is missing."""
    rows = [
        {"objective": f"o{place}", "seed": seed, "column": column, "value": value, "stale": ""}
        for column, values in (("x", x), ("y", y))
        for (place, seed), value in np.ndenumerate(values)
        if not math.isnan(value)
    ]
    return pd.DataFrame(rows)


def looped(x: NDArray[np.float64], y: NDArray[np.float64], *, count: int) -> NDArray[np.float64]:
    """Taus of resamples by plain loops: counts of concordant, discordant and tied pairs."""
    random, taus = Random(3), []
    objectives, seeds = x.shape
    for _ in range(count):
        means = []
        for objective in range(objectives):
            drawn = [random.randrange(seeds) for _ in range(seeds)]
            means.append([statistics.fmean(of[objective][seed] for seed in drawn) for of in (x, y)])
        points = [means[random.randrange(objectives)] for _ in range(objectives)]
        same, apart, untied_x, untied_y = 0, 0, 0, 0
        for (x1, y1), (x2, y2) in combinations(points, 2):
            same += (x1 - x2) * (y1 - y2) > 0
            apart += (x1 - x2) * (y1 - y2) < 0
            untied_x += x1 != x2
            untied_y += y1 != y2
        if untied_x and untied_y:
            taus.append((same - apart) / math.sqrt(untied_x * untied_y))
    return np.array(taus)


@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_the_interval_is_that_of_loops_over_objectives_and_seeds(noise: float) -> None:
    stream = np.random.default_rng(5)
    true = stream.uniform(size=(8, 1))
    x, y = true + noise * stream.normal(size=(8, 4)), true + 0.1 + noise * stream.normal(size=(8, 4))
    found = agreement(of_seeds(x, y), x="x", y="y")
    taus = looped(x, y, count=4_000)
    for outside, inside in ((taus < found.low, taus > found.low), (taus > found.high, taus < found.high)):
        assert outside.mean() < 0.025 + 0.01  # of shares: tau takes few values, so its quantiles jump
        assert inside.mean() < 0.975 + 0.01


def test_a_perfect_order_of_means_is_not_certain_where_seeds_overlap() -> None:
    means = np.linspace(0.5, 0.56, 7)[:, None]
    spread = np.array([-1.0, 0.0, 1.0])
    apart, overlapping = means + 0.001 * spread, means + 0.03 * spread
    certain, found = (agreement(of_seeds(x, x[:, ::-1]), x="x", y="y") for x in (apart, overlapping))
    assert certain.tau == found.tau == pytest.approx(1)
    assert (certain.low, certain.high) == pytest.approx((1, 1))
    assert found.low < 0.8


def test_a_seed_s_numbers_in_both_columns_are_drawn_together() -> None:
    x = np.linspace(0.5, 0.56, 7)[:, None] + np.array([-0.03, 0.0, 0.03])
    found = agreement(of_seeds(x, 0.1 + x / 2), x="x", y="y")
    assert (found.low, found.high) == pytest.approx((1, 1))


def test_a_seed_that_one_column_lacks_counts_in_the_other() -> None:
    x, y = (np.random.default_rng(place).uniform(size=(6, 3)) for place in (0, 1))
    y[2, 0] = math.nan
    found = agreement(of_seeds(x, y), x="x", y="y")
    assert found.tau == pytest.approx(stats.kendalltau(x.mean(axis=1), np.nanmean(y, axis=1)).statistic)
    assert found.low <= found.tau <= found.high


@pytest.mark.parametrize(("objectives", "seeds"), [(4, 3), (7, 1)])
def test_few_objectives_or_a_single_seed_have_tau_without_interval(objectives: int, seeds: int) -> None:
    x = np.linspace(0.1, 0.5, objectives)[:, None] + np.linspace(0, 0.3, seeds)
    found = agreement(of_seeds(x, x), x="x", y="y")
    assert found.tau == pytest.approx(1)
    assert found.n == objectives
    assert math.isnan(found.low)
    assert math.isnan(found.high)


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
