"""Barlow Twins: make the cross-correlation of the two views' projections the identity.

Source: [1] Zbontar et al. 2021, arXiv 2103.03230, eq. 1 and 2.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from objectives.contract import BaseLoss, Dims, Form, Network, Views
from objectives.projections import at_least_float32, require_pairs
from objectives.ranks import gather
from objectives.registry import OBJECTIVES

_EPS = 1e-5  # added to the variance, as in the batch norm of the paper's code


def cross_correlation(z1: Tensor, z2: Tensor) -> Tensor:
    """Correlation over the batch of every projection of one view with every one of the other [1, eq. 2].

    Args:
        z1: (N, D).
        z2: (N, D), same order.

    Returns:
        (D, D) in [-1, 1].

    Raises:
        ValueError: the shapes differ, or there are fewer than two images.
    """
    require_pairs(z1, z2)
    first, second = _standardise(gather(z1)), _standardise(gather(z2))
    return first.T @ second / len(first)


def barlow_twins(correlation: Tensor) -> tuple[Tensor, Tensor]:
    """The two parts of the loss [1, eq. 1]: sum of (1 - C_ii)^2, and sum over i != j of C_ij^2.

    Args:
        correlation: C, (D, D).
    """
    diagonal = correlation.diagonal()
    squares = correlation.square()
    return (1 - diagonal).square().sum(), squares.sum() - squares.diagonal().sum()


def _standardise(z: Tensor) -> Tensor:
    variance, mean = torch.var_mean(z, dim=0, correction=0)
    return (z - mean) / (variance + _EPS).sqrt()


@OBJECTIVES.register_module("barlow_twins")
class BarlowTwins(BaseLoss):
    """Agree on every dimension of the projection, and let no two dimensions say the same."""

    variants: ClassVar[tuple[Form, ...]] = (Form({"directions": True}),)

    def __init__(
        self,
        dims: Dims,
        *,
        redundancy: float = 5e-3,  # lambda of [1] section 2.2
        directions: bool = False,  # projections are brought to unit length first, as in InfoCL's code
        scale: float = 1.0,  # on the whole loss; the paper's code has 0.024 with LARS
    ) -> None:
        super().__init__()
        for name, value in (("redundancy", redundancy), ("scale", scale)):
            if not 0 <= value < math.inf:
                raise ValueError(f"barlow_twins: {name} must be >= 0 and finite, got {value}")
        self.redundancy, self.directions, self.scale = redundancy, directions, scale

    @staticmethod
    def at_equal_projections(images: int, dimensions: int) -> float:
        """Return D: what does not vary does not correlate."""
        return float(dimensions)

    def compare(self, h1: Tensor, h2: Tensor, views: Views, net: Network) -> dict[str, Tensor]:
        """Return {"invariance", "redundancy"}, both weighted."""
        z1, z2 = net.project(h1), net.project(h2)
        with torch.autocast(z1.device.type, enabled=False):
            z1, z2 = at_least_float32(z1), at_least_float32(z2)
            if self.directions:
                length = z1.shape[1] ** 0.5  # C does not change by it, but the 1e-5 beside the variance stays small
                z1, z2 = length * F.normalize(z1, dim=1), length * F.normalize(z2, dim=1)
            invariance, redundancy = barlow_twins(cross_correlation(z1, z2))
        return {"invariance": self.scale * invariance, "redundancy": self.scale * self.redundancy * redundancy}
