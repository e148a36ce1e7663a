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

    def split(self, count: int) -> tuple[Features, Features]:
        """The first `count` and the others, in the same memory."""
        return Features(self.x[:count], self.y[:count]), Features(self.x[count:], self.y[count:])


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
    x = torch.empty(len(images), backbone.spec.stage_dims[-1], device=device)
    y = torch.empty(len(images), dtype=torch.int64, device=device)
    order, done = torch.arange(len(images)), 0
    for pixels, labels in batches(images, transform, order=order, batch=_BATCH, device=device):
        rows = slice(done, done := done + len(labels))
        x[rows], y[rows] = backbone(backbone.spec.normalise(pixels)), labels
    return Features(x, y)
