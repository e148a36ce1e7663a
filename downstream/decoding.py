"""The one way from the bytes of an image file to pixels, for all that is packed or streamed.

Chosen by measurement (`benchmark/perf/decoding.py`): Pillow reads every format, and a large JPEG at a fraction of its
size; torch resizes 8-bit pixels several times as fast as Pillow does. Why no decoder of JPEG alone is taken:
docs/data.md.
"""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

UNDECODABLE = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)
"""What Pillow's plugins raise on damaged or endless files, without a common base."""

PACKING = 2
"""Raised when the same files would be decoded to other pixels."""

_ROUNDING = 1e-3  # of a pixel, so that a quotient does not fall below the whole number that it is


def decode(data: bytes, *, size: int) -> Tensor:
    """Decode an image to RGB, resize its shorter side to S (bicubic, antialiased) and crop the centre.

    A JPEG of 2, 4 or 8 times that size is decoded at that fraction of its own, by libjpeg's smaller cosine transforms.

    Args:
        data: content of the file.
        size: S.

    Returns:
        (3, S, S) uint8.

    Raises:
        ValueError: no image, a damaged one, one without end, or one of more than 8 bits a channel.
    """
    try:
        with Image.open(io.BytesIO(data)) as file:
            refuse_deep(file)
            sides = _sides(file.size, size)
            fraction = file.draft(None, sides)
            drafted = file.size if fraction is None else fraction[1][2:]
            array = np.array(file if file.mode == "RGB" else file.convert("RGB"))  # which copies what is RGB
    except UNDECODABLE as error:
        raise ValueError(str(error)) from error
    pixels = torch.from_numpy(array).permute(2, 0, 1)
    if pixels.shape[1:] != sides[::-1] or drafted != sides:
        pixels = _resize(pixels, drafted=drafted, sides=sides)
    left, top = (side - size for side in sides)
    return pixels[:, top // 2 : top // 2 + size, left // 2 : left // 2 + size].contiguous()


def refuse_deep(file: Image.Image) -> None:
    """Refuse an opened grey image of whole numbers or floats of more than 8 bits, which Pillow clips at 255 for RGB.

    Raises:
        ValueError: it is one.
    """
    if file.mode.startswith(("I", "F")):
        raise ValueError(f"its pixels must have 8 bits a channel, got Pillow's mode {file.mode}")


def _resize(pixels: Tensor, *, drafted: tuple[float, float], sides: tuple[int, int]) -> Tensor:
    """Bring pixels (3, H, W) to width and height `sides`; of a row or column at the end, a part may be image."""
    (width, height), (wide, high) = sides, drafted
    if pixels.shape[1:] == (high, wide):
        return interpolate(pixels[None], (height, width), mode="bicubic", antialias=True)[0]
    scale = ((height + _ROUNDING) / high, (width + _ROUNDING) / wide)
    return interpolate(pixels[None], scale_factor=scale, mode="bicubic", antialias=True)[0]


def _sides(sides: tuple[int, int], size: int) -> tuple[int, int]:
    """Width and height after the shorter of them is brought to `size`."""
    width, height = (max(size, round(side * (size / min(sides)))) for side in sides)
    return width, height
