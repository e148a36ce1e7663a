"""Views that are channels of a colour space: the first one of one crop of an image, the other two of another crop."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.views.random_streams import uniform
from downstream.colour import ColourSpace

# Views count from 0, and RandAugment's streams from 2**31.
_STREAM = 2**31 - 1


class ChannelSplit(nn.Module):
    """Makes two views of two crops: channel 1 of the first crop, channels 2 and 3 of the second, the rest 0.

    Which of the two comes first is a coin's toss for every image, so that a batch holds as many of either. A shared
    backbone normalises by the statistics of batches, and keeps their average for later: batches of one half alone would
    leave an average that fits neither.

    Args:
        colour: the colour space; it is frozen.
        seed: of the toss.
    """

    def __init__(self, colour: ColourSpace, *, seed: int) -> None:
        super().__init__()
        self.colour, self.seed = colour.requires_grad_(False).eval(), seed

    @torch.no_grad()
    def forward(self, x1: Tensor, x2: Tensor, *, step: int, index: Tensor) -> tuple[Tensor, Tensor]:
        """Map two normalised crops (N, 3, H, W) to two views of the same shape; step and index as for `ViewPolicy`."""
        first, second = self.colour.halves(x1)[0], self.colour.halves(x2)[1]
        toss = uniform(seed=self.seed, step=step, index=index.cpu(), stream=_STREAM, draws=1)
        turned = (toss < 0.5).view(-1, 1, 1, 1).to(x1.device, non_blocking=True)
        return torch.where(turned, second, first), torch.where(turned, first, second)
