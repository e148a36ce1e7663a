"""Statistics against scipy, enumeration and closed forms."""

import itertools
import math
import statistics as plain

import numpy as np
import pytest
from scipy import stats

from results.statistics.inference import (
    ALPHA,
    EXACT,
    POWER,
    holm,
    interval,
    interval_name,
    minimum_detectable_effect,
    seeds_needed,
    sign_flip_p,
    smallest_p,
)


def enumerated_p(differences: list[int]) -> float:
    """Whole numbers: no rounding anywhere."""
    observed = abs(sum(differences))
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    return sum(value >= observed for value in sums) / len(sums)


def test_the_interval_is_the_exact_bootstrap_distributions_one_but_for_the_draws() -> None:
    values = [0.41, 0.44, 0.47, 0.39]
    means = [plain.fmean(drawn) for drawn in itertools.product(values, repeat=4)]
    low, high = np.quantile(means, [0.025, 0.975])
    found = interval(values)
    assert found == pytest.approx((low, high), abs=0.003)
    assert found == interval(values)


@pytest.mark.parametrize("values", [[0.1, 0.2], [0.0, 1.0, 1.0], [0.3, 0.3, 0.3000001]])
def test_the_interval_stays_within_the_values(values: list[float]) -> None:
    low, high = interval(values) or (math.nan, math.nan)
    assert min(values) - 1e-12 <= low < high <= max(values) + 1e-12


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([0.41, 0.47], "range of the seeds"),
        ([0.41, 0.44, 0.47], "range of the seeds"),
        ([0.41, 0.44, 0.47, 0.39], "95% bootstrap interval"),
    ],
)
def test_an_interval_is_called_a_range_where_it_is_one(values: list[float], name: str) -> None:
    assert interval_name(len(values)) == name
    assert (interval(values) == pytest.approx((min(values), max(values)))) == name.startswith("range")


def test_one_seed_has_no_interval_and_constant_values_have_one_of_no_width() -> None:
    assert interval([]) is None
    assert interval([0.5]) is None
    assert interval([0.5, math.nan]) is None
    assert interval([0.5, 0.5, 0.5]) == (0.5, 0.5)


def test_a_missing_value_counts_nowhere() -> None:
    assert interval([0.1, math.nan, 0.4]) == interval([0.1, 0.4])
    assert sign_flip_p([0.1, math.nan, 0.4]) == sign_flip_p([0.1, 0.4])
    assert minimum_detectable_effect([0.1, math.nan, 0.4]) == minimum_detectable_effect([0.1, 0.4])


@pytest.mark.parametrize("seed", range(20))
def test_the_sign_flip_p_is_the_share_of_all_sign_patterns(seed: int) -> None:
    stream = np.random.default_rng(seed)
    differences = [int(value) for value in stream.integers(-4, 5, size=stream.integers(1, 9))]
    assert sign_flip_p([value / 1000 for value in differences]) == enumerated_p(differences)


def test_the_sign_flip_p_agrees_with_scipy_on_the_mean() -> None:
    differences = np.random.default_rng(3).normal(0.3, 1, size=10)
    other = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=2**10)
    assert sign_flip_p(list(differences)) == other.pvalue


def test_differences_that_are_equal_but_for_rounding_are_ties() -> None:
    assert sign_flip_p([0.1, 0.1, 0.1]) == 2 / 8
    assert sign_flip_p([0.3 - 0.2, 0.1, 0.4 - 0.3]) == 2 / 8
    assert sign_flip_p([0.1, 0.2, -0.3]) == 1.0
    assert sign_flip_p([0.1, 0.2, 0.3, -0.6 + 1e-17]) == enumerated_p([1, 2, 3, -6])


def test_without_a_difference_p_is_one() -> None:
    assert sign_flip_p([]) == 1.0
    assert sign_flip_p([0.0, 0.0, 0.0]) == 1.0


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 12])
def test_differences_of_one_sign_reach_the_smallest_p(n: int) -> None:
    assert sign_flip_p([0.1 + 0.01 * seed for seed in range(n)]) == smallest_p(n) == min(1, 2 / 2**n)


def test_three_seeds_cannot_reach_p_below_a_twentieth_and_six_can() -> None:
    assert (smallest_p(0), smallest_p(1), smallest_p(3)) == (1, 1, 0.25)
    assert smallest_p(5) > ALPHA > smallest_p(6)


def test_more_differences_than_can_be_enumerated_give_nearly_the_p_of_their_normal_limit() -> None:
    differences = np.random.default_rng(0).normal(0.15, 1, size=4 * EXACT)
    limit = 2 * stats.norm.sf(abs(differences.sum()) / math.sqrt((differences**2).sum()))
    assert sign_flip_p(list(differences)) == pytest.approx(limit, abs=0.01)
    assert sign_flip_p(list(differences)) == sign_flip_p(list(differences))


@pytest.mark.parametrize("seed", range(20))
def test_holm_rejects_what_its_step_down_rule_rejects(seed: int) -> None:
    stream = np.random.default_rng(seed)
    p_values = list((stream.uniform(size=6) ** 3).round(3))
    for level in (0.01, 0.05, 0.2):
        rejected: set[int] = set()
        for step, place in enumerate(sorted(range(6), key=lambda place: p_values[place])):
            if p_values[place] > level / (6 - step):
                break
            rejected.add(place)
        assert {place for place, p in enumerate(holm(p_values)) if p <= level} == rejected


def test_holm_of_a_known_case_and_what_was_not_tested() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, math.nan, 0.9, 0.4]) == pytest.approx([1, math.nan, 1, 1], nan_ok=True)
    assert holm([]) == []


@pytest.mark.parametrize(("tests", "seeds"), [(1, 6), (2, 7), (4, 8), (7, 9)])
def test_the_seeds_needed_are_the_first_that_get_below_alpha(tests: int, seeds: int) -> None:
    assert seeds_needed(tests) == seeds
    assert min(holm([smallest_p(seeds)] * tests)) < ALPHA <= min(holm([smallest_p(seeds - 1)] * tests))


@pytest.mark.parametrize("n", [2, 3, 5, 8, 30])
def test_a_true_difference_as_large_as_the_detectable_one_is_found_as_often_as_said(n: int) -> None:
    stream = np.random.default_rng(n)
    pattern = list(stream.normal(size=n))
    effect = minimum_detectable_effect(pattern)
    assert effect is not None
    drawn = stream.normal(effect, plain.stdev(pattern), size=(20_000, n))
    found = np.asarray(stats.ttest_1samp(drawn, 0, axis=1).pvalue) < ALPHA
    assert found.mean() == pytest.approx(POWER, abs=0.012)


def test_the_detectable_effect_of_many_pairs_is_that_of_the_normal_closed_form() -> None:
    differences = list(np.random.default_rng(0).normal(size=5_000))
    closed = (stats.norm.isf(ALPHA / 2) + stats.norm.isf(1 - POWER)) * plain.stdev(differences) / math.sqrt(5_000)
    assert minimum_detectable_effect(differences) == pytest.approx(closed, rel=1e-3)


def test_one_pair_has_no_detectable_effect_and_differences_that_do_not_vary_have_zero() -> None:
    assert minimum_detectable_effect([]) is None
    assert minimum_detectable_effect([0.1]) is None
    assert minimum_detectable_effect([0.1, 0.3 - 0.2, 0.1]) == 0
    assert minimum_detectable_effect([0.0, 0.0]) == 0
