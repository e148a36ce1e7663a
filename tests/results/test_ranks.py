"""Ranks against Demsar's paper and scipy."""

import math

import pandas as pd
import pytest
from scipy import stats

from results.statistics.ranks import average_ranks, critical_difference


def frame(scores: dict[str, list[float]], seeds: int = 2) -> pd.DataFrame:
    """A row per objective, seed and task t0, t1, ...; the seeds' mean is the score; nan = no number."""
    rows = [
        {
            "objective": name,
            "seed": seed,
            "column": f"t{place}",
            "value": value + 0.01 * (2 * seed - seeds + 1),
            "stale": "",
        }
        for name, values in scores.items()
        for place, value in enumerate(values)
        for seed in range(seeds)
        if not math.isnan(value)
    ]
    return pd.DataFrame(rows)


COLUMNS = ["t0", "t1", "t2", "t3"]


@pytest.mark.parametrize(("objectives", "q"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_has_the_factors_of_demsars_table_5(objectives: int, q: float) -> None:
    wanted = q * math.sqrt(objectives * (objectives + 1) / (6 * 14))
    assert critical_difference(objectives=objectives, tasks=14) == pytest.approx(wanted, rel=5e-4)


def test_ranks_are_means_over_tasks_with_ties_shared_and_friedman_is_scipys() -> None:
    scores = {"a": [0.9, 0.8, 0.7, 0.9], "b": [0.5, 0.8, 0.2, 0.3], "c": [0.1, 0.2, 0.4, 0.4]}
    found = average_ranks(frame(scores), columns=COLUMNS)
    assert found.ranks == {"a": (1 + 1.5 + 1 + 1) / 4, "b": (2 + 1.5 + 3 + 3) / 4, "c": (3 + 3 + 2 + 2) / 4}
    assert found.p == pytest.approx(stats.friedmanchisquare(*scores.values()).pvalue)
    assert (found.tasks, found.left_out) == (4, [])


def test_means_that_differ_by_rounding_alone_share_their_rank() -> None:
    found = average_ranks(frame({"a": [0.1 + 0.2, 0.5], "b": [0.3, 0.5]}, seeds=1), columns=COLUMNS)
    assert found.ranks == {"a": 1.5, "b": 1.5}
    assert found.p is None


def test_floor_and_ceiling_are_not_ranked() -> None:
    scores = {"random": [0.0, 0.0], "a": [0.5, 0.5], "b": [0.4, 0.6], "supervised": [0.9, 0.9]}
    assert average_ranks(frame(scores), columns=COLUMNS).ranks == {"a": 1.5, "b": 1.5}


def test_an_objective_without_a_number_in_a_task_is_left_out_by_name_and_an_empty_task_is_not_ranked() -> None:
    scores = {"a": [0.5, 0.5, math.nan], "b": [0.4, 0.6, math.nan], "c": [0.9, math.nan, math.nan]}
    found = average_ranks(frame(scores), columns=["t0", "t1", "t2"])
    assert (found.ranks, found.left_out, found.tasks) == ({"a": 1.5, "b": 1.5}, ["c"], 2)


@pytest.mark.parametrize("scores", [{"a": [0.5], "b": [0.4]}, {"a": [0.5, 0.5]}, {"random": [0.1, 0.1]}])
def test_one_task_or_one_objective_has_no_critical_difference(scores: dict[str, list[float]]) -> None:
    found = average_ranks(frame(scores), columns=COLUMNS)
    assert (found.critical_difference, found.p, found.cliques) == (None, None, [])


def test_nothing_at_all_gives_empty_ranks() -> None:
    assert average_ranks(frame({"a": [0.5]}).iloc[:0], columns=COLUMNS).ranks == {}


def test_objectives_that_always_tie_have_p_one_and_form_one_clique() -> None:
    found = average_ranks(frame({name: [0.5, 0.6, 0.7] for name in "abc"}), columns=COLUMNS)
    assert (found.p, found.cliques) == (1.0, [("a", "b", "c")])


def test_cliques_are_the_largest_groups_within_the_critical_difference() -> None:
    order = {name: [1 - 0.1 * place] * 10 for place, name in enumerate("abcde")}
    found = average_ranks(frame(order), columns=[f"t{place}" for place in range(10)])
    difference = found.critical_difference
    assert difference is not None
    assert difference == pytest.approx(2.728 * math.sqrt(5 * 6 / 60), rel=1e-3)
    names = list(found.ranks)
    groups = [
        tuple(names[first:last])
        for first in range(5)
        for last in range(first + 2, 6)
        if found.ranks[names[last - 1]] - found.ranks[names[first]] < difference
    ]
    largest = [group for group in groups if not any(set(group) < set(other) for other in groups)]
    assert found.cliques == largest == [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]
