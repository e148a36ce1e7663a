"""What tests of estimators are given: Gaussian numbers, and settings."""

from __future__ import annotations

import numpy as np

from downstream.information.halves import Floats
from downstream.information.plane import Settings

SETTINGS = Settings(components=2, neighbours=3, pixels=8, noise=1.0, seed=0)


def normal(*shape: int, seed: int = 0) -> Floats:
    """Standard normal numbers of that shape."""
    return np.random.default_rng(seed).standard_normal(shape)
