"""Is a COCO tree there, readable and consistent? Asked before training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from downstream import trees


@dataclass(frozen=True)
class CocoSplit:
    """An annotation file and the folder of the images that it names."""

    annotations: Path
    images: Path

    @property
    def layout(self) -> str:
        """The files that are expected, in words."""
        return f"{self.annotations}, {self.images}/FILE_NAME"


@dataclass(frozen=True)
class _Content:
    sizes: dict[Path, tuple[int, int]]
    learnt: set[str]  # classes with an object that is no crowd


def check(train: Sequence[CocoSplit], test: Sequence[CocoSplit], *, classes: Sequence[str], masks: bool) -> None:
    """Check both splits: every annotation, that parts belong together, a sample of images; and no image in common.

    Images without objects, and crowds, are allowed.

    Args:
        train: parts of the training split.
        test: parts of the test split.
        classes: names that every annotation file must have as categories.
        masks: whether objects must have a segmentation.

    Raises:
        ValueError: in one line, what is missing, unreadable, unknown or in both.
    """
    read = [[_check_split(split, classes=classes, masks=masks) for split in splits] for splits in (train, test)]
    trees.require_apart(*([path for each in contents for path in each.sizes] for contents in read), tree="COCO")
    trees.require_every_class({name for each in read[0] for name in each.learnt}, classes, tree="COCO")


def _check_split(split: CocoSplit, *, classes: Sequence[str], masks: bool) -> _Content:
    for path in (split.annotations, split.images):
        trees.require(path, tree="COCO", layout=split.layout)
    content = _read(split, classes=classes, masks=masks)
    files = dict.fromkeys(content.sizes, split.annotations)
    trees.check_images(content.sizes, tree="COCO", layout=split.layout, annotation=files)
    return content


def _read(split: CocoSplit, *, classes: Sequence[str], masks: bool) -> _Content:
    file = split.annotations
    try:
        content: dict[str, Any] = json.loads(file.read_text())
        images = {each["id"]: (str(each["file_name"]), each["width"], each["height"]) for each in content["images"]}
        categories = {category["id"]: str(category["name"]) for category in content["categories"]}
        # `area` has no use here, but mmdet reads it.
        entries = [
            (each["image_id"], each["category_id"], each["bbox"], each["area"]) for each in content["annotations"]
        ]
        learnt = {each["category_id"] for each in content["annotations"] if not each.get("iscrowd")}
        bare = [each["id"] for each in content["annotations"] if not each.get("segmentation")]
        identifiers = {each["id"] for each in content["annotations"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"COCO: {file} is no COCO annotation file: {type(error).__name__}: {error}") from error
    if not images:
        raise ValueError(f"COCO: {file} lists no images")
    if len(identifiers) < len(entries):
        raise ValueError(f"COCO: {file} has several annotations with one id")
    if masks and bare:
        raise ValueError(f"COCO: {file} has no segmentation in the annotation {bare[0]}, and masks are trained")
    _check_entries([entry[:3] for entry in entries], images, categories, file=file)
    _check_categories(categories, {entry[1] for entry in entries}, classes, file=file)
    sizes = {split.images / name: (width, height) for name, width, height in images.values()}
    return _Content(sizes, {categories[category] for category in learnt})


def _check_entries(
    entries: list[tuple[Any, Any, list[float]]],
    images: dict[Any, tuple[str, int, int]],
    categories: dict[Any, str],
    *,
    file: Path,
) -> None:
    """Every annotation has its image, its category, and a box in the image."""
    for image, category, box in entries:
        if image not in images or category not in categories or len(box) != 4:
            raise ValueError(
                f"COCO: {file} has an annotation of image {image}, category {category}, box {box}: no such"
            )
        left, top, width, height = box
        name, *size = images[image]
        corners = (left, top, left + width, top + height)
        trees.check_inside([corners], (size[0], size[1]), file=f"{file}, image {name},", tree="COCO")


def _check_categories(categories: dict[Any, str], used: set[Any], classes: Sequence[str], *, file: Path) -> None:
    absent = [name for name in classes if name not in categories.values()]
    if absent:
        raise ValueError(f"COCO: {file} has no category '{absent[0]}'; it has {', '.join(categories.values())}")
    trees.require_known({categories[category] for category in used}, classes, file=file, tree="COCO")
