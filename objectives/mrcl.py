"""MRCL (derived): masked views are compared, and each masked view's features reconstruct the view without its mask.

The paper (Liu et al. 2022, arXiv 2211.09013) is known here by its abstract alone. The loss below is derived from its
information-bottleneck reading: masking is the stronger augmentation (compression), reconstruction keeps the
discriminative task from overfitting (expression). It is not the paper's own form; no published number belongs to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from objectives.base import Base, Composed
from objectives.contract import Dims, Form, Network, Views
from objectives.decoder import build_decoder, reconstruction_error
from objectives.ranks import draw_normal, draw_uniform
from objectives.registry import OBJECTIVES

FILLS = ("mean", "noise")
TARGETS = ("full", "masked")
MASKED = ("both", "first")


def block_mask(count: int, size: int, *, block: int, ratio: float, generator: torch.Generator) -> Tensor:
    """Draw for each image a mask that hides the same number of random square blocks.

    Args:
        count: N.
        size: side of the image in pixels, a multiple of `block`.
        block: side of a block in pixels.
        ratio: share of the blocks that is hidden, in [0, 1); rounded to whole blocks.
        generator: random stream; the mask lies on its device.

    Returns:
        (N, 1, size, size) float, 0 where hidden and 1 elsewhere.
    """
    side = size // block
    rank = draw_uniform((count, side**2), generator=generator).argsort(1).argsort(1)
    kept = (rank >= round(ratio * side**2)).float().view(count, 1, side, side)
    return kept.repeat_interleave(block, dim=2).repeat_interleave(block, dim=3)


@OBJECTIVES.register_module("mrcl")
class MRCL(Composed):
    """base loss of f(m1*v1) and f(m2*v2) + weight * [MSE(D(f(m1*v1)), v1) + MSE(D(f(m2*v2)), v2)]; derived.

    At ratio 0 this is InfoCL's RC regulariser, bit for bit.
    """

    derived: ClassVar[bool] = True
    variants: ClassVar[tuple[Form, ...]] = (
        Form({"fill": "noise"}),
        Form({"target": "masked"}),
        Form({"masked": "first"}),
    )
    neutral: ClassVar[Mapping[str, float]] = {"weight": 0.0, "ratio": 0.0}
    exempt: ClassVar[Mapping[str, str]] = dict.fromkeys(("order", "swap"), "the masks of the two views are drawn apart")

    def __init__(
        self,
        dims: Dims,
        *,
        base: Base = "infonce",
        ratio: float = 0.25,  # no published value; the second of the grid 0.1, 0.25, 0.5, 0.75
        blocks: int = 8,  # per side: 4 px at 32, 8 px at 64
        weight: float = 1.0,  # lambda of InfoCL's RC on small images (arXiv 2203.07004, released settings)
        fill: str = "mean",  # of hidden pixels: mean (0, the views being normalised), or Gaussian noise
        target: str = "full",  # which pixels are to be reconstructed: all, or the masked ones
        masked: str = "both",  # or the first view alone
        decoder: str = "light",  # or infocl
    ) -> None:
        super().__init__("mrcl", base, dims)
        if not 0 <= ratio < 1:
            raise ValueError(f"mrcl: ratio must be in [0, 1), got {ratio}")
        if blocks < 1 or dims.image % blocks:
            raise ValueError(f"mrcl: blocks must divide the view's side of {dims.image} pixels, got {blocks}")
        if not 0 <= weight < math.inf:
            raise ValueError(f"mrcl: weight must be >= 0 and finite, got {weight}")
        for name, value, allowed in (("fill", fill, FILLS), ("target", target, TARGETS), ("masked", masked, MASKED)):
            if value not in allowed:
                raise ValueError(f"mrcl: {name} must be one of {', '.join(allowed)}, got {value!r}")
        least = 1 if ratio > 0 or target == "masked" else 0
        if not least <= round(ratio * blocks**2) < blocks**2:
            raise ValueError(f"mrcl: ratio must hide {least} to {blocks**2 - 1} of the {blocks**2} blocks, got {ratio}")
        self.ratio, self.block, self.weight = ratio, dims.image // blocks, weight
        self.fill, self.target, self.masked = fill, target, masked
        self.decoder = build_decoder("mrcl", decoder, dims)

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return the terms of the base loss on the masked views, and "reconstruct": weighted errors, summed."""
        x1, seen1 = self._hide(views.x1, self.ratio, net.generator)
        x2, seen2 = self._hide(views.x2, self.ratio if self.masked == "both" else 0.0, net.generator)
        h1, h2 = net.encode(x1).h, net.encode(x2).h
        terms = self.base.compare(h1, h2, replace(views, x1=x1, x2=x2), net)
        error = self._error(h1, views.x1, seen=seen1)
        if self.target == "full" or self.masked == "both":
            error = error + self._error(h2, views.x2, seen=seen2)
        terms["reconstruct"] = self.weight * error
        return terms

    def _hide(self, x: Tensor, ratio: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the view with hidden blocks, and (N, 1, S, S) of 0 where it is hidden and 1 elsewhere."""
        seen = block_mask(len(x), x.shape[-1], block=self.block, ratio=ratio, generator=generator).to(x.dtype)
        if self.fill == "mean":
            return x * seen, seen
        return torch.where(seen.bool(), x, draw_normal(x.shape, generator=generator).to(x.dtype)), seen

    def _error(self, h: Tensor, view: Tensor, *, seen: Tensor) -> Tensor:
        return reconstruction_error(self.decoder(h), view, counted=None if self.target == "full" else 1 - seen)
