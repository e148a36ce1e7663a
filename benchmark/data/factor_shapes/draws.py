"""Scenes drawn at random, as levels."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.data.factor_shapes.factors import LEVELS
from benchmark.views.random_streams import uniform


def draw_levels(*, seed: int, step: int, index: Tensor, stream: int) -> Tensor:
    """Draw scenes; each depends on (seed, step, its index, stream) alone, as `random_streams.uniform` says.

    Args:
        seed: 0 to 2**63 - 1.
        step: 0 to 2**32 - 1.
        index: (N,) integers that name the scenes.
        stream: what must be independent within a step.

    Returns:
        (N, F) int64.
    """
    draws = uniform(seed=seed, step=step, index=index, stream=stream, draws=len(LEVELS))
    return (draws.double() * torch.tensor(LEVELS, device=draws.device)).long()
