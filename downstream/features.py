"""Features of a frozen backbone: every image passes through it once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from downstream.loading import Transform, batches

if TYPE_CHECKING:
    from downstream.backbone import Backbone
    from downstream.images import Images

_BATCH = 256


@dataclass(frozen=True)
class Features:
    """Features (N, F) and labels (N,) of one split."""

    x: Tensor
    y: Tensor

    def take(self, index: Tensor) -> Features:
        """Those at `index` (M,)."""
        return Features(self.x[index], self.y[index])


@torch.no_grad()
def encode(backbone: Backbone, images: Images, transform: Transform, *, device: str) -> Features:
    """Pass images through the backbone, which is left in evaluation mode.

    Args:
        backbone: on the device.
        images: N of them.
        transform: what becomes of an image before it is normalised.
        device: torch device string.
    """
    backbone.eval()
    x, y = [], []
    for pixels, labels in batches(images, transform, order=torch.arange(len(images)), batch=_BATCH, device=device):
        x.append(backbone(backbone.spec.normalise(pixels)))
        y.append(labels)
    return Features(torch.cat(x), torch.cat(y))
