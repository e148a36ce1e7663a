"""The images that objectives pretrain on."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

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
    return images.take(evenly_spread(data.limit, of=len(images.images)))


def evenly_spread(count: int, *, of: int) -> Tensor:
    """Places of `count` of `of` images, the first and the last among them, none twice; (count,) int64.

    In whole numbers: floating-point ones of 32 bits cannot tell the places of ImageNet's images apart.
    """
    steps = max(count - 1, 1)
    return (2 * torch.arange(count) * (of - 1) + steps) // (2 * steps)


def _label(source: ImageSource, root: Path, table: Path) -> ImageSource:
    """Take the labels from a CSV with the columns `file` and `label` (of its class, or empty).

    `file` is the path of an image below `root` or below the table's folder, or ends with its name where no two images
    have the same.
    """
    try:
        with table.open(newline="") as file:
            labels = {row["file"]: row["label"] for row in csv.DictReader(file)}
        ordered = _by_path(labels, source.names, below=_below(root, table.parent))
        ordered = ordered or _by_name_alone(labels, source.names, table)
    except (KeyError, OSError) as error:
        raise ValueError(
            f"labels: {table} must have columns file and label for every image of {root}: {error}"
        ) from error
    classes = tuple(sorted({*ordered} - {""}))
    places = {"": -1} | {name: place for place, name in enumerate(classes)}
    return replace(source, labels=torch.tensor([places[name] for name in ordered]), classes=classes)


def _below(root: Path, folder: Path) -> str:
    """The path from a folder to what is below it, with a slash behind it; "" for what is elsewhere."""
    return f"{root.relative_to(folder).as_posix()}/" if root.is_relative_to(folder) else ""


def _by_path(labels: Mapping[str, str], paths: Sequence[str], *, below: str) -> list[str] | None:
    """The labels of images, if the table has the paths of all of them."""
    for before in ("", below):
        if labels.keys() >= {before + path for path in paths}:
            return [labels[before + path] for path in paths]
    return None


def _by_name_alone(labels: Mapping[str, str], paths: Sequence[str], table: Path) -> list[str]:
    """The labels of images by what their paths end with.

    Raises:
        KeyError: the name of an image is not in the table.
        ValueError: a name is there of two images, or of two files of the table.
    """
    for what, files in (("images", paths), ("files", tuple(labels))):
        name, times = Counter(Path(file).name for file in files).most_common(1)[0] if files else ("", 0)
        if times > 1:
            raise ValueError(
                f"labels: {table} must have the path of every image, where names alone do not tell them apart, got "
                f"{times} {what} called {name}"
            )
    by_name = {Path(file).name: label for file, label in labels.items()}
    return [by_name[Path(path).name] for path in paths]
