"""Claims of a row that validation chooses among several, against a row that is not chosen.

Validation and test numbers are of the same backbones: what is lucky in one is lucky in the other, and the best of five
rows that are all alike would be held above a sixth in one case of eleven. Two things mend that. For each seed the row
is chosen by the validation numbers of the *other* seeds, so that the effect has no part of the luck that chose. And p
is of a sign-flip test in which the choice is made anew for every pattern of signs: all numbers of a seed, of validation
and test, are reflected about the mean of the rows that are compared, which without a difference between these changes
nothing but luck [1]. (A sign-flip test of the differences alone is held too often, with eight seeds in one case of
eleven again: the choices for two seeds have the other seeds in common.) The null hypothesis is that rows with one
reference, it included, differ by symmetric noise.

Sources:
    [1] Westfall and Young, Resampling-Based Multiple Testing, 1993, section 2: the statistic has the choice in it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from results.experiments.verdict import MISSING, Named, Verdict, decided
from results.statistics.inference import EXACT, interval, minimum_detectable_effect

_EXACT = min(EXACT, 12)  # seeds whose patterns of signs are all gone through
_ROUNDING = 1e-12
_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """A row that may be chosen, and the row that it is compared with if it is.

    Attributes:
        own: its numbers; those of validation choose.
        reference: likewise, without part in the choice; several candidates may have the same.
    """

    own: Named
    reference: Named


@dataclass(frozen=True)
class _Numbers:
    """Numbers of C candidates and S seeds.

    Attributes:
        validation: (C, S).
        centre: (C, S), mean validation number of all rows with the same reference, it included.
        gain: (C, S), test number minus that of the reference.
    """

    validation: _Array
    centre: _Array
    gain: _Array


def above_by_choice(claim: str, candidates: Sequence[Candidate], *, metric: str, lower: bool = False) -> Verdict:
    """Judge the claim that the row which validation chooses is above its reference.

    Args:
        claim: in words.
        candidates: the rows to choose from; those that lack numbers are left out.
        metric: what the test numbers are.
        lower: the claim is that it is below; the effect is then how far.
    """
    known = [one for one in candidates if one.own.validation and one.own.values and one.reference.values]
    seeds = sorted(set.intersection(*map(_seeds, known))) if known else []
    if not seeds:
        return Verdict(claim, MISSING, f"There is no {metric} of rows to choose from and of those to compare with.")
    numbers = _numbers(known, seeds)
    sign = -1.0 if lower else 1.0
    gains = sign * _gains(numbers, np.ones((1, len(seeds))))[0]
    effect = float(gains.mean())
    low, high = interval(gains.tolist()) or (math.nan, math.nan)
    mde = minimum_detectable_effect(gains.tolist())
    picked = [known[place] for place in _choices(numbers, np.ones((1, len(seeds))))[0]]
    return decided(
        claim,
        effect,
        (low, high),
        p=_p(numbers, effect, sign=sign),
        n=len(seeds),
        mde=math.nan if mde is None else mde,
        compared=_compared(picked, metric, lower=lower),
    )


def choice_rule() -> str:
    """Say in plain words how a row is chosen, for a page."""
    return (
        "A row that is chosen among several is chosen for each seed by the mean validation number of the other seeds, "
        "and p is of a sign-flip test that makes the choice anew for every pattern of signs, so that choosing among "
        "rows that are alike is not held more often than the level says. Rings and boxes in a figure mark the choice "
        "of all seeds together."
    )


def _seeds(one: Candidate) -> set[int]:
    return {*one.own.validation} & {*one.own.values} & {*one.reference.values} & {*one.reference.validation}


def _numbers(known: Sequence[Candidate], seeds: Sequence[int]) -> _Numbers:
    def of(rows: Sequence[Named], *, validated: bool) -> _Array:
        return np.array([[(row.validation if validated else row.values)[seed] for seed in seeds] for row in rows])

    own, references = [one.own for one in known], [one.reference for one in known]
    validation, base = of(own, validated=True), of(references, validated=True)
    alike = np.array([[one.name == other.name for other in references] for one in references], dtype=np.float64)
    centre = (alike @ validation + base) / (alike.sum(axis=1, keepdims=True) + 1)
    return _Numbers(validation, centre, of(own, validated=False) - of(references, validated=False))


def _choices(numbers: _Numbers, signs: _Array) -> NDArray[np.intp]:
    """The candidate of every seed, (P, S), by the reflected validation numbers of all other seeds; signs (P, S)."""
    away = numbers.validation - numbers.centre
    reflected = numbers.centre + signs[:, None, :] * away
    total = reflected.sum(axis=2, keepdims=True)
    others = total - reflected if signs.shape[1] > 1 else total
    best: NDArray[np.intp] = np.argmax(np.round(others, 12), axis=1)
    return best


def _gains(numbers: _Numbers, signs: _Array) -> _Array:
    """What the chosen candidates are above their references, (P, S), reflected."""
    picked = np.take_along_axis(numbers.gain[None], _choices(numbers, signs)[:, None, :], axis=1)[:, 0]
    gains: _Array = signs * picked
    return gains


def _p(numbers: _Numbers, effect: float, *, sign: float) -> float:
    """One-sided p; with an effect below zero one minus that of the opposite claim, 1 without any."""
    found = sign * _gains(numbers, _patterns(numbers.gain.shape[1])).mean(axis=1)
    if effect > 0:
        return float((found >= effect - _ROUNDING).mean())
    return 1.0 - float((found <= effect + _ROUNDING).mean()) if effect < 0 else 1.0


def _patterns(seeds: int) -> _Array:
    """All patterns of signs, or as many random ones, that of the numbers as they are always among them."""
    if seeds <= _EXACT:
        return np.array(list(product((1.0, -1.0), repeat=seeds)))
    drawn = np.random.default_rng(0).choice([1.0, -1.0], size=(2**_EXACT, seeds))
    drawn[0] = 1.0
    return drawn


def _compared(picked: Sequence[Candidate], metric: str, *, lower: bool) -> str:
    own, other = _names([one.own.name for one in picked]), _names([one.reference.name for one in picked])
    first, second = (other, own) if lower else (own, other)
    return f"{metric} of {first} minus {second}, chosen for each seed by the others"


def _names(names: Sequence[str]) -> str:
    """Write the names of the rows, with the seeds that chose each where they are not of one mind."""
    counts = Counter(names)
    if len(counts) == 1:
        return names[0]
    return " or ".join(f"{name} ({count} of {len(names)} seeds)" for name, count in counts.most_common())
