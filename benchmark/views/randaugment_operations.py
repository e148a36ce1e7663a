"""The operations of RandAugment that the colour jitter has not, with one parameter per sample, on any device.

Images are (N, 3, H, W) float32 in [0, 1]; a trailing underscore means that they are changed in place and returned.
Each function computes what torchvision's operation of the same name computes for one image, on the 8-bit scale where
the operation is defined on 8 bits; where it differs, its docstring says so.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# What lies outside an image: (124, 116, 104) on the 8-bit scale, in RGB.
FILL = (124 / 255, 116 / 255, 104 / 255)
# The nine weights of the sharpness filter are one, but for the middle one, over their sum.
_FILTER_CENTRE, _FILTER_SUM = 5, 13


def autocontrast(images: Tensor) -> Tensor:
    """Stretch every channel of every image to [0, 1].

    A channel whose values lie within half a step of the 8-bit scale is flat and stays: torchvision, on floats, would
    make an image of its rounding errors.
    """
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    flat = high - low < 0.5 / 255
    low, span = low.masked_fill(flat, 0), (high - low).masked_fill(flat, 1)
    return (images - low).div_(span).clamp_(0, 1)


def equalize(images: Tensor) -> Tensor:
    """Spread the 8-bit levels of every channel so that each is about as frequent.

    A level becomes the number of darker pixels, counted in steps of (pixels darker than the brightest level) // 255 and
    rounded. A channel with fewer than 255 pixels below its brightest level stays, but for the cut to 8 bits.
    """
    levels = _to_levels(images).long().flatten(2)
    counts = levels.new_zeros(*levels.shape[:2], 256).scatter_add_(2, levels, torch.ones_like(levels))
    darker = counts.cumsum(2) - counts
    step = darker.gather(2, levels.amax(2, keepdim=True)) // 255
    spread = ((darker + step // 2) // step.clamp(min=1)).clamp_(max=255)
    table = spread.where(step > 0, torch.arange(256, device=images.device))
    return table.gather(2, levels).view(images.shape).to(images.dtype).div_(255)


def invert(images: Tensor) -> Tensor:
    """Negative of every image."""
    return 1 - images


def posterize(images: Tensor, bits: Tensor) -> Tensor:
    """Keep the highest bits of the 8-bit levels: bits (N,) whole numbers, 8 only cuts to 8 bits, 0 is black."""
    step = torch.exp2(8 - _per_image(bits))
    return _to_levels(images).div_(step).floor_().mul_(step).div_(255)


def solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Invert every value that is at least the threshold: (N,), above 1 nothing is."""
    return torch.where(images < _per_image(threshold), images, 1 - images)


def solarize_add(images: Tensor, addend: Tensor) -> Tensor:
    """Add to every value below the middle of the 8-bit scale, 128: addend (N,) on the scale of the images."""
    return torch.where(images < 128 / 255, images + _per_image(addend), images).clamp_(0, 1)


def adjust_sharpness_(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with a 3 x 3 smoothing, borders excepted: factor (N,) 0 is smooth, 1 changes nothing, more is sharper."""
    if min(images.shape[2:]) > 2:
        inner = images[:, :, 1:-1, 1:-1]
        smooth = F.avg_pool2d(images, 3, stride=1, divisor_override=_FILTER_SUM)
        smooth.add_(inner, alpha=(_FILTER_CENTRE - 1) / _FILTER_SUM)
        inner.copy_(inner.sub(smooth).mul_(_per_image(factor)).add_(smooth))
    return images.clamp_(0, 1)


def warp(images: Tensor, matrix: Tensor, *, mode: str = "bilinear") -> Tensor:
    """Sample every image elsewhere, with `FILL` outside.

    At the border pixels blend with the fill in proportion; torchvision counts the outside in twice there.

    Args:
        images: (N, 3, S, S).
        matrix: (N, 2, 3), where pixels come from: (x, y) = matrix @ (x', y', 1), -1 to 1 from edge to edge.
        mode: "bilinear" or "bicubic".

    Returns:
        (N, 3, S, S).
    """
    size = images.shape[3]
    place = (torch.arange(size, device=images.device) * 2 + 1) / size - 1
    to_x, to_y = matrix.to(images.dtype).view(-1, 2, 3, 1, 1).unbind(1)
    # Elementwise, so that no image's coordinates depend on how many there are.
    grid = torch.stack([a * place + b * place.unsqueeze(1) + c for a, b, c in (to_x.unbind(1), to_y.unbind(1))], dim=3)
    fill = torch.tensor(FILL).view(1, 3, 1, 1).to(images.device, non_blocking=True)
    sampled = F.grid_sample(images - fill, grid, mode=mode, padding_mode="zeros", align_corners=False)
    return sampled.add_(fill).clamp_(0, 1)


def rotation(radians: Tensor) -> Tensor:
    """Matrices for `warp` that turn about the centre: radians (N,), counter-clockwise, to (N, 2, 3)."""
    cos, sin, none = radians.cos(), radians.sin(), torch.zeros_like(radians)
    return torch.stack([cos, -sin, none, sin, cos, none], dim=1).view(-1, 2, 3)


def shear_x(slope: Tensor) -> Tensor:
    """Matrices for `warp` that take a row from slope times its distance from the top further right: (N,), (N, 2, 3)."""
    one, none = torch.ones_like(slope), torch.zeros_like(slope)
    return torch.stack([one, slope, slope, none, one, none], dim=1).view(-1, 2, 3)


def shear_y(slope: Tensor) -> Tensor:
    """As `shear_x`, for columns: slope times their distance from the left edge further down."""
    return _transposed(shear_x(slope))


def translate_x(share: Tensor) -> Tensor:
    """Matrices for `warp` that take every pixel from share times the side further right: (N,) to (N, 2, 3)."""
    one, none = torch.ones_like(share), torch.zeros_like(share)
    return torch.stack([one, none, 2 * share, none, one, none], dim=1).view(-1, 2, 3)


def translate_y(share: Tensor) -> Tensor:
    """As `translate_x`, further down."""
    return _transposed(translate_x(share))


def _transposed(matrix: Tensor) -> Tensor:
    """The same with x and y exchanged."""
    return matrix[:, [1, 0]][:, :, [1, 0, 2]]


def _to_levels(images: Tensor) -> Tensor:
    """Whole numbers 0 to 255, by torchvision's conversion to 8 bits: 256 bins of one width, but for the last."""
    return (images * (256 - 1e-3)).floor_().clamp_(0, 255)


def _per_image(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)
