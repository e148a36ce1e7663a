"""MRCL (derived): masked views are contrasted, and each masked view's features reconstruct the view without its mask.

The paper (Liu et al. 2022, arXiv 2211.09013) is known here by its abstract alone. The loss below is derived from its
information-bottleneck reading: masking is the stronger augmentation (compression), reconstruction keeps the
discriminative task from overfitting (expression). It is not the paper's own form; no published number belongs to it.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from objectives.contract import Dims, Network, Objective, Views
from objectives.decoder import Decoder
from objectives.infonce import info_nce
from objectives.registry import OBJECTIVES


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
    rank = torch.rand(count, side**2, generator=generator, device=generator.device).argsort(1).argsort(1)
    kept = (rank >= round(ratio * side**2)).float().view(count, 1, side, side)
    return kept.repeat_interleave(block, dim=2).repeat_interleave(block, dim=3)


@OBJECTIVES.register_module("mrcl")
class MRCL(Objective):
    """InfoNCE(f(m1*v1), f(m2*v2)) + weight * [MSE(D(f(m1*v1)), v1) + MSE(D(f(m2*v2)), v2)]; derived.

    Masked pixels become 0, the mean colour. The target is the whole view. At ratio 0 this is InfoCL's RC regulariser.
    """

    derived: ClassVar[bool] = True

    def __init__(
        self,
        dims: Dims,
        *,
        temperature: float = 0.5,  # as infonce, so that the two differ in the objective alone
        ratio: float = 0.25,  # no published value; the second of the grid 0.1, 0.25, 0.5, 0.75
        blocks: int = 8,  # per side: 4 px at 32, 8 px at 64
        weight: float = 1.0,  # lambda of InfoCL's RC on small images (arXiv 2203.07004, released settings)
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"mrcl: temperature must be > 0, got {temperature}")
        if not 0 <= ratio < 1:
            raise ValueError(f"mrcl: ratio must be in [0, 1), got {ratio}")
        if blocks < 1 or dims.image % blocks:
            raise ValueError(f"mrcl: blocks must divide the view's side of {dims.image} pixels, got {blocks}")
        if not weight >= 0:
            raise ValueError(f"mrcl: weight must be >= 0, got {weight}")
        self.temperature, self.ratio, self.weight = temperature, ratio, weight
        self.block = dims.image // blocks
        self.decoder = Decoder(dims.features, dims.image)

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return {"contrast": NT-Xent of the masked views, "reconstruct": weighted MSE summed over the views}."""
        h1, h2 = (net.encode(self._hide(x, net.generator)).h for x in (views.x1, views.x2))
        errors = F.mse_loss(self.decoder(h1), views.x1) + F.mse_loss(self.decoder(h2), views.x2)
        contrast = info_nce(net.project(h1), net.project(h2), temperature=self.temperature)
        return {"contrast": contrast, "reconstruct": self.weight * errors}

    def _hide(self, x: Tensor, generator: torch.Generator) -> Tensor:
        return x * block_mask(len(x), x.shape[-1], block=self.block, ratio=self.ratio, generator=generator)
