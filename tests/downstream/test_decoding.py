import io

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from downstream.decoding import decode


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind, quality=95)
    return file.getvalue()


def scene(width: int, height: int) -> Image.Image:
    """Smooth, with structure of about a tenth of its sides."""
    coarse = np.random.default_rng(width).integers(0, 256, (10, 10, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def by_pillow(content: bytes, size: int) -> NDArray[np.int64]:
    """Decoded in full, resized by Pillow, cropped."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    scale = size / min(image.size)
    sides = max(size, round(image.width * scale)), max(size, round(image.height * scale))
    left, top = ((side - size) // 2 for side in sides)
    cropped = image.resize(sides, Image.Resampling.BICUBIC).crop((left, top, left + size, top + size))
    return np.asarray(cropped).transpose(2, 0, 1).astype(np.int64)


def error(found: Tensor, wanted: NDArray[np.int64]) -> tuple[int, float]:
    """Largest difference, and the root of the mean square."""
    difference = found.numpy().astype(np.int64) - wanted
    return int(np.abs(difference).max()), float(np.sqrt((difference**2).mean()))


@pytest.mark.parametrize("sides", [(40, 40), (50, 40), (41, 63), (33, 40), (20, 30), (300, 41), (12, 90)], ids=str)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_images_below_twice_the_size_are_pillows_within_a_level_of_rounding(sides: tuple[int, int], kind: str) -> None:
    content = encoded(scene(*sides), kind)
    found = decode(content, size=40)
    assert found.shape == (3, 40, 40)
    assert found.dtype == torch.uint8
    assert found.is_contiguous()
    assert error(found, by_pillow(content, 40))[0] <= 1


@pytest.mark.parametrize("sides", [(80, 80), (81, 133), (240, 170), (330, 700), (1000, 999)], ids=str)
def test_large_jpegs_are_decoded_at_a_fraction_and_look_alike(sides: tuple[int, int]) -> None:
    content = encoded(scene(*sides))
    found = decode(content, size=40)
    assert found.shape == (3, 40, 40)
    worst, mean = error(found, by_pillow(content, 40))
    assert mean < 3  # levels; the contrast is some 60
    assert worst < 25


def test_an_image_of_the_right_size_keeps_its_pixels() -> None:
    image = scene(40, 40)
    assert np.array_equal(decode(encoded(image, "PNG"), size=40).numpy(), np.asarray(image).transpose(2, 0, 1))


@pytest.mark.parametrize("mode", ["L", "CMYK"])
@pytest.mark.parametrize("sides", [(60, 50), (200, 170)], ids=str)
def test_grey_and_printed_jpegs_become_rgb(mode: str, sides: tuple[int, int]) -> None:
    content = encoded(scene(*sides).convert(mode))
    assert error(decode(content, size=40), by_pillow(content, 40))[1] < 2


@pytest.mark.parametrize("content", [b"", b"words", encoded(scene(90, 90))[:800], encoded(scene(30, 30), "PNG")[:200]])
def test_what_is_no_whole_image_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(content, size=40)
