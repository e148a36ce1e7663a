"""The images that loops are measured on: CIFAR-10 where the user has it, else the embedded scenes."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch

from benchmark.config import load
from benchmark.data import shapes
from downstream.imagefolder import ImageSet, open_image_folder

DATA = "PERF_DATA"
"""Environment variable: folder with train/<class>/*, the images to measure on."""
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def images_to_measure_on(count: int, *, side: int = 32) -> tuple[ImageSet, str]:
    """Images in memory, spread evenly over what there is, and what they are called.

    Args:
        count: how many at most.
        side: in pixels.

    Raises:
        ValueError: a folder of images is broken.
    """
    root = Path(os.environ.get(DATA, "data")) / "train"
    images = _decoded(root if root.is_dir() else None, side)
    index = torch.linspace(0, len(images.images) - 1, min(count, len(images.images))).round().long()
    if not root.is_dir():
        return images.take(index), "embedded scenes"
    return images.take(index), "CIFAR-10 (JPEG)" if images.classes == _CIFAR10 else "images of a folder"


@cache
def _decoded(root: Path | None, side: int) -> ImageSet:
    with tempfile.TemporaryDirectory() as folder:
        found = open_image_folder(root or _scenes(Path(folder)), image_size=side, store=Path(folder))
        return replace(found, images=found.images.clone())


def random_images(count: int, *, side: int) -> ImageSet:
    """White noise in memory, for what does not look at it."""
    pixels = torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8)
    return ImageSet(pixels, torch.full((count,), -1), (), "")


def _scenes(folder: Path) -> Path:
    scenes = load("shapes").data.shapes
    assert scenes is not None
    few = {"classification_train": 16, "classification_test": 16, "dense_train": 2, "dense_test": 1}
    shapes.ensure(replace(scenes, pretrain=2048, **few), folder / "shapes")
    return folder / "shapes" / "pretrain" / "images"
