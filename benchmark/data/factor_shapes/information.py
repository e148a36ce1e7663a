"""What two views of a scene are known to share, in nats.

View 1 shows a scene; view 2 shows one that has some factors in common with it, all others drawn anew. Factors are
independent and uniform, and an image tells all of them but one: a round object without texture hides its rotation. So
information is a sum over the factors, but for the three that this symmetry ties together, which are enumerated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmark.data.factor_shapes.factors import FACTORS, positions

TIED = ("shape", "texture", "rotation")
"""The factors that a symmetry of the renderer ties together."""

ROUND = ("circle", "ring")
"""Shapes that look the same at every rotation, unless a texture shows it."""


@dataclass(frozen=True)
class Information:
    """Known values of views v1, v2 that share some factors, in nats.

    Attributes:
        entropy: H(v1).
        shared: I(v1; v2).
        told: factor y -> I(v1; y), which is H(y) where the image tells it.
        non_shared: factor y -> I(v1; y | v2).
        superfluous: factor y -> I(v1; v2 | y): what the views share beside y.
    """

    entropy: float
    shared: float
    told: Mapping[str, float]
    non_shared: Mapping[str, float]
    superfluous: Mapping[str, float]


def canonical(shape: int, texture: int, rotation: int) -> tuple[int, int, int]:
    """The levels with a rotation that cannot be seen set to 0; scenes look alike where these are equal."""
    hidden = FACTORS["shape"][shape] in ROUND and FACTORS["texture"][texture] == "solid"
    return shape, texture, 0 if hidden else rotation


def information(shared: Sequence[str]) -> Information:
    """Known values of views that share these factors.

    Raises:
        ValueError: a name that no factor has.
    """
    positions(tuple(shared))
    free = [name for name in FACTORS if name not in TIED]
    entropies = {name: math.log(len(FACTORS[name])) for name in free}
    common = {name: entropies[name] if name in shared else 0.0 for name in free}
    tied = _tied(shared)
    views_share = tied.shared + sum(common.values())
    return Information(
        entropy=tied.entropy + sum(entropies.values()),
        shared=views_share,
        told={name: tied.told[name] if name in TIED else entropies[name] for name in FACTORS},
        non_shared={
            name: tied.non_shared[name] if name in TIED else entropies[name] - common[name] for name in FACTORS
        },
        superfluous={
            name: sum(common.values()) + tied.superfluous[name] if name in TIED else views_share - common[name]
            for name in FACTORS
        },
    )


def _tied(shared: Sequence[str]) -> Information:
    """The same of the tied factors alone, from the joint distribution of what both views show of them."""
    levels = [range(len(FACTORS[name])) for name in TIED]
    scenes = list(product(*levels))
    seen = sorted({canonical(*scene) for scene in scenes})
    place = np.array([seen.index(canonical(*scene)) for scene in scenes])
    values = np.array(scenes)
    held = [column for column, name in enumerate(TIED) if name in shared]
    follows = (values[:, None, held] == values[None, :, held]).all(axis=2).astype(float)
    joint = follows / follows.sum(axis=1, keepdims=True) / len(scenes)  # of the scenes of both views
    views = _sum_by(joint, place, place, size=len(seen))
    told, non_shared, superfluous = {}, {}, {}
    for column, name in enumerate(TIED):
        given = [joint * (values[:, column] == level)[:, None] for level in levels[column]]
        both = np.stack([_sum_by(part, place, place, size=len(seen)) for part in given])  # (levels of y, v1, v2)
        told[name] = _mutual(both.sum(axis=2))
        non_shared[name] = _mutual(both.transpose(1, 0, 2).reshape(len(seen), -1)) - _mutual(views)
        superfluous[name] = _mutual(both.transpose(1, 0, 2).reshape(len(seen), -1)) - told[name]
    return Information(_entropy(views.sum(axis=1)), _mutual(views), told, non_shared, superfluous)


def _sum_by(
    joint: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64], *, size: int
) -> NDArray[np.float64]:
    """Add up the probabilities of pairs of scenes that look alike, (size, size)."""
    total = np.zeros((size, size))
    np.add.at(total, (rows[:, None], columns[None, :]), joint)
    return total


def _entropy(probabilities: NDArray[np.float64]) -> float:
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log(positive)).sum())


def _mutual(joint: NDArray[np.float64]) -> float:
    """I(a; b) of a joint distribution (A, B)."""
    return max(0.0, _entropy(joint.sum(axis=1)) + _entropy(joint.sum(axis=0)) - _entropy(joint))
