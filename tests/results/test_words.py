"""Statistics in sentences."""

import math

import pandas as pd
import pytest
from loaded_scores import loaded_scores

from results.statistics.inference import seeds_needed
from results.statistics.words import in_words

NAN = math.nan
BASE = [0.5, 0.52, 0.51, 0.49, 0.5, 0.53, 0.52, 0.48]


def shifted(by: float, seeds: int = 8) -> dict[str, list[float]]:
    return {task: [value + by for value in BASE[:seeds]] for task in ("t", "u")}


def said(frame: pd.DataFrame, start: str) -> str:
    (sentence,) = (sentence for sentence in in_words(frame) if sentence.startswith(start))
    return sentence


def test_seeds_and_tasks_come_first() -> None:
    frame = loaded_scores({"infonce": shifted(0, 3), "mrcl": shifted(0.1, 3)})
    assert in_words(frame)[0] == (
        "shapes: 3 seeds (0, 1 and 2) and 2 tasks, each judged by its first column: t top1 and u top1."
    )


def test_three_seeds_say_that_they_separate_nothing_and_how_many_would() -> None:
    frame = loaded_scores({"infonce": shifted(0, 3), "mrcl": shifted(0.1, 3)})
    assert in_words(frame)[1] == (
        "With 3 seeds the smallest p that an exact two-sided sign-flip test can reach is 0.25, 0.5 after Holm's "
        "correction over 2 tasks: no difference, however large, is significant at 0.05. At least 7 seeds are needed."
    )
    assert seeds_needed(2) == 7
    assert "too few seeds to tell in t top1 (+10.0 [+10.0, +10.0]) and u top1" in said(frame, "mrcl against")
    assert not any("higher in" in sentence for sentence in in_words(frame))


def test_one_seed_says_that_it_cannot_tell_a_difference_from_chance() -> None:
    frame = loaded_scores({"infonce": shifted(0, 1), "mrcl": shifted(0.1, 1)})
    assert in_words(frame)[1] == (
        "No row has more than one seed in common with infonce, and one cannot tell a difference from chance: no row is "
        "called higher or lower. At least 7 seeds are needed."
    )
    assert said(frame, "mrcl against").endswith("too few seeds to tell in t top1 (+10.0) and u top1 (+10.0).")


def test_rows_without_a_common_seed_say_so() -> None:
    frame = loaded_scores({"infonce": {"t": [0.5, NAN]}, "mrcl": {"t": [NAN, 0.5]}})
    assert in_words(frame)[1].startswith("No row has a seed in common with infonce")
    assert said(frame, "mrcl against").startswith(
        "mrcl against infonce: too few seeds to tell in t top1 (no seed in comm"
    )


def test_eight_seeds_say_what_is_higher_lower_and_tied_with_interval_and_p() -> None:
    own = {
        "t": [value + 0.1 for value in BASE],
        "u": [value + 0.01 * (-1) ** place for place, value in enumerate(BASE)],
    }
    frame = loaded_scores({"infonce": shifted(0), "mrcl": own, "byol": shifted(-0.2)})
    assert "so differences can be significant at 0.05" in in_words(frame)[1]
    assert said(frame, "byol against") == (
        "byol against infonce: lower in t top1 (-20.0 [-20.0, -20.0], p = 0.016) and u top1 (-20.0 [-20.0, -20.0], "
        "p = 0.016). t-test MDE: 0.0 points."
    )
    mixed = said(frame, "mrcl against")
    assert mixed.startswith(
        "mrcl against infonce: higher in t top1 (+10.0 [+10.0, +10.0], p = 0.016); tie in u top1 (+0.0"
    )
    assert "p = 1)" in mixed


def test_mean_ranks_and_what_they_separate_are_told() -> None:
    frame = loaded_scores({"infonce": shifted(0), "mrcl": shifted(0.1), "byol": shifted(-0.2)})
    assert "without floor and ceiling: mrcl 1.00, infonce 2.00 and byol 3.00." in said(frame, "Mean ranks over 2 tasks")
    assert "Ranks do not replace the paired tests" in said(frame, "Mean ranks over 2 tasks")
    assert said(frame, "If the tasks were independent, which they are not,").endswith(
        "Friedman's test would not tell the rows apart at 0.05 (p = 0.14; critical difference 2.344 (Nemenyi, 0.05))."
    )


def test_many_tasks_in_the_same_order_tell_the_ends_apart() -> None:
    tasks = [f"t{place}" for place in range(9)]
    given = {name: {task: [0.5 + by] for task in tasks} for name, by in (("infonce", 0.0), ("a", 0.1), ("b", 0.2))}
    assert said(loaded_scores(given), "If the tasks").endswith("these would differ: b from infonce.")


def test_few_seeds_say_that_their_interval_is_a_range_and_their_test_detects_nothing() -> None:
    few, many = (
        said(loaded_scores({"infonce": shifted(0, n), "mrcl": shifted(0.1, n)}), "Differences to") for n in (3, 8)
    )
    assert "interval (with so few seeds the interval is their range); p is" in few
    assert few.endswith("the sign-flip test can detect nothing, and this is only what a t test could.")
    assert "their range" not in many
    assert "It assumes that they are normal and is not corrected for several tasks." in many
    assert "detect nothing" not in many


def test_derived_objectives_are_named_as_such() -> None:
    given = {"infonce": shifted(0, 2), "mrcl": shifted(0.1, 2), "semi": {"t": [0.5, NAN], "u": [NAN, NAN]}}
    sentences = in_words(loaded_scores(given), derived={"mrcl", "semi"})
    assert any(sentence.startswith("mrcl (derived) against infonce: ") for sentence in sentences)
    assert any("ceiling: mrcl (derived) 1.00 and infonce 2.00." in sentence for sentence in sentences)
    assert any(sentence.endswith("task: semi (derived).") for sentence in sentences)
    assert any(sentence.endswith("semi (derived) in t top1.") for sentence in sentences)


def test_without_the_reference_nothing_is_compared() -> None:
    frame = loaded_scores({"mrcl": shifted(0), "byol": shifted(0.1)})
    assert "No row has numbers beside infonce's, so no differences are tested." in in_words(frame)
    assert not any("against" in sentence for sentence in in_words(frame))


def test_missing_and_stale_numbers_are_named() -> None:
    given = {"infonce": shifted(0, 2), "mrcl": {"t": [0.5, NAN], "u": [0.5, 0.6]}, "byol": shifted(0.1, 2)}
    frame = loaded_scores(given, stale={"byol": "objectives.byol"})
    assert said(frame, "Missing") == "Missing (seed 1: killed): mrcl in t top1."
    assert said(frame, "Stale") == "Stale, and in no test (objectives.byol): byol everywhere."


def test_rows_without_a_number_in_a_task_are_not_ranked_by_name() -> None:
    given = {"infonce": shifted(0, 2), "byol": shifted(0.1, 2), "mrcl": {"t": [0.5, 0.5], "u": [NAN, NAN]}}
    assert said(loaded_scores(given), "Not ranked") == "Not ranked, for want of a number in some task: mrcl."


def test_a_store_of_failures_alone_has_its_reasons() -> None:
    sentences = in_words(loaded_scores({"infonce": {"t": [NAN, NAN]}}))
    assert sentences[0] == "shapes: 2 seeds (0 and 1) and no task with a number yet."
    assert sentences[-1] == "Missing (seeds 0, 1: killed): infonce in t."


@pytest.mark.parametrize("lacking", ["infonce", "mrcl"])
def test_where_a_difference_is_told_it_is_not_said_that_none_can_be(lacking: str) -> None:
    scores = {name: shifted(by, 6) for name, by in (("infonce", 0.0), ("mrcl", 0.1), ("byol", 0.1))}
    scores[lacking]["u"] = [NAN] * 6
    said_of = in_words(loaded_scores(scores))
    assert any("higher in t top1" in sentence for sentence in said_of)
    assert said_of[1] == (
        "With 6 seeds the smallest p that an exact two-sided sign-flip test can reach is 0.031, so differences can be "
        "significant at 0.05."
    )
