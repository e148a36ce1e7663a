"""What tests of estimators are given: Gaussian numbers, codes of known factors, and settings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from downstream.information.halves import Floats
from downstream.information.plane import Settings

SETTINGS = Settings(components=2, neighbours=3, pixels=8, noise=1.0, seed=0)
LEVELS = (8, 4, 4, 4, 8, 5, 4, 8, 5)
"""Of nine factors, as rendered scenes have them; views share the first few."""


def normal(*shape: int, seed: int = 0) -> Floats:
    """Standard normal numbers of that shape."""
    return np.random.default_rng(seed).standard_normal(shape)


def oracle(levels: Sequence[int], *, count: int, seed: int = 0) -> Floats:
    """One-hot codes of independent factors, each uniform over its levels."""
    random = np.random.default_rng(seed)
    return np.hstack([np.eye(each)[random.integers(0, each, count)] for each in levels])


def partner(code: Floats, *, shared: int, kept: float) -> Floats:
    """Codes of second views: of `LEVELS`, the first `shared` are kept with that probability, all others drawn anew."""
    keeps = np.random.default_rng(3).random((len(code), len(LEVELS))) < kept
    keeps[:, shared:] = False
    return np.where(np.repeat(keeps, LEVELS, axis=1), code, oracle(LEVELS, count=len(code), seed=2))
