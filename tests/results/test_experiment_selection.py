"""Claims of a row that validation chooses: no more often held than the level says where all rows are alike."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest

from results.experiments.selection import Candidate, above_by_choice
from results.experiments.verdict import HELD, MISSING, OPPOSITE, UNKNOWN, Named, Verdict

CLAIM = "The chosen row is above."
NULLS = 300


def named(values: Sequence[float], validation: Sequence[float], *, name: str) -> Named:
    return Named(name, dict(enumerate(values)), dict(enumerate(validation)))


def row(stream: np.random.Generator, mean: float, *, name: str, seeds: int) -> Named:
    """A row whose validation and test numbers are of the same backbones: nine tenths of their variance in common."""
    backbone = stream.standard_normal(seeds) * math.sqrt(0.9)
    test, validation = backbone + math.sqrt(0.1) * stream.standard_normal((2, seeds))
    return named((mean + 0.01 * test).tolist(), (mean + 0.01 * validation).tolist(), name=name)


def candidates(
    stream: np.random.Generator, means: Sequence[float], *, each: int, seeds: int, gain: float = 0.0
) -> list[Candidate]:
    """So many rows for each of some references, above these by the gain."""
    found = []
    for place, mean in enumerate(means):
        reference = row(stream, mean, name=f"reference {place}", seeds=seeds)
        own = [row(stream, mean + gain, name=f"row {place} {number}", seeds=seeds) for number in range(each)]
        found += [Candidate(one, reference) for one in own]
    return found


@pytest.mark.parametrize(
    ("means", "each", "seeds"),
    [((0.5,), 5, 5), ((0.5, 0.5, 0.51, 0.53), 4, 5), ((0.5,), 5, 8)],
    ids=["masking", "superfluous", "more seeds"],
)
def test_rows_that_are_alike_are_called_held_or_the_opposite_as_rarely_as_the_level_says(
    means: Sequence[float], each: int, seeds: int
) -> None:
    stream = np.random.default_rng(3)
    found = [
        above_by_choice(CLAIM, candidates(stream, means, each=each, seeds=seeds), metric="score").outcome
        for _ in range(NULLS)
    ]
    above_level = 0.05 + 2 * math.sqrt(0.05 * 0.95 / NULLS)
    for outcome in (HELD, OPPOSITE):
        assert 0 < found.count(outcome) / NULLS < above_level


def test_the_effect_of_a_choice_among_rows_that_are_alike_is_zero_on_average() -> None:
    stream = np.random.default_rng(4)
    effects = [
        above_by_choice(CLAIM, candidates(stream, (0.5,), each=5, seeds=5), metric="score").effect for _ in range(NULLS)
    ]
    assert abs(float(np.mean(effects))) < 3 * float(np.std(effects)) / math.sqrt(NULLS)


@pytest.mark.parametrize(("gain", "outcome"), [(0.1, HELD), (-0.1, OPPOSITE)])
def test_a_gain_of_all_rows_is_found(gain: float, outcome: str) -> None:
    verdict = above_by_choice(
        CLAIM, candidates(np.random.default_rng(0), (0.4, 0.5), each=3, seeds=5, gain=gain), metric="score"
    )
    assert (verdict.outcome, verdict.n) == (outcome, 5)
    assert verdict.effect == pytest.approx(gain, abs=0.03)


def test_a_claim_of_lower_is_the_other_way_round() -> None:
    rows = candidates(np.random.default_rng(0), (0.5,), each=3, seeds=5, gain=-0.1)
    verdict = above_by_choice(CLAIM, rows, metric="score", lower=True)
    assert verdict.outcome == HELD
    assert verdict.effect > 0
    assert verdict.said.startswith("score of reference 0 minus row 0 ")


def test_the_numbers_of_a_seed_have_no_part_in_its_choice() -> None:
    reference = named([0.0] * 3, [0.0] * 3, name="reference")
    lucky = named([0.9, 0.1, 0.1], [0.9, 0.1, 0.1], name="lucky")
    steady = named([0.3, 0.3, 0.3], [0.3, 0.3, 0.3], name="steady")
    verdict = above_by_choice(CLAIM, [Candidate(lucky, reference), Candidate(steady, reference)], metric="score")
    assert verdict.effect == pytest.approx((0.3 + 0.1 + 0.1) / 3)  # all seeds together would choose lucky: 1.1 / 3
    assert "lucky (2 of 3 seeds) or steady (1 of 3 seeds) minus reference" in verdict.said


def by_loops(rows: Sequence[Candidate], seeds: int) -> float:
    """The one-sided p for one reference: reflect, choose, subtract, pattern by pattern."""

    def validated(one: Candidate, signs: Sequence[int], without: int) -> float:
        return math.fsum(
            signs[seed] * (one.own.validation[seed] - one.reference.validation[seed])
            for seed in range(seeds)
            if seed != without
        )

    def statistic(signs: Sequence[int]) -> float:
        gains = []
        for seed in range(seeds):
            heights = [validated(one, signs, seed) for one in rows]
            best = rows[heights.index(max(heights))]
            gains.append(signs[seed] * (best.own.values[seed] - best.reference.values[seed]))
        return math.fsum(gains)

    patterns = list(itertools.product((1, -1), repeat=seeds))
    own = statistic(patterns[0])
    return sum(statistic(signs) >= own - 1e-12 for signs in patterns) / len(patterns)


def test_p_is_the_share_of_sign_patterns_that_do_as_well_with_a_choice_of_their_own() -> None:
    stream = np.random.default_rng(5)
    judged: list[tuple[Verdict, float]] = []
    for gain in (0.003, 0.006, 0.01):
        rows = candidates(stream, (0.5,), each=3, seeds=5, gain=gain)
        judged.append((above_by_choice(CLAIM, rows, metric="score"), by_loops(rows, 5)))
    assert [verdict.p for verdict, _ in judged if verdict.effect > 0] == pytest.approx(
        [p for verdict, p in judged if verdict.effect > 0]
    )
    assert any(verdict.effect > 0 for verdict, _ in judged)


def test_four_seeds_tell_nothing_and_none_is_missing() -> None:
    rows = candidates(np.random.default_rng(0), (0.5,), each=2, seeds=4, gain=0.1)
    assert above_by_choice(CLAIM, rows, metric="score").outcome == UNKNOWN
    assert above_by_choice(CLAIM, [], metric="score").outcome == MISSING
    alone = candidates(np.random.default_rng(0), (0.5,), each=2, seeds=1, gain=0.1)
    assert above_by_choice(CLAIM, alone, metric="score").outcome == UNKNOWN


@pytest.mark.parametrize(("gain", "outcome"), [(0.1, HELD), (-0.1, OPPOSITE)])
def test_of_more_seeds_than_can_be_gone_through_some_patterns_are_drawn(gain: float, outcome: str) -> None:
    rows = candidates(np.random.default_rng(0), (0.5,), each=2, seeds=14, gain=gain)
    verdict = above_by_choice(CLAIM, rows, metric="score")
    assert verdict.outcome == outcome
    assert 0 < min(verdict.p, 1 - verdict.p) < 0.002
