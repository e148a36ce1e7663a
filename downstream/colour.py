"""Colour spaces, given or learned: an invertible map of a pixel's three channels, and the split of an image by it.

Source: Tian et al. 2020 (InfoMin), arXiv 2005.10243; the blocks and the constants are those of the only public copy of
its view generator (github ali-design/GenRep, folder LearningView, generator.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from downstream.weights import read_weights

# Rows give the channels of the space from R, G, B in [0, 1]; YDbDr is that of SECAM television.
_FROM_RGB = {
    "rgb": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "ydbdr": ((0.299, 0.587, 0.114), (-0.45, -0.883, 1.333), (-1.333, 1.116, 0.217)),
}
# The channels that a block updates from the others, block after block.
_CYCLES: dict[str, tuple[tuple[int, ...], ...]] = {"rgb": ((0,), (1,), (2,)), "ydbdr": ((0,), (1, 2))}
_FLOWS = ("none", "vp", "nvp")


@dataclass(frozen=True)
class ColourSpec:
    """What has to be known to build a colour space.

    Attributes:
        space: "rgb" or "ydbdr", where the map starts from.
        mean: per-channel mean by which the channels of that space are standardised.
        std: per-channel scale, likewise.
        flow: what follows: "none", "vp" (volume preserving: additive couplings) or "nvp" (with a scale; derived).
        blocks: couplings, 0 for "none".
        hidden: channels between the two 1x1 convolutions of a coupling, 0 for "none".
    """

    space: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    flow: str
    blocks: int
    hidden: int

    def __post_init__(self) -> None:
        """Refuse values that name no colour space."""
        for rule, holds, value in (
            (f"space must be one of {sorted(_FROM_RGB)}", self.space in _FROM_RGB, self.space),
            ("mean must have 3 values", len(self.mean) == 3, self.mean),
            ("std must have 3 values > 0", len(self.std) == 3 and min(self.std) > 0, self.std),
            (f"flow must be one of {list(_FLOWS)}", self.flow in _FLOWS, self.flow),
        ):
            if not holds:
                raise ValueError(f"colour: {rule}, got {value!r}")
        for name, count in (("blocks", self.blocks), ("hidden", self.hidden)):
            if (count < 1) if self.learned else (count != 0):
                raise ValueError(f"colour: {name} must be {'>= 1' if self.learned else '0'}, got {count}")

    @property
    def learned(self) -> bool:
        """Whether there is anything to train."""
        return self.flow != "none"


class ColourSpace(nn.Module):
    """Maps normalised RGB to three other channels, pixel by pixel and invertibly: standardise, then the couplings.

    The linear part lies in the state dict beside the couplings, so that weights never meet another colour space.

    Args:
        spec: the colour space.
        mean: per-channel mean of the RGB that was subtracted from the input.
        std: per-channel standard deviation by which the input was divided.
    """

    matrix: Tensor
    offset: Tensor

    def __init__(self, spec: ColourSpec, *, mean: tuple[float, float, float], std: tuple[float, float, float]) -> None:
        super().__init__()
        self.spec = spec
        from_rgb, centre, scale = (_exact(values) for values in (_FROM_RGB[spec.space], spec.mean, spec.std))
        matrix = from_rgb * _exact(std) / scale[:, None]
        offset = (from_rgb @ _exact(mean) - centre) / scale
        self.register_buffer("matrix", matrix.float())
        self.register_buffer("offset", offset.float())
        cycle = _CYCLES[spec.space]
        self.blocks = nn.ModuleList(
            Coupling(cycle[n % len(cycle)], hidden=spec.hidden, scaled=spec.flow == "nvp", first=n == 0)
            for n in range(spec.blocks)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised RGB (N, 3, H, W) to the channels of the space, same shape."""
        c = self._standardise(_pixels(x))
        for block in self.blocks:
            c = block(c)
        return _image(c, x)

    def inverse(self, c: Tensor) -> Tensor:
        """Map the channels of the space (N, 3, H, W) back to normalised RGB."""
        pixels = _pixels(c)
        for block in reversed(self.blocks):
            assert isinstance(block, Coupling)
            pixels = block.inverse(pixels)
        inverse = torch.linalg.inv(self.matrix.double()).to(self.matrix)
        return _image(inverse @ (pixels - self.offset.unsqueeze(1)), c)

    def log_det(self, x: Tensor) -> Tensor:
        """Logarithm of the volume by which the map stretches at each pixel: (N, 3, H, W) to (N, H, W)."""
        c = self._standardise(_pixels(x))
        total: Tensor = torch.linalg.slogdet(self.matrix.double())[1].to(x) + torch.zeros_like(c[0])
        for block in self.blocks:
            assert isinstance(block, Coupling)
            total = total + block.log_det(c)
            c = block(c)
        return total.view(len(x), *x.shape[2:])

    def halves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Split normalised RGB (N, 3, H, W) into its first channel here and the other two, each (N, 3, H, W).

        What is missing is 0, the mean: a convolution of three channels then acts on (c1, 0, 0) as one of one channel
        does on c1, and on (0, c2, c3) as another one, of two channels.
        """
        c = self(x)
        return F.pad(c[:, :1], (0, 0, 0, 0, 0, 2)), F.pad(c[:, 1:], (0, 0, 0, 0, 1, 0))

    def _standardise(self, pixels: Tensor) -> Tensor:
        return self.matrix @ pixels + self.offset.unsqueeze(1)


class Coupling(nn.Module):
    """A block of the flow: the channels `updated`, x1, become x1 exp(tanh s(x2)) + t(x2); the others, x2, stay.

    Without the scale (s = 0) it is type 6 of the public generator: t is a 1x1 convolution, ReLU, and another one, with
    a leading ReLU in every block but the first. The scale is derived: the paper names a flow that does not preserve
    volume, but its public code has none. Pixels come as the columns of (3, P); a 1x1 convolution is a matrix product.

    Args:
        updated: channels that change.
        hidden: channels between the two convolutions.
        scaled: whether there is a scale.
        first: whether it is the first block.
    """

    def __init__(self, updated: tuple[int, ...], *, hidden: int, scaled: bool, first: bool) -> None:
        super().__init__()
        self.updated = updated
        self.kept = tuple(channel for channel in range(3) if channel not in updated)
        self.shift = self._net(hidden, first=first)
        self.scale = self._net(hidden, first=first) if scaled else None

    def forward(self, c: Tensor) -> Tensor:
        """Map (3, P) to the same shape."""
        x1, x2 = self._part(c)
        stretch = self._log_scale(x2)
        return self._whole((x1 if stretch is None else x1 * stretch.exp()) + self.shift(x2), c)

    def inverse(self, c: Tensor) -> Tensor:
        """Undo `forward`."""
        y1, x2 = self._part(c)
        stretch, x1 = self._log_scale(x2), y1 - self.shift(x2)
        return self._whole(x1 if stretch is None else x1 * (-stretch).exp(), c)

    def log_det(self, c: Tensor) -> Tensor:
        """Sum of the logarithms of the scales: (3, P) to (P,)."""
        stretch = self._log_scale(self._part(c)[1])
        return torch.zeros_like(c[0]) if stretch is None else stretch.sum(dim=0)

    def _net(self, hidden: int, *, first: bool) -> nn.Sequential:
        layers = [_PerPixel(len(self.kept), hidden), nn.ReLU(), _PerPixel(hidden, len(self.updated))]
        return nn.Sequential(*([] if first else [nn.ReLU()]), *layers)

    def _log_scale(self, x2: Tensor) -> Tensor | None:
        return None if self.scale is None else self.scale(x2).tanh()

    def _part(self, c: Tensor) -> tuple[Tensor, Tensor]:
        first, second = (torch.stack([c[n] for n in chosen]) for chosen in (self.updated, self.kept))
        return first, second

    def _whole(self, x1: Tensor, c: Tensor) -> Tensor:
        """Put the updated channels in the place of the old ones."""
        channels = list(c.unbind())
        for channel, values in zip(self.updated, x1.unbind(), strict=True):
            channels[channel] = values
        return torch.stack(channels)


class _PerPixel(nn.Linear):
    """A 1x1 convolution, and initialised like one; ten times as fast on a CPU for two or three channels."""

    def forward(self, c: Tensor) -> Tensor:
        """Map (channels, P) to (outputs, P)."""
        return self.weight @ c + self.bias.unsqueeze(1)


def _pixels(x: Tensor) -> Tensor:
    return x.transpose(0, 1).reshape(3, -1)


def _image(pixels: Tensor, like: Tensor) -> Tensor:
    return pixels.view(3, len(like), *like.shape[2:]).transpose(0, 1)


def _exact(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def load_colour(
    path: Path, spec: ColourSpec, *, mean: tuple[float, float, float], std: tuple[float, float, float]
) -> ColourSpace:
    """Build the colour space of `spec` and fill every tensor of it from `path`.

    Raises:
        ValueError: a tensor is missing, left over or of another shape, or the file holds something else.
    """
    colour = ColourSpace(spec, mean=mean, std=std)
    read_weights(path, colour, what=f"a colour space {spec.space}, {spec.flow}, {spec.blocks} blocks")
    return colour
