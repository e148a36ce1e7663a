"""The stochastic encoder: features plus Gaussian noise."""

from __future__ import annotations

import torch
from torch import Tensor


def add_noise(mean: Tensor, *, sigma: float, generator: torch.Generator) -> Tensor:
    """Return mean + sigma * eps, eps ~ N(0, 1), on the device of both; drawn even at sigma 0, which changes no bit."""
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=torch.float32)
    return mean + sigma * noise.to(mean.dtype)
