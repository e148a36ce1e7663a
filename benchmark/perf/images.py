"""The images that loops are measured on: CIFAR-10 where the user has it, else the embedded scenes."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from benchmark.config import load
from benchmark.data import shapes
from benchmark.data.pretraining import evenly_spread
from downstream.imagefolder import ImageSet, image_files, open_image_folder

DATA = "PERF_DATA"
"""Environment variable: folder with train/<class>/*, the images to measure on."""
_CIFAR10 = frozenset(("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"))


def images_to_measure_on(count: int, *, least: int, side: int = 32) -> tuple[ImageSet, str]:
    """Images in memory, spread evenly over what there is, and what they are called.

    Args:
        count: how many at most.
        least: how many at least; where the folder has fewer, they are embedded scenes.
        side: in pixels.

    Raises:
        ValueError: an image cannot be decoded.
    """
    root = Path(os.environ.get(DATA, "data")) / "train"
    files = list(image_files(root))
    with tempfile.TemporaryDirectory() as folder:
        if len(files) < least:
            files = list(image_files(_scenes(Path(folder))))
            called = "embedded scenes"
        else:
            called = _name(files, root)
        chosen = Path(folder) / "chosen"
        chosen.mkdir()
        for row in evenly_spread(min(count, len(files)), of=len(files)).tolist():
            (chosen / f"{row:08}{files[row].suffix}").symlink_to(files[row].resolve())
        packed = open_image_folder(chosen, image_size=side, store=Path(folder))
        return replace(packed, images=packed.images[torch.arange(len(packed.images))]), called


def _name(files: list[Path], root: Path) -> str:
    if {path.relative_to(root).parts[0] for path in files} != _CIFAR10:
        return "images of a folder"
    return "CIFAR-10 (JPEG)" if files[0].suffix.lower() in {".jpg", ".jpeg"} else "CIFAR-10"


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
