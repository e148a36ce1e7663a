"""Claims of a row that validation chooses: no more often held than the level says where all rows are alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from results.experiments.material import Named
from results.experiments.selection import Candidate, above_by_choice
from results.experiments.verdict import HELD, MISSING, OPPOSITE, UNKNOWN, above

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
    ("means", "each", "seeds", "share"),
    [((0.5,), 5, 5, 0.05), ((0.5, 0.5, 0.51, 0.53), 4, 5, 0.05), ((0.5,), 5, 8, 0.09)],
    ids=["one reference", "several references", "more seeds"],
)
def test_rows_that_are_alike_are_called_held_or_the_opposite_as_rarely_as_is_said(
    means: Sequence[float], each: int, seeds: int, share: float
) -> None:
    stream = np.random.default_rng(3)
    found = [
        above_by_choice(CLAIM, candidates(stream, means, each=each, seeds=seeds), metric="score").outcome
        for _ in range(NULLS)
    ]
    above_share = share + 2 * math.sqrt(share * (1 - share) / NULLS)
    for outcome in (HELD, OPPOSITE):
        assert 0 < found.count(outcome) / NULLS < above_share


@pytest.mark.parametrize("others", [-0.2, 0.0, 0.02], ids=["far below", "like the reference", "a little below"])
def test_a_row_above_its_reference_is_found_whatever_the_others_are(others: float) -> None:
    stream, held = np.random.default_rng(6), 0
    for _ in range(40):
        own = [row(stream, 0.5 + gain, name=f"{gain:g}", seeds=5) for gain in (0.05, *[others] * 4)]
        reference = row(stream, 0.5, name="reference", seeds=5)
        verdict = above_by_choice(CLAIM, [Candidate(one, reference) for one in own], metric="score")
        held += verdict.outcome == HELD
    assert held > 36


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
    assert verdict.said.startswith("score of the chosen rows minus reference: ")
    assert verdict.said.endswith(" The chosen rows: lucky (2 of 3 seeds) or steady (1 of 3 seeds).")


def by_loops(rows: Sequence[Candidate], seeds: int) -> list[float]:
    """Gain of every seed, of the row that the others choose for it."""
    gains = []
    for seed in range(seeds):
        sums = [sum(one.own.validation[other] for other in range(seeds) if other != seed) for one in rows]
        best = rows[sums.index(max(sums))]
        gains.append(best.own.values[seed] - best.reference.values[seed])
    return gains


def test_the_verdict_is_that_of_the_gains_of_the_rows_that_the_other_seeds_choose() -> None:
    stream = np.random.default_rng(5)
    for gain in (-0.006, 0.003, 0.006, 0.01):
        rows = candidates(stream, (0.5, 0.501), each=3, seeds=5, gain=gain)
        gains = dict(enumerate(by_loops(rows, 5)))
        wanted = above(CLAIM, Named("", gains, {}), Named("", dict.fromkeys(gains, 0.0), {}), metric="score")
        verdict = above_by_choice(CLAIM, rows, metric="score")
        assert (verdict.outcome, verdict.p) == (wanted.outcome, wanted.p)
        assert verdict.effect == pytest.approx(wanted.effect)


def test_four_seeds_tell_nothing_and_none_is_missing() -> None:
    rows = candidates(np.random.default_rng(0), (0.5,), each=2, seeds=4, gain=0.1)
    assert above_by_choice(CLAIM, rows, metric="score").outcome == UNKNOWN
    assert above_by_choice(CLAIM, [], metric="score").outcome == MISSING
    alone = candidates(np.random.default_rng(0), (0.5,), each=2, seeds=1, gain=0.1)
    assert above_by_choice(CLAIM, alone, metric="score").outcome == UNKNOWN
