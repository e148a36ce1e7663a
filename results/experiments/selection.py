"""A row that validation numbers choose among several, and claims of it.

Validation and test numbers are of the same backbones: what is lucky in one is lucky in the other, and the best of five
rows that are all alike would be held above a sixth in one case of eleven. So for each seed the row is chosen by the
validation numbers of the *other* seeds: the effect has no part of the luck that chose, and its mean is 0 where rows are
alike. The choices for two seeds have the other seeds in common, which leaves a little: with five seeds rows that are
alike are held in 5 % of cases (the level alone is 3 % there), with eight in 9 %
(tests/results/test_experiment_selection.py).

A test that makes the choice anew for every pattern of signs (Westfall and Young, Resampling-Based Multiple Testing,
1993) has the level exactly, but hardly ever finds anything where rows differ, as they do here: their differences become
part of its null distribution, and a row 3 points above its reference was found in no case of 200 if others were 20
points below.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from results.experiments.material import Named, Seeds
from results.experiments.verdict import Verdict, above

_DIGITS = 12  # means that agree in so many digits are equal; the first is chosen


@dataclass(frozen=True)
class Candidate:
    """A row that may be chosen, and the row that it is compared with if it is.

    Attributes:
        own: its numbers; those of validation choose.
        reference: the other row's; it has no part in the choice. Several candidates may have the same.
    """

    own: Named
    reference: Named


def chosen(points: Sequence[Named], *, highest: bool = True) -> Named | None:
    """Choose the point with the highest (or lowest) mean validation number, over the seeds that all of them have.

    Points without any are not compared; of equal ones the first is chosen; None where there is no common seed.
    """
    compared = [point for point in points if point.validation]
    seeds = _common([point.validation for point in compared])
    return compared[_best([point.validation for point in compared], seeds, highest=highest)] if seeds else None


def chosen_by_others(points: Sequence[Named], *, highest: bool = True) -> Named | None:
    """Put together a row whose number of a seed is that of the point which the other seeds' validation numbers choose.

    A single seed chooses for itself. Points without validation or test numbers are not compared; None where there is no
    common seed.
    """
    known = [point for point in points if point.validation and point.values]
    seeds = _common([each for point in known for each in (point.validation, point.values)])
    picked = _picked(known, seeds, highest=highest)
    return _joined([known[place] for place in picked.values()], list(picked)) if picked else None


def above_by_choice(claim: str, candidates: Sequence[Candidate], *, metric: str, lower: bool = False) -> Verdict:
    """Judge the claim that the row which validation chooses is above its reference.

    Args:
        claim: in words.
        candidates: the rows to choose from; those that lack numbers are left out.
        metric: what the test numbers are.
        lower: the claim is that it is below; the effect is then how far.
    """
    known = [one for one in candidates if one.own.validation and one.own.values and one.reference.values]
    numbers = [each for one in known for each in (one.own.validation, one.own.values, one.reference.values)]
    picked = _picked([one.own for one in known], _common(numbers), highest=True)
    if not picked:
        missing = Named("rows to choose from and of those to compare with", {}, {})
        return above(claim, missing, missing, metric=metric)
    own, rows = _shortened([known[place].own for place in picked.values()], list(picked), name="the chosen rows")
    other, references = _shortened(
        [known[place].reference for place in picked.values()], list(picked), name="the references"
    )
    verdict = above(claim, *((other, own) if lower else (own, other)), metric=metric)
    return replace(verdict, said=f"{verdict.said}{rows}{references}")


def choice_rule() -> str:
    """Say in plain words how a row is chosen, for a page."""
    return (
        "A row that is chosen among several is chosen for each seed by the mean validation number of the other seeds, "
        "so that its own luck has no part in the choice. With five seeds rows that are all alike are held, or the "
        "opposite, in about 5% of cases each. Rings and boxes in a figure mark the choice of all seeds together."
    )


def _common(numbers: Sequence[Seeds]) -> list[int]:
    """Seeds that are in all of them, in order."""
    return sorted(set.intersection(*(set(each) for each in numbers))) if numbers else []


def _best(validation: Sequence[Seeds], seeds: Sequence[int], *, highest: bool) -> int:
    """Place of the highest mean over some seeds."""
    means = [round(math.fsum(each[seed] for seed in seeds) / len(seeds), _DIGITS) for each in validation]
    return means.index(max(means) if highest else min(means))


def _picked(points: Sequence[Named], seeds: Sequence[int], *, highest: bool) -> Mapping[int, int]:
    """Seed -> place of the point that the other seeds choose for it."""
    validation = [point.validation for point in points]
    others = {seed: [other for other in seeds if other != seed] or [seed] for seed in seeds}
    return {seed: _best(validation, others[seed], highest=highest) for seed in seeds}


def _joined(picked: Sequence[Named], seeds: Sequence[int]) -> Named:
    """A row of the numbers of one point per seed, with the names of all and how many seeds each has."""
    counts = Counter(point.name for point in picked)
    several = (f"{name} ({count} of {len(seeds)} seeds)" for name, count in counts.most_common())
    name = picked[0].name if len(counts) == 1 else " or ".join(several)
    return Named(name, {seed: point.values[seed] for seed, point in zip(seeds, picked, strict=True)}, {})


def _shortened(picked: Sequence[Named], seeds: Sequence[int], *, name: str) -> tuple[Named, str]:
    """Such a row under a short name, if it is of several points, with a sentence that says which these are."""
    row = _joined(picked, seeds)
    if row.name == picked[0].name:
        return row, ""
    return replace(row, name=name), f" {name.capitalize()}: {row.name}."
