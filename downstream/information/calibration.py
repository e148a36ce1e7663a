"""How far an estimator is off where the truth is known: for correlated Gaussians of the same size."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from downstream.information.halves import Floats

_TOLERANCE = 5e-3  # nats


@dataclass(frozen=True)
class Gaussians:
    """Standard normal x (N, D) and noise (N, D), of which pairs of any mutual information are made."""

    x: Floats
    noise: Floats

    @classmethod
    def draw(cls, count: int, width: int, *, seed: int) -> Gaussians:
        """Draw for N = `count` and D = `width`."""
        x, noise = np.random.default_rng((seed, 1)).standard_normal((2, count, width))
        return cls(x, noise)

    def partner(self, nats: float, *, dims: int) -> Floats:
        """Values y (N, D) with I(x; y) = -dims/2 log(1 - rho^2) = `nats`, all in the first `dims` dimensions."""
        rho = np.sqrt(-np.expm1(-2 * nats / dims))
        informed = rho * self.x[:, :dims] + np.sqrt(1 - rho**2) * self.noise[:, :dims]
        return np.hstack([informed, self.noise[:, dims:]])


def bias(estimate: float, curve: Callable[[float], float], *, highest: float) -> float:
    """How much too high an estimator is where it says `estimate`, in nats.

    Args:
        estimate: what it said of the data.
        curve: what it says of Gaussians, by their true information; it rises.
        highest: truth above which is not looked. Where an estimator says as much as it ever does, the truth may be
            anything above; `estimate - highest` is returned then.

    Returns:
        `estimate` less the truth of the Gaussians of which it says the same; less 0 where it says more of
        independent Gaussians.
    """
    known = functools.cache(curve)
    if estimate <= known(0.0):
        return estimate
    if estimate >= known(highest):
        return estimate - highest
    return estimate - float(brentq(lambda truth: known(truth) - estimate, 0.0, highest, xtol=_TOLERANCE))
