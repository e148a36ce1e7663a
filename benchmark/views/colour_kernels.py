"""Colour of views on a GPU: jitter in one kernel, and grayscale, solarise and normalise in another.

What `operations` does in some three hundred launches a view, for images chosen anew at each of them, takes two here.
A program has one image and reads what is to be done with it from a table, so no choice of images waits for the CPU.
The arithmetic is that of `operations`; pixels differ from it by rounding.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from benchmark.views.parameters import ViewParameters

COLUMNS = 11
"""Of the table: whether to jitter, the order of the four operations, their factors, grayscale, solarise."""
_ORDER, _FACTORS, _GRAY, _SOLARIZE = tl.constexpr(1), tl.constexpr(5), tl.constexpr(9), tl.constexpr(10)
_BLOCK = 1024  # pixels of an image that a program works on at a time


def try_out(device: torch.device) -> None:
    """Compute what is known with both kernels; whatever stands in the way is raised."""
    pixel = torch.tensor([0.2, 0.4, 0.6]).view(1, 3, 1, 1)
    # Brightness by a half; then contrast, saturation and hue as they are. Then luma, inverted where it is 0.5 or more.
    table = torch.tensor([[1, 0, 1, 2, 3, 0.5, 1, 1, 0, 0, 0], [0, 0, 1, 2, 3, 1, 1, 1, 0, 1, 1]], device=device)
    views = pixel.repeat(2, 1, 3, 5).to(device)
    finish_(jitter_(views, table), table, mean=(0.1, 0.1, 0.1), std=(0.5, 0.5, 0.5))
    luma = 0.2989 * 0.2 + 0.587 * 0.4 + 0.114 * 0.6
    wanted = (torch.cat([pixel / 2, torch.full_like(pixel, luma)]) - 0.1) / 0.5
    torch.testing.assert_close(views.cpu(), wanted.expand_as(views))


def table_of(parameters: ViewParameters, *, device: torch.device) -> Tensor:
    """What happens to the colour of each image, as the kernels read it: (N, 11) float32 on the device."""
    jitter, gray, solarize = (
        flag.float().unsqueeze(1) for flag in (parameters.jitter, parameters.grayscale, parameters.solarize)
    )
    columns = (jitter, parameters.order.float(), parameters.factors, gray, solarize)
    return torch.cat(columns, dim=1).to(device, non_blocking=True)


def jitter_(views: Tensor, table: Tensor) -> Tensor:
    """Change brightness, contrast, saturation and hue of the images that are to be jittered, each in its own order.

    Args:
        views: (N, 3, H, W) float32 in [0, 1], contiguous; changed in place.
        table: (N, 11), of `table_of`.
    """
    if len(views):
        with torch.cuda.device_of(views):
            _jitter[(len(views),)](views, table, views[0, 0].numel(), COLUMNS, block=_BLOCK)
    return views


def finish_(views: Tensor, table: Tensor, *, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Take the colour from the images that lose it, solarise those that are to be, and normalise all.

    Args:
        views: (N, 3, H, W) float32 in [0, 1], contiguous; changed in place.
        table: (N, 11), of `table_of`.
        mean: of the three channels.
        std: likewise.
    """
    if len(views):
        with torch.cuda.device_of(views):
            _finish[(len(views),)](views, table, views[0, 0].numel(), COLUMNS, *mean, *std, block=_BLOCK)
    return views


@triton.jit
def _jitter(views, table, pixels, columns, block: tl.constexpr):
    image = tl.program_id(0).to(tl.int64)
    row, first = table + image * columns, views + image * 3 * pixels
    if tl.load(row) == 0:
        return
    contrast_at = 0
    for place in tl.static_range(4):
        contrast_at += tl.where(tl.load(row + _ORDER + place) == 1, place, 0)
    gray = tl.zeros((block,), tl.float32)
    for start in range(0, pixels, block):
        red, green, blue, inside, _ = _load(first, start, pixels, block)
        for place in tl.static_range(4):
            if place < contrast_at:
                red, green, blue = _operate(red, green, blue, row, place, 0.0)
        gray += tl.where(inside, _luma(red, green, blue), 0.0)
    mean = tl.sum(gray, 0) / pixels
    for start in range(0, pixels, block):
        red, green, blue, inside, pixel = _load(first, start, pixels, block)
        for place in tl.static_range(4):
            red, green, blue = _operate(red, green, blue, row, place, mean)
        _store(first, pixels, red, green, blue, inside, pixel)


@triton.jit
def _finish(views, table, pixels, columns, mean_r, mean_g, mean_b, std_r, std_g, std_b, block: tl.constexpr):
    image = tl.program_id(0).to(tl.int64)
    row, first = table + image * columns, views + image * 3 * pixels
    gray, solarize = tl.load(row + _GRAY) != 0, tl.load(row + _SOLARIZE) != 0
    for start in range(0, pixels, block):
        red, green, blue, inside, pixel = _load(first, start, pixels, block)
        luma = _luma(red, green, blue)
        red, green, blue = tl.where(gray, luma, red), tl.where(gray, luma, green), tl.where(gray, luma, blue)
        red = (tl.where(solarize, tl.minimum(red, 1 - red), red) - mean_r) / std_r
        green = (tl.where(solarize, tl.minimum(green, 1 - green), green) - mean_g) / std_g
        blue = (tl.where(solarize, tl.minimum(blue, 1 - blue), blue) - mean_b) / std_b
        _store(first, pixels, red, green, blue, inside, pixel)


@triton.jit
def _load(first, start, pixels, block: tl.constexpr):
    pixel = start + tl.arange(0, block)
    inside = pixel < pixels
    red = tl.load(first + pixel, mask=inside, other=0.0)
    green = tl.load(first + pixels + pixel, mask=inside, other=0.0)
    blue = tl.load(first + 2 * pixels + pixel, mask=inside, other=0.0)
    return red, green, blue, inside, pixel


@triton.jit
def _store(first, pixels, red, green, blue, inside, pixel):
    tl.store(first + pixel, red, mask=inside)
    tl.store(first + pixels + pixel, green, mask=inside)
    tl.store(first + 2 * pixels + pixel, blue, mask=inside)


@triton.jit
def _luma(red, green, blue):
    return red * 0.2989 + green * 0.587 + blue * 0.114


@triton.jit
def _clamp(x):
    return tl.minimum(tl.maximum(x, 0.0), 1.0)


@triton.jit
def _operate(red, green, blue, row, place, mean):
    """The operation at a place of the image's order."""
    operation = tl.load(row + _ORDER + place).to(tl.int32)
    factor = tl.load(row + _FACTORS + operation)
    if operation == 3:
        red, green, blue = _turn_hue(red, green, blue, factor)
    else:  # a blend with black, with the mean luma or with the pixel's own
        other = tl.where(operation == 0, 0.0, tl.where(operation == 1, mean, _luma(red, green, blue)))
        other = other * (1 - factor)
        red = _clamp(red * factor + other)
        green = _clamp(green * factor + other)
        blue = _clamp(blue * factor + other)
    return red, green, blue


@triton.jit
def _turn_hue(red, green, blue, shift):
    """`operations.adjust_hue_` says what M, C and x are."""
    top = tl.maximum(tl.maximum(red, green), blue)
    chroma = top - tl.minimum(tl.minimum(red, green), blue)
    numerator = tl.where(top == green, blue - red + 2 * chroma, red - green + 4 * chroma)
    numerator = tl.where(top == red, green - blue, numerator)
    hue = numerator / tl.maximum(chroma, 1e-30) + 6 * shift
    hue -= 6 * tl.floor(hue / 6)
    turned_red = top - 2 * chroma + chroma * _between_one_and_two(hue - 3)
    turned_green = top + chroma - chroma * _between_one_and_two(hue - 2)
    turned_blue = top + chroma - chroma * _between_one_and_two(hue - 4)
    return turned_red, turned_green, turned_blue


@triton.jit
def _between_one_and_two(x):
    return tl.minimum(tl.maximum(tl.abs(x), 1.0), 2.0)
