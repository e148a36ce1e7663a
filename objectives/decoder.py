"""Decoders from features back to pixels, for objectives that reconstruct."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from objectives.contract import Dims

# Channels of InfoCL's decoders [1] after the linear layer and after each doubling, by the side of the image in pixels.
_INFOCL = {32: (64, 256, 128, 64), 64: (128, 128, 128, 128, 128), 224: (64, 128, 128, 128, 64)}
DECODERS = ("light", "infocl")


def check_decoder(owner: str, kind: str) -> None:
    """Refuse a decoder that there is not.

    Raises:
        ValueError: names the objective, and what there is.
    """
    if kind not in DECODERS:
        raise ValueError(f"{owner}: decoder must be one of {', '.join(DECODERS)}, got {kind!r}")


def build_decoder(owner: str, kind: str, dims: Dims) -> nn.Module:
    """Build a decoder from h (N, F) to normalised images (N, 3, S, S).

    Args:
        owner: name of the objective, for the message.
        kind: "light", or "infocl" for the one of the paper, which costs more than a narrow backbone.
        dims: F and S.

    Raises:
        ValueError: there is no such decoder, or not for this side.
    """
    check_decoder(owner, kind)
    if kind == "light":
        return LightDecoder(owner, dims)
    return InfoCLDecoder(owner, dims)


class LightDecoder(nn.Sequential):
    """A linear layer to a small map of 64 channels, then one doubling layer after another, each half as wide.

    The layers follow InfoCL's decoders (Linear, BN, ReLU; ConvT, BN, ReLU; a last ConvT with bias and no activation).
    The first map has the side 4 to 7 that doublings lead from to S (4 for 64, 6 for 96, 7 for 224).
    """

    def __init__(self, owner: str, dims: Dims) -> None:
        doublings = max(0, dims.image.bit_length() - 3)
        start = dims.image >> doublings
        if start << doublings != dims.image or doublings < 1:
            raise ValueError(
                f"{owner}: decoder 'light' needs views of 4, 5, 6 or 7 times a power of two pixels, got {dims.image}"
            )
        widths = [max(16, 64 >> level) for level in range(doublings)]
        layers: list[nn.Module] = [*_seed(dims.features, widths[0], start)]
        for before, after in pairwise(widths):
            layers += [_double(before, after, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        super().__init__(*layers, _double(widths[-1], 3, bias=True))


class InfoCLDecoder(nn.Sequential):
    """The decoders of InfoCL (Wang et al. 2022, arXiv 2203.07004) for 32, 64 and 224 pixels."""

    def __init__(self, owner: str, dims: Dims) -> None:
        if dims.image not in _INFOCL:
            known = ", ".join(map(str, _INFOCL))
            raise ValueError(f"{owner}: decoder 'infocl' needs views of {known} pixels, got {dims.image}")
        widths = _INFOCL[dims.image]
        start = 7 if dims.image == 224 else 4
        layers: list[nn.Module] = [*_seed(dims.features, widths[0], start)]
        for before, after in pairwise(widths):
            layers += [_transposed(before, after, stride=2, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        doubled = start << (len(widths) - 1)
        super().__init__(*layers, _transposed(widths[-1], 3, stride=dims.image // doubled, bias=True))


def _seed(features: int, channels: int, side: int) -> tuple[nn.Module, ...]:
    """From h to the first map."""
    size = channels * side**2
    return (
        nn.Linear(features, size, bias=False),
        nn.BatchNorm1d(size),
        nn.ReLU(inplace=True),
        nn.Unflatten(1, (channels, side, side)),
    )


def _double(before: int, after: int, *, bias: bool) -> nn.ConvTranspose2d:
    """Twice the side; kernel 4 at stride 2 covers every pixel equally often (no checkerboard)."""
    return nn.ConvTranspose2d(before, after, kernel_size=4, stride=2, padding=1, bias=bias)


def _transposed(before: int, after: int, *, stride: int, bias: bool) -> nn.ConvTranspose2d:
    """`stride` times the side, 1 or 2, by a kernel of 3."""
    return nn.ConvTranspose2d(before, after, 3, stride=stride, padding=1, output_padding=stride - 1, bias=bias)


def reconstruction_error(decoded: Tensor, target: Tensor, *, counted: Tensor | None = None) -> Tensor:
    """Mean squared error over all elements, or over those that are counted.

    Args:
        decoded: (N, 3, S, S).
        target: (N, 3, S, S).
        counted: (N, 1, S, S) of 0 and 1, at least one 1; None counts all.
    """
    squares = (decoded - target).square()
    if counted is None:
        return squares.mean()
    return (squares * counted).sum() / (counted.sum() * squares.shape[1])
