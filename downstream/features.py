"""Features of a frozen backbone: every image passes through it once."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from downstream.loading import Transform, batches

if TYPE_CHECKING:
    from downstream.backbone import Backbone
    from downstream.images import Images

_BATCH = 256

_RESIDENT = 2**31
"""Bytes; what is larger lies in a file: the training images of ImageNet have 10.5 GB of a ResNet-50's features."""


@dataclass(frozen=True)
class Features:
    """Features (N, F) and labels (N,) of one split."""

    x: Tensor
    y: Tensor

    def split(self, count: int) -> tuple[Features, Features]:
        """The first `count` and the others, in the same memory."""
        return Features(self.x[:count], self.y[:count]), Features(self.x[count:], self.y[count:])


@torch.no_grad()
def encode(
    backbone: Backbone, images: Images, transform: Transform, *, device: str, folder: Path | None = None
) -> Features:
    """Pass images through the backbone, which is left in evaluation mode.

    Args:
        backbone: on the device.
        images: N of them.
        transform: what becomes of an image before it is normalised.
        device: torch device string.
        folder: where features of a CPU that are larger than 2 GB lie, in a file without a name that goes with them;
            None to keep any in memory.

    Raises:
        OSError: the folder's disk is full.
    """
    backbone.eval()
    x = _room(len(images), backbone.spec.stage_dims[-1], device=device, folder=folder)
    y = torch.empty(len(images), dtype=torch.int64, device=device)
    order, done = torch.arange(len(images)), 0
    for pixels, labels in batches(images, transform, order=order, batch=_BATCH, device=device):
        rows = slice(done, done := done + len(labels))
        x[rows], y[rows] = backbone(backbone.spec.normalise(pixels)), labels
    return Features(x, y)


def _room(count: int, width: int, *, device: str, folder: Path | None) -> Tensor:
    """Room for features (count, width), on the device or in a file."""
    size = 4 * count * width
    if folder is None or device != "cpu" or size <= _RESIDENT:
        return torch.empty(count, width, device=device)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        os.posix_fallocate(file.fileno(), 0, size)  # else a full disk would kill the process at some later moment
        return torch.from_file(file.name, shared=True, size=count * width).view(count, width)
