"""The images that objectives pretrain on."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from downstream.imagefolder import ImageSet, image_files, open_image_folder

if TYPE_CHECKING:
    from benchmark.config import DataConfig


NO_IMAGES = ImageSet(torch.empty(0, 3, 0, 0, dtype=torch.uint8), torch.empty(0, dtype=torch.int64), (), "")
"""What rows that train nothing pretrain on."""


def open_pretraining(data: DataConfig, *, data_root: Path, store: Path) -> ImageSet:
    """Open the pretraining images of a config, with labels where there are any.

    Labels are only for the supervised ceiling (`Views.labels` hides them from every other objective) and for the
    training of a colour space, which says how many it sees.

    Raises:
        ValueError: the folder or an image in it is missing or broken, or the label file does not fit the images.
    """
    folder = data_root / data.pretrain
    images = open_image_folder(folder, image_size=data.image_size, store=store)
    if data.labels:
        images = _label(images, folder, data_root / data.labels)
    if data.limit < 0:
        raise ValueError(f"data: limit must be >= 0, got {data.limit}")
    if not data.limit or data.limit >= len(images.images):
        return images
    return images.take(torch.linspace(0, len(images.images) - 1, data.limit).round().long())


def _label(images: ImageSet, folder: Path, table: Path) -> ImageSet:
    """Take the labels from a CSV with the columns `file` (name of the image) and `label` (of its class, or empty)."""
    try:
        with table.open(newline="") as file:
            names = {Path(row["file"]).name: row["label"] for row in csv.DictReader(file)}
        ordered = [names[path.name] for path in image_files(folder)]
    except (KeyError, OSError) as error:
        raise ValueError(
            f"labels: {table} must have columns file and label for every image of {folder}: {error}"
        ) from error
    classes = tuple(sorted({*ordered} - {""}))
    labels = torch.tensor([classes.index(name) if name else -1 for name in ordered])
    digest = hashlib.sha256(f"{images.digest}/{ordered}".encode()).hexdigest()[:16]
    return ImageSet(images.images, labels, classes, digest)
