"""Halves of a sample: what is fitted on one is evaluated on the other, both ways."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def halves(count: int, *, seed: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield (rows to fit, rows to evaluate) of `count`, drawn from the seed, and then the other way round."""
    order = np.random.default_rng(seed).permutation(count)
    first, second = order[: count // 2], order[count // 2 :]
    yield first, second
    yield second, first


def on_sphere(z: Floats) -> Floats:
    """Rows of z (N, D) divided by their lengths; a row of zeros stays one."""
    scaled: Floats = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), 1e-12)
    return scaled
