"""The rule by which claims are judged, against enumerations of the test and planted numbers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from results.experiments.material import Named
from results.experiments.ranges import inside, peak
from results.experiments.verdict import (
    HELD,
    MISSING,
    NOT_HELD,
    OPPOSITE,
    UNKNOWN,
    Verdict,
    above,
    below,
    counts,
    fewest_seeds,
    one_sided,
)
from results.experiments.wording import POINTS, differences, in_words
from results.statistics.inference import sign_flip_p

Numbers = Sequence[float]


def named(values: Numbers, *, validation: Numbers = (), name: str = "row") -> Named:
    return Named(name, dict(enumerate(values)), dict(enumerate(validation)))


def judged(differences: Numbers) -> Verdict:
    """Judge a row whose numbers are those of the other plus differences."""
    other = [0.5 + 0.01 * place for place in range(len(differences))]
    own = [base + difference for base, difference in zip(other, differences, strict=True)]
    return above("a is above b.", named(own, name="a"), named(other, name="b"), metric="accuracy")


def enumerated(differences: Numbers) -> float:
    """The one-sided p by going through all patterns of signs."""
    patterns = itertools.product((-1, 1), repeat=len(differences))
    sums = [math.fsum(sign * value for sign, value in zip(signs, differences, strict=True)) for signs in patterns]
    return sum(total >= math.fsum(differences) - 1e-12 for total in sums) / len(sums)


@pytest.mark.parametrize(
    "differences", [(0.1, 0.2, 0.15, 0.05, 0.3), (0.1, -0.02, 0.15, 0.05, 0.3, 0.01), (0.4, -0.1, 0.02, -0.05)]
)
def test_p_is_the_share_of_sign_patterns_that_are_as_far_on_the_side_of_the_effect(differences: Numbers) -> None:
    assert judged(differences).p == pytest.approx(enumerated(differences))
    assert judged([-each for each in differences]).p == pytest.approx(enumerated(differences))
    assert one_sided(sign_flip_p(differences), effect=sum(differences)) == pytest.approx(enumerated(differences))


def test_five_seeds_are_the_fewest_that_can_decide() -> None:
    assert enumerated([0.1] * (fewest_seeds() - 1)) >= 0.05
    assert enumerated([0.1] * fewest_seeds()) < 0.05
    assert fewest_seeds() == 5


@pytest.mark.parametrize(
    ("differences", "outcome"),
    [
        ((0.10, 0.11, 0.09, 0.12, 0.10), HELD),
        ((-0.10, -0.11, -0.09, -0.12, -0.10), OPPOSITE),
        ((0.01, -0.01, 0.02, -0.02, 0.001), NOT_HELD),
        ((0.10, 0.11, 0.09, 0.12, -0.30), NOT_HELD),
        ((0.0,) * 5, NOT_HELD),
        ((0.10, 0.11, 0.09), UNKNOWN),
        ((-0.10, -0.11, -0.09), UNKNOWN),
        ((0.1,), UNKNOWN),
        ((), MISSING),
    ],
)
def test_planted_differences_have_their_outcome(differences: Numbers, outcome: str) -> None:
    assert judged(differences).outcome == outcome


def test_a_claim_of_below_is_that_of_above_the_other_way_round() -> None:
    low, high = named([0.1, 0.2, 0.1, 0.2, 0.1], name="low"), named([0.3, 0.5, 0.4, 0.4, 0.3], name="high")
    verdict = below("low is below high.", low, high, metric="accuracy")
    assert verdict.outcome == HELD
    assert verdict.effect == pytest.approx(0.24)
    assert below("high is below low.", high, low, metric="accuracy").outcome == OPPOSITE


def test_effect_interval_p_and_seeds_are_said() -> None:
    verdict = judged((0.10, 0.10, 0.10, 0.10, 0.10))
    p = "one-sided exact p = 0.031 (two-sided p = 0.062)"
    assert verdict.said == f"accuracy of a minus b: +10.0 points [+10.0, +10.0], {p}, 5 seeds."
    few = judged((0.10, 0.20, 0.15))
    assert few.said.endswith(
        "+15.0 points [+10.0, +20.0] (range of the seeds), one-sided exact p = 0.12 (two-sided p = 0.25), 3 seeds."
    )
    assert few.caveat == "With 3 of them p cannot get below 0.12; 5 are needed."


def test_below_zero_the_p_of_the_opposite_claim_is_said() -> None:
    said = judged((-0.10, -0.10, -0.10, -0.10, -0.10)).said
    assert said.endswith("one-sided exact p = 0.031 (of the opposite claim, two-sided p = 0.062), 5 seeds.")


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("mlp_retention_non_shared", "MLP retention of non-shared factors"),
        ("\N{MINUS SIGN}uniformity_nats", "\N{MINUS SIGN}uniformity"),
        ("shapes linear_retention", "shapes linear retention of all factors"),
        ("linear_shape_top1", "linear accuracy in the shape"),
        ("shapes VOC AP", "shapes VOC AP"),
        ("linear_background_texture_top1", "linear_background_texture_top1"),
    ],
)
def test_numbers_of_probes_are_named_in_words(metric: str, words: str) -> None:
    assert in_words(metric) == words


def test_only_common_seeds_are_compared() -> None:
    own = Named("a", {0: 0.5, 1: 0.6, 2: 0.7}, {})
    other = Named("b", {1: 0.5, 2: 0.5, 3: 0.0}, {})
    verdict = above("a is above b.", own, other, metric="accuracy")
    assert verdict.n == 2
    assert verdict.effect == pytest.approx(0.15)
    apart = above("a is above b.", own, Named("b", {7: 0.5}, {}), metric="accuracy")
    assert (apart.outcome, apart.said) == (MISSING, "a and b have no seed in common in accuracy.")


def test_what_has_no_number_is_named() -> None:
    verdict = above("a is above b.", named([], name="a"), named([0.1], name="b"), metric="accuracy")
    assert (verdict.outcome, verdict.said) == (MISSING, "There is no accuracy of a.")


def curve(heights: Numbers, *, seeds: int = 5, noise: float = 0.002, validated: bool = True) -> list[Named]:
    """A point per height, with noise of its own in test and in validation numbers."""
    stream = np.random.default_rng(0)

    def drawn(height: float) -> NDArray[np.float64]:
        return height + noise * stream.standard_normal(seeds)

    return [
        named(drawn(height).tolist(), validation=drawn(height).tolist() if validated else (), name=f"x={place}")
        for place, height in enumerate(heights)
    ]


@pytest.mark.parametrize(
    ("heights", "place", "outcome"),
    [
        ((0.3, 0.4, 0.6, 0.5, 0.3), 2, HELD),
        ((0.3, 0.4, 0.6, 0.5, 0.3), 0, MISSING),
        ((0.6, 0.5, 0.3, 0.5, 0.6), 2, OPPOSITE),
        ((0.3, 0.3, 0.3, 0.6, 0.3), 2, NOT_HELD),
        ((0.3, 0.7, 0.6, 0.5, 0.3), 2, NOT_HELD),
        ((0.3, 0.4, 0.5, 0.6, 0.7), 2, NOT_HELD),
    ],
)
def test_a_peak_is_held_where_it_is_above_all_others_and_was_named_beforehand(
    heights: Numbers, place: int, outcome: str
) -> None:
    points = curve(heights)
    verdict = peak("The third is best.", points, expected=points[place], metric="score")
    assert verdict.outcome == outcome


SHAPES = {
    "hump": ((0.3, 0.5, 0.6, 0.5, 0.3), HELD),
    "valley": ((0.6, 0.5, 0.3, 0.5, 0.6), OPPOSITE),
    "rising": ((0.3, 0.4, 0.5, 0.6, 0.7), NOT_HELD),
    "falling": ((0.7, 0.6, 0.5, 0.4, 0.3), NOT_HELD),
    "flat": ((0.5, 0.5, 0.5, 0.5, 0.5), NOT_HELD),
    "saturating": ((0.3, 0.5, 0.6, 0.6, 0.6), NOT_HELD),
}


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_a_hump_is_held_a_valley_is_the_opposite_and_nothing_else_is_either(shape: str, validated: bool) -> None:
    heights, outcome = SHAPES[shape]
    assert (
        inside("There is a best value inside.", curve(heights, validated=validated), metric="score").outcome == outcome
    )


@pytest.mark.parametrize("shape", list(SHAPES))
def test_three_seeds_tell_nothing_of_any_shape(shape: str) -> None:
    assert inside("There is a best value inside.", curve(SHAPES[shape][0], seeds=3), metric="score").outcome == UNKNOWN


def test_test_numbers_have_no_part_in_the_choice() -> None:
    points = [
        named([0.3] * 5, validation=[0.3] * 5, name="low"),
        named([0.5] * 5, validation=[0.6] * 5, name="chosen"),
        named([0.9] * 5, validation=[0.5] * 5, name="best on test"),
        named([0.3] * 5, validation=[0.3] * 5, name="high"),
    ]
    verdict = inside("There is a best value inside.", points, metric="score")
    assert verdict.outcome == HELD
    assert verdict.effect == pytest.approx(0.2)
    assert "best on test" not in verdict.said


def test_a_hump_on_test_data_is_not_held_where_validation_chooses_an_end() -> None:
    points = [
        named([0.3] * 5, validation=[0.9] * 5, name="low"),
        named([0.6] * 5, validation=[0.6] * 5, name="middle"),
        named([0.3] * 5, validation=[0.3] * 5, name="high"),
    ]
    verdict = inside("There is a best value inside.", points, metric="score")
    assert verdict.outcome == NOT_HELD
    assert verdict.said.startswith("Validation chooses low, an end of the range.")


def test_the_weaker_of_both_ends_gives_effect_and_p() -> None:
    points = [
        named([0.3, 0.3, 0.3, 0.3, 0.3], validation=[0.3] * 5, name="low"),
        named([0.6, 0.6, 0.6, 0.6, 0.6], validation=[0.6] * 5, name="middle"),
        named([0.5, 0.5, 0.5, 0.5, 0.7], validation=[0.3] * 5, name="high"),
    ]
    verdict = inside("There is a best value inside.", points, metric="score")
    assert verdict.outcome == NOT_HELD
    assert verdict.effect == pytest.approx(0.06)
    assert verdict.p == pytest.approx(enumerated([0.1, 0.1, 0.1, 0.1, -0.1]))


def test_a_peak_says_the_nearest_of_the_others() -> None:
    points = curve((0.3, 0.4, 0.6, 0.5, 0.2))
    verdict = peak("The third is best.", points, expected=points[2], metric="score")
    assert verdict.said.startswith("Against the nearest of the others: score of x=2 minus x=3: ")
    assert verdict.effect == pytest.approx(0.1, abs=0.01)


def test_a_plateau_is_called_a_hump_about_as_rarely_as_the_level_says() -> None:
    """Validation and test numbers have their luck in common, as those of one backbone do."""
    stream, held = np.random.default_rng(2), 0
    for _ in range(300):
        luck = 0.01 * stream.standard_normal((6, 5))
        luck[0] -= 0.2
        points = [named(own.tolist(), validation=own.tolist(), name=f"x={place}") for place, own in enumerate(luck)]
        held += inside("There is a best value inside.", points, metric="score").outcome == HELD
    assert 0 < held / 300 < 0.05 + 2 * math.sqrt(0.05 * 0.95 / 300)


def test_two_values_are_no_range() -> None:
    verdict = inside("There is a best value inside.", curve((0.3, 0.5)), metric="score")
    assert (verdict.outcome, verdict.said) == (MISSING, "Three values with score at least are needed, there are 2.")


def test_without_an_effect_a_claim_is_held_about_as_rarely_as_the_level_says() -> None:
    stream = np.random.default_rng(1)
    found = [judged(stream.normal(0, 0.01, 5).tolist()).outcome for _ in range(400)]
    for outcome in (HELD, OPPOSITE):  # 1 in 32 at most each: all five of one sign
        assert found.count(outcome) / len(found) < 0.06


def test_outcomes_are_counted_in_the_order_of_the_rule() -> None:
    outcomes = [MISSING, HELD, NOT_HELD, HELD]
    assert list(counts([Verdict("", outcome, "") for outcome in outcomes]).items()) == [
        (HELD, 2),
        (NOT_HELD, 1),
        (MISSING, 1),
    ]


def test_differences_of_nats_are_written_in_nats() -> None:
    rows = [Named(name, dict.fromkeys(range(5), value), {}) for name, value in (("a", 7.25), ("b", 5.0))]
    assert above("", *rows, metric="h_noise_information_nats").said.startswith(
        "the bound on I(h+noise;v) of a minus b: +2.25 nats [+2.25, +2.25], one-sided exact p = 0.031"
    )


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ((0.1234, 0.1, 0.0), ["+12.3", "+10.0", "+0.0"]),
        ((0.005, 0.0004, 0.012), ["+0.50", "+0.04", "+1.20"]),
        ((-0.00002, -0.1), ["\N{MINUS SIGN}0.002", "\N{MINUS SIGN}10.000"]),
    ],
    ids=["whole", "a bound near zero", "nearly nothing"],
)
def test_no_number_but_zero_is_written_as_zero(values: tuple[float, ...], wanted: list[str]) -> None:
    assert differences(*values, unit=POINTS) == wanted


@pytest.mark.parametrize("place", [0, 3, 4])
def test_what_is_above_all_others_and_what_is_inside_are_not_told_without_their_numbers(place: int) -> None:
    points = curve((0.3, 0.4, 0.6, 0.5, 0.3))
    points[place] = named([], name="blank")
    verdict = peak("The third is best.", points, expected=points[2], metric="score")
    assert (verdict.outcome, verdict.said) == (MISSING, "There is no score of blank.")
    verdict = inside("There is a best value inside.", points, metric="score")
    assert (verdict.outcome == MISSING) == (place != 3)
