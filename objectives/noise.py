"""The stochastic encoder: features plus Gaussian noise."""

from __future__ import annotations

from torch import Generator, Tensor

from objectives.ranks import draw_normal


def add_noise(mean: Tensor, *, sigma: float, generator: Generator) -> Tensor:
    """Return mean + sigma * eps, eps ~ N(0, 1), on the device of both; drawn even at sigma 0, which changes no bit."""
    return mean + sigma * draw_normal(mean.shape, generator=generator).to(mean.dtype)
