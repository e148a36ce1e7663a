"""Paired differences and their verdicts."""

import math
import statistics
from collections.abc import Mapping, Sequence

import pandas as pd
import pytest

from results.statistics.inference import interval, minimum_detectable_effect, sign_flip_p
from results.statistics.paired import COLUMNS, differences, paired

SECONDARY = "t0 AP50"


def frame(scores: Mapping[str, Mapping[str, Sequence[float]]]) -> pd.DataFrame:
    """Objective -> column -> a score per seed; nan = no number."""
    rows = [
        {"objective": name, "column": column, "seed": seed, "value": value, "primary": column != SECONDARY, "stale": ""}
        for name, tasks in scores.items()
        for column, values in tasks.items()
        for seed, value in enumerate(values)
        if not math.isnan(value)
    ]
    return pd.DataFrame(rows)


def only(scores: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, object]:
    (row,) = paired(frame(scores), reference="infonce").to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_a_row_holds_the_statistics_of_its_differences() -> None:
    own, base = [0.52, 0.55, 0.5, 0.56], [0.5, 0.51, 0.49, 0.52]
    row = only({"infonce": {"t0": base}, "mrcl": {"t0": own}})
    found = [a - b for a, b in zip(own, base, strict=True)]
    assert row["difference"] == pytest.approx(statistics.fmean(found))
    assert (row["low"], row["high"]) == pytest.approx(interval(found))
    assert (row["p"], row["mde"]) == (sign_flip_p(found), pytest.approx(minimum_detectable_effect(found)))
    assert (row["n"], row["smallest_p"], row["p_holm"], row["verdict"]) == (4, 0.125, 0.125, "too few seeds")


def test_seeds_that_one_of_the_two_has_not_are_left_out_of_the_pairs() -> None:
    row = only({"infonce": {"t0": [0.5, math.nan, 0.7]}, "mrcl": {"t0": [0.6, 0.9, math.nan]}})
    assert (row["n"], row["p"], row["verdict"]) == (1, 1.0, "too few seeds")
    assert row["difference"] == pytest.approx(0.1)
    assert math.isnan(float(str(row["low"])))
    assert math.isnan(float(str(row["mde"])))


@pytest.mark.parametrize("base", [[math.nan, 0.5], [math.nan, math.nan]])
def test_without_a_common_seed_there_is_no_difference(base: list[float]) -> None:
    row = only({"infonce": {"t1": [0.5, 0.5], "t0": base}, "mrcl": {"t0": [0.5, math.nan]}})
    assert (row["n"], row["verdict"]) == (0, "too few seeds")
    assert all(math.isnan(float(str(row[name]))) for name in ("difference", "low", "high", "p", "p_holm", "mde"))


def test_three_seeds_are_too_few_and_six_of_one_sign_are_not() -> None:
    for seeds, verdicts in ((3, ["too few seeds"] * 2), (6, ["higher", "lower"])):
        base = [0.5 + 0.01 * seed for seed in range(seeds)]
        up, down = [value + 0.1 for value in base], [value - 0.1 for value in base]
        found = paired(frame({"infonce": {"t0": base}, "a": {"t0": up}, "b": {"t0": down}}), reference="infonce")
        assert list(found["verdict"]) == verdicts


def test_with_more_tasks_more_seeds_are_needed() -> None:
    base = {f"t{task}": [0.5] * 6 for task in range(2)}
    own = {f"t{task}": [0.6 + 0.01 * seed for seed in range(6)] for task in range(2)}
    found = paired(frame({"infonce": base, "mrcl": own}), reference="infonce")
    assert list(found["p_holm"]) == [2 * 2 / 2**6] * 2
    assert set(found["verdict"]) == {"too few seeds"}


def test_signs_that_differ_give_a_tie_where_the_seeds_would_have_sufficed() -> None:
    own = [0.6, 0.4] * 4
    row = only({"infonce": {"t0": [0.5] * 8}, "mrcl": {"t0": own}})
    assert (row["p_holm"], row["verdict"]) == (1.0, "tie")


@pytest.mark.parametrize(
    ("seeds", "verdict"), [(1, "too few seeds"), (3, "too few seeds"), (5, "too few seeds"), (6, "tie"), (8, "tie")]
)
def test_equal_numbers_tie_only_where_the_seeds_could_have_decided(seeds: int, verdict: str) -> None:
    base = [0.1 * seed for seed in range(seeds)]
    row = only({"infonce": {"t0": base}, "mrcl": {"t0": base}})
    assert (row["difference"], row["p"], row["verdict"]) == (0, 1.0, verdict)


def test_differences_of_rounding_alone_are_none() -> None:
    assert list(differences([0.1 + 0.2, 0.5, math.nan], [0.3, 0.4, 0.1])) == [0, pytest.approx(0.1)]


def test_secondary_columns_are_neither_tested_nor_counted() -> None:
    base = {"t0": [0.5] * 6, SECONDARY: [0.5] * 6}
    own = {"t0": [0.6] * 6, SECONDARY: [0.7] * 6}
    first, second = paired(frame({"infonce": base, "mrcl": own}), reference="infonce").to_dict("records")
    assert (first["p_holm"], first["verdict"]) == (0.03125, "higher")
    assert (second["p"], second["verdict"]) == (0.03125, "not tested")
    assert math.isnan(second["p_holm"])


def test_floor_and_ceiling_are_compared_like_every_row() -> None:
    base = {"t0": [0.5] * 6}
    scores = {"infonce": base, "random": {"t0": [0.1] * 6}, "supervised": {"t0": [0.9] * 6}}
    found = paired(frame(scores), reference="infonce")
    assert dict(zip(found["objective"], found["verdict"], strict=True)) == {"random": "lower", "supervised": "higher"}


def test_without_the_reference_nothing_is_compared() -> None:
    found = paired(frame({"mrcl": {"t0": [0.5]}}), reference="infonce")
    assert found.empty
    assert list(found.columns) == COLUMNS
