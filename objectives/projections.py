"""What losses ask of the projections of two views before they compute with them."""

from __future__ import annotations

import torch
from torch import Tensor


def require_pairs(z1: Tensor, z2: Tensor) -> None:
    """Refuse projections that are not (N, D) of the same images, N >= 2.

    Raises:
        ValueError: the shapes differ, or there are fewer than two images.
    """
    if z1.ndim != 2 or z1.shape != z2.shape or len(z1) < 2:
        shapes = f"{tuple(z1.shape)} and {tuple(z2.shape)}"
        raise ValueError(f"z1 and z2 must both be (N, D) with N >= 2; got {shapes}")


def at_least_float32(z: Tensor) -> Tensor:
    """Bring half precisions to float32, which tells cosines near 1 apart; leave float32 and float64 as they are."""
    return z.to(torch.promote_types(z.dtype, torch.float32))
