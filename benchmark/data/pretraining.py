"""The images that objectives pretrain on."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from downstream.image_sets import ImageSet, open_images
from downstream.imagefolder import image_folder
from downstream.reading import Report, silent
from downstream.shards import read_shards, shard_paths

if TYPE_CHECKING:
    from benchmark.config import DataConfig
    from downstream.image_sources import ImageSource


NO_IMAGES = ImageSet(torch.empty(0, 3, 0, 0, dtype=torch.uint8), torch.empty(0, dtype=torch.int64), (), "")
"""What rows that train nothing pretrain on."""


def open_pretraining(data: DataConfig, *, data_root: Path, store: Path, report: Report = silent) -> ImageSet:
    """Open the pretraining images of a config, with labels where there are any.

    Labels are only for the supervised ceiling (`Views.labels` hides them from every other objective) and for the
    training of a colour space, which says how many it sees.

    Raises:
        ValueError: folder, shards or an image in them are missing or broken, or the label file does not fit them.
    """
    if data.limit < 0:
        raise ValueError(f"data: limit must be >= 0, got {data.limit}")
    root = data_root / data.pretrain
    shards = shard_paths(root)
    source = image_folder(root) if shards is None else read_shards(shards, store=store)
    if data.labels:
        source = _label(source, root, data_root / data.labels)
    images = open_images(source, image_size=data.image_size, store=store, stream=data.stream, report=report)
    images = replace(images, workers=data.workers)
    if not data.limit or data.limit >= len(images.images):
        return images
    return images.take(torch.linspace(0, len(images.images) - 1, data.limit).round().long())


def _label(source: ImageSource, root: Path, table: Path) -> ImageSource:
    """Take the labels from a CSV with the columns `file` (name of the image) and `label` (of its class, or empty)."""
    try:
        with table.open(newline="") as file:
            names = {Path(row["file"]).name: row["label"] for row in csv.DictReader(file)}
        ordered = [names[Path(name).name] for name in source.names]
    except (KeyError, OSError) as error:
        raise ValueError(
            f"labels: {table} must have columns file and label for every image of {root}: {error}"
        ) from error
    classes = tuple(sorted({*ordered} - {""}))
    places = {"": -1} | {name: place for place, name in enumerate(classes)}
    return replace(source, labels=torch.tensor([places[name] for name in ordered]), classes=classes)
