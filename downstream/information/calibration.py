"""How far an estimator is off where the truth is known: for correlated Gaussians of the same size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from downstream.information.halves import Floats

_HALVINGS = 5
_FEWER = 3  # where it is dear and rough anyway


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


@dataclass(frozen=True)
class Biases:
    """How much too high an estimator is on Gaussians of which it says the same, in nats; None where it is not known.

    Attributes:
        spread: of Gaussians whose information is spread evenly over all dimensions.
        few: of Gaussians that have it in a few of them.
    """

    spread: float | None
    few: float | None


def biases(
    estimate: float, said: Callable[[Floats, Floats], float], gaussians: Gaussians, *, few: int, highest: float
) -> Biases:
    """Both biases of what an estimator said of pairs of representations.

    Args:
        estimate: what it said.
        said: what it says of two views (N, D).
        gaussians: of the same size.
        few: dimensions that have the information of the second bias; D where that is less.
        highest: truth above which is not looked.
    """
    width, independent = gaussians.x.shape[1], said(gaussians.x, gaussians.noise)

    def curve(dims: int) -> Callable[[float], float]:
        return lambda nats: said(gaussians.x, gaussians.partner(nats, dims=dims)) if nats else independent

    return Biases(
        bias(estimate, curve(width), highest=highest),
        bias(estimate, curve(min(few, width)), highest=highest, halvings=_FEWER),
    )


def bias(
    estimate: float, curve: Callable[[float], float], *, highest: float, halvings: int = _HALVINGS
) -> float | None:
    """How much too high an estimator is where it says `estimate`, in nats.

    Args:
        estimate: what it said of the data.
        curve: what it says of Gaussians, by their true information; it rises, up to chance.
        highest: truth above which is not looked.
        halvings: of the range of truths; what is said within the last of them is taken for a straight line.

    Returns:
        `estimate` less the truth of the Gaussians of which it says the same; less 0 where it says more of
        independent Gaussians. None where it says less even of those with `highest`: nothing is known then.
    """
    low, high = (0.0, curve(0.0)), (highest, curve(highest))
    if estimate <= low[1]:
        return estimate
    if estimate >= high[1]:
        return None
    for _ in range(halvings):
        middle = (low[0] + high[0]) / 2
        between = (middle, curve(middle))
        low, high = (between, high) if between[1] < estimate else (low, between)
    return estimate - float(np.interp(estimate, (low[1], high[1]), (low[0], high[0])))
