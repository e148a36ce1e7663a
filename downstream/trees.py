"""Are the VOC, COCO and ADE20K trees there, readable and consistent? Asked before training, without mm packages."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

_SAMPLE = 2000  # images decoded per split: all of a small tree, an even spread of a large one

_VOC_SIDES = ("xmin", "ymin", "xmax", "ymax")
_VOC_LAYOUT = "VOC2007/{JPEGImages/*.jpg, Annotations/*.xml, ImageSets/Main/{trainval,test}.txt}"
_COCO_LAYOUT = "{train2017,val2017}/*.jpg, annotations/instances_{train,val}2017.json"
_ADE_LAYOUT = "{images/*.jpg, annotations/*.png} with the folders training and validation in both"


def check_voc(root: Path, *, classes: Sequence[str]) -> None:
    """Check a VOCdevkit folder: lists, every annotation, a sample of images.

    Raises:
        ValueError: in one line, what is missing, unreadable or unknown.
    """
    folder = root / "VOC2007"
    for name in ("JPEGImages", "Annotations", "ImageSets/Main/trainval.txt", "ImageSets/Main/test.txt"):
        _require(folder / name, tree="VOC", layout=_VOC_LAYOUT)
    for split in ("trainval", "test"):
        listing = folder / f"ImageSets/Main/{split}.txt"
        names = listing.read_text().split()
        if not names:
            raise ValueError(f"VOC: {listing} lists no images")
        for name in names:
            _check_voc_annotation(folder / f"Annotations/{name}.xml", classes=classes)
        _check_images([folder / f"JPEGImages/{name}.jpg" for name in names], tree="VOC", layout=_VOC_LAYOUT)


def _check_voc_annotation(file: Path, *, classes: Sequence[str]) -> None:
    _require(file, tree="VOC", layout=_VOC_LAYOUT)
    try:
        objects = ElementTree.parse(file).getroot().findall("object")
        names = {entry.findtext("name", default="") for entry in objects}
        boxes = [[float(entry.findtext(f"bndbox/{side}", default="")) for side in _VOC_SIDES] for entry in objects]
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"VOC: {file} is no VOC annotation: {error}") from error
    _require_known(names, classes, file=file, tree="VOC")
    if any(right < left or bottom < top for left, top, right, bottom in boxes):
        raise ValueError(f"VOC: {file} has a box whose right or bottom side comes first")


def check_coco(root: Path, *, classes: Sequence[str]) -> None:
    """Check a COCO folder: both annotation files, that their parts belong together, a sample of images.

    Raises:
        ValueError: in one line, what is missing, unreadable or unknown.
    """
    for split in ("train", "val"):
        images = root / f"{split}2017"
        file = root / f"annotations/instances_{split}2017.json"
        for path in (images, file):
            _require(path, tree="COCO", layout=_COCO_LAYOUT)
        names = _check_coco_annotations(file, classes=classes)
        _check_images([images / name for name in names], tree="COCO", layout=_COCO_LAYOUT)


def _check_coco_annotations(file: Path, *, classes: Sequence[str]) -> list[str]:
    """Return the image files that the annotation file names."""
    try:
        content: dict[str, Any] = json.loads(file.read_text())
        images = {image["id"]: str(image["file_name"]) for image in content["images"]}
        categories = {category["id"]: str(category["name"]) for category in content["categories"]}
        links = [(entry["image_id"], entry["category_id"], entry["bbox"]) for entry in content["annotations"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"COCO: {file} is no COCO annotation file: {type(error).__name__}: {error}") from error
    if not images:
        raise ValueError(f"COCO: {file} lists no images")
    for image, category, box in links:
        if image not in images or category not in categories or len(box) != 4:
            raise ValueError(
                f"COCO: {file} has an annotation of image {image}, category {category}, box {box}: no such"
            )
    absent = [name for name in classes if name not in categories.values()]
    if absent:
        raise ValueError(f"COCO: {file} has no category '{absent[0]}'; it has {', '.join(categories.values())}")
    _require_known({categories[category] for _, category, _ in links}, classes, file=file, tree="COCO")
    return list(images.values())


def check_ade20k(root: Path, *, classes: Sequence[str]) -> None:
    """Check an ADEChallengeData2016 folder: a label map for every image, a sample of both decoded, labels in range.

    Labels are 0 for "other", then the classes from 1.

    Raises:
        ValueError: in one line, what is missing, unreadable or out of range.
    """
    for split in ("training", "validation"):
        images, maps = root / "images" / split, root / "annotations" / split
        for path in (images, maps):
            _require(path, tree="ADE20K", layout=_ADE_LAYOUT)
        files = sorted(images.glob("*.jpg"))
        if not files:
            raise ValueError(f"ADE20K: {images} holds no .jpg images")
        for file in files:
            _require(maps / f"{file.stem}.png", tree="ADE20K", layout=_ADE_LAYOUT)
        _check_images(files, tree="ADE20K", layout=_ADE_LAYOUT)
        for file in _spread(files):
            _check_label_map(maps / f"{file.stem}.png", image=file, classes=classes)


def _check_label_map(file: Path, *, image: Path, classes: Sequence[str]) -> None:
    labels = np.asarray(_decode(file, tree="ADE20K"))
    if labels.ndim != 2:
        raise ValueError(f"ADE20K: {file} must be a label map with one channel, got shape {labels.shape}")
    if labels.max() > len(classes):
        raise ValueError(f"ADE20K: {file} must hold labels 0 to {len(classes)}, got {labels.max()}")
    with Image.open(image) as opened:
        if opened.size != labels.shape[::-1]:
            raise ValueError(f"ADE20K: {file} is {labels.shape[::-1]} pixels, its image is {opened.size}")


def _check_images(files: Sequence[Path], *, tree: str, layout: str) -> None:
    """All files exist; a sample decodes to the last pixel."""
    for file in files:
        _require(file, tree=tree, layout=layout)
    for file in _spread(files):
        _decode(file, tree=tree)


def _decode(file: Path, *, tree: str) -> Image.Image:
    try:
        with Image.open(file) as image:
            image.load()
            return image.copy()
    except (OSError, UnidentifiedImageError) as error:
        raise ValueError(f"{tree}: {file} cannot be decoded: {error}") from error


def _spread(files: Sequence[Path]) -> Sequence[Path]:
    return files[:: max(1, len(files) // _SAMPLE)]


def _require(path: Path, *, tree: str, layout: str) -> None:
    if not path.exists():
        raise ValueError(f"{tree}: {path} is missing; expected layout: {layout}")


def _require_known(names: Iterable[str], classes: Sequence[str], *, file: Path, tree: str) -> None:
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise ValueError(f"{tree}: {file} names the class '{unknown[0]}'; known: {', '.join(classes)}")
