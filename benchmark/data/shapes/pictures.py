"""Images with their ground truth: the form in which every tree is written.

Shape legend: S pixels per side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmark.data.shapes.render import render_with_extent
from benchmark.data.shapes.scene import Scenes

MIN_VISIBLE = 0.3  # less than this share of its pixels, and an object cannot be told from a part of another
BATCH = 32  # its tensors fit in a processor's cache
JPEG_QUALITY = 95


@dataclass(frozen=True)
class Thing:
    """An object that counts as ground truth.

    Attributes:
        shape: Index into `SHAPES`.
        mask: (S, S) bool, its visible part.
        box: Extent of the mask: left, top, right, bottom in pixels, the last two one past the end.
        truncated: Whether it touches the image's border.
    """

    shape: int
    mask: NDArray[np.bool_]
    box: tuple[int, int, int, int]
    truncated: bool


@dataclass(frozen=True)
class Picture:
    """An image and what is in it.

    Attributes:
        image: (S, S, 3) uint8.
        things: Its objects, the nearest first.
        ignored: (S, S) bool, what is seen of objects that are hidden too much to count.
    """

    image: NDArray[np.uint8]
    things: tuple[Thing, ...]
    ignored: NDArray[np.bool_]

    def save(self, path: Path) -> None:
        """Write the image as JPEG, at full colour resolution: the classes differ in their outlines."""
        Image.fromarray(self.image).save(path, format="JPEG", quality=JPEG_QUALITY, subsampling=0)


def pictures(scenes: Scenes, *, image_size: int) -> Iterator[Picture]:
    """Draw scenes one after the other; `image_size` is S."""
    for batch in scenes.batches(BATCH):
        images, masks, extents = render_with_extent(batch, image_size=image_size)
        counted = masks.sum((2, 3)) >= MIN_VISIBLE * extents.sum((2, 3)).clamp(min=1)
        parts = (images.permute(0, 2, 3, 1), masks, counted, batch.shape, batch.count)
        yield from map(_picture, *(part.numpy() for part in parts))


def _picture(
    image: NDArray[np.uint8],
    masks: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    shapes: NDArray[np.int64],
    count: int,
) -> Picture:
    things = tuple(_thing(int(shapes[slot]), masks[slot]) for slot in range(count) if counted[slot])
    return Picture(image=image, things=things, ignored=np.logical_or.reduce(masks[~counted], axis=0))


def _thing(shape: int, mask: NDArray[np.bool_]) -> Thing:
    rows, columns = mask.nonzero()
    left, top, right, bottom = int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
    truncated = min(left, top) == 0 or max(right, bottom) == len(mask)
    return Thing(shape=shape, mask=mask, box=(left, top, right, bottom), truncated=truncated)
