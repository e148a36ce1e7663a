"""A light decoder from features back to pixels, for objectives that reconstruct."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn


class Decoder(nn.Module):
    """Map h (N, F) to an image (N, 3, S, S): a linear layer to a small map, then one doubling layer after another.

    The layers follow the decoders of InfoCL (arXiv 2203.07004: Linear, BN, ReLU; ConvT, BN, ReLU; a last ConvT with
    bias and no activation), but are narrower: the paper's 32-pixel decoder costs more than a narrow backbone.

    Args:
        features: F.
        size: S; the first map has the side 4 to 7 that doublings lead from to S (4 for 64, 6 for 96, 7 for 224).
        channels: channels of the first map; halved at every doubling, never below 16.
    """

    def __init__(self, features: int, size: int, *, channels: int = 64) -> None:
        super().__init__()
        doublings = max(0, size.bit_length() - 3)
        start = size >> doublings
        if start << doublings != size or doublings < 1:
            raise ValueError(f"decoder: the image side must be 4, 5, 6 or 7 times a power of two, got {size}")
        widths = [max(16, channels >> level) for level in range(doublings)]
        self.seed = nn.Sequential(
            nn.Linear(features, channels * start**2, bias=False),
            nn.BatchNorm1d(channels * start**2),
            nn.ReLU(inplace=True),
            nn.Unflatten(1, (channels, start, start)),
        )
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [_double(before, after, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        self.grow = nn.Sequential(*layers, _double(widths[-1], 3, bias=True))

    def forward(self, h: Tensor) -> Tensor:
        """Map features (N, F) to images (N, 3, S, S) in the normalised scale of the views."""
        image: Tensor = self.grow(self.seed(h))
        return image


def _double(before: int, after: int, *, bias: bool) -> nn.ConvTranspose2d:
    """Twice the side; kernel 4 at stride 2 covers every pixel equally often (no checkerboard)."""
    return nn.ConvTranspose2d(before, after, kernel_size=4, stride=2, padding=1, bias=bias)
