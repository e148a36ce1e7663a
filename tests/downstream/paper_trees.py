"""Miniature trees in the real layouts of VOC, COCO, ADE20K, Cityscapes and VOC12aug, with every class in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 96, 72


def noise(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def save_image(file: Path, seed: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise(seed)).save(file)


def save_map(file: Path, labels: Sequence[int]) -> None:
    """All `labels`, one after the other in reading order."""
    file.parent.mkdir(parents=True, exist_ok=True)
    place = np.arange(WIDTH * HEIGHT) * len(labels) // (WIDTH * HEIGHT)
    Image.fromarray(np.array(labels, dtype=np.uint8)[place].reshape(HEIGHT, WIDTH)).save(file)


def write_voc(root: Path, classes: Sequence[str]) -> None:
    """VOC2007 with trainval and test, VOC2012 with trainval: two images each, all classes in every training image."""
    for number, (year, split) in enumerate((("2007", "trainval"), ("2007", "test"), ("2012", "trainval"))):
        folder = root / f"VOC{year}"
        for name in ("Annotations", "ImageSets/Main"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        names = [f"{year}_{number}{index:05d}" for index in range(2)]
        (folder / f"ImageSets/Main/{split}.txt").write_text("\n".join(names) + "\n")
        for index, name in enumerate(names):
            save_image(folder / f"JPEGImages/{name}.jpg", 10 * number + index)
            objects = "".join(_voc_object(kind, each) for each, kind in enumerate(classes))
            size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"
            text = f"<annotation><filename>{name}.jpg</filename>{size}{objects}</annotation>"
            (folder / f"Annotations/{name}.xml").write_text(text)


def _voc_object(kind: str, number: int) -> str:
    left, top = 1 + number % 5 * 12, 1 + number // 5 * 8
    sides = f"<xmin>{left}</xmin><ymin>{top}</ymin><xmax>{left + 35}</xmax><ymax>{top + 35}</ymax>"
    return f"<object><name>{kind}</name><difficult>0</difficult><bndbox>{sides}</bndbox></object>"


def write_coco(root: Path, classes: Sequence[str]) -> None:
    """train2017 and val2017 with two images each; category numbers have gaps, as the real ones do."""
    (root / "annotations").mkdir(parents=True)
    categories = [{"id": index + 1 + index // 10, "name": name} for index, name in enumerate(classes)]
    for part, split in enumerate(("train2017", "val2017")):
        images: list[dict[str, object]] = []
        annotations: list[dict[str, object]] = []
        for number in range(2):
            name = f"{10 * part + number:012d}.jpg"
            save_image(root / split / name, 50 + 10 * part + number)
            images.append({"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT})
            for index, category in enumerate(categories):
                left, top, side = index % 10 * 6, index // 10 * 5, 32
                corners = [left, top, left + side, top, left + side, top + side, left, top + side]
                entry = {"image_id": number, "category_id": category["id"], "bbox": [left, top, side, side]}
                area = {"area": side * side, "iscrowd": 0, "segmentation": [corners]}
                annotations.append({**entry, **area, "id": len(annotations) + 1})
        content = {"images": images, "annotations": annotations, "categories": categories}
        (root / f"annotations/instances_{split}.json").write_text(json.dumps(content))


def write_ade20k(root: Path, classes: Sequence[str]) -> None:
    """images/ and annotations/ with training and validation; 0 is "other"."""
    for part, split in enumerate(("training", "validation")):
        for number in range(2):
            name = f"ADE_{split}_{number:08d}"
            save_image(root / f"images/{split}/{name}.jpg", 100 + 10 * part + number)
            save_map(root / f"annotations/{split}/{name}.png", range(len(classes) + 1))


def write_cityscapes(root: Path, classes: Sequence[str]) -> None:
    """leftImg8bit/ and gtFine/ with train and val, a city each; 255 is ignored."""
    for part, split in enumerate(("train", "val")):
        for number in range(2):
            name = f"{split}/town/town_{number:06d}_000019"
            save_image(root / f"leftImg8bit/{name}_leftImg8bit.png", 200 + 10 * part + number)
            save_map(root / f"gtFine/{name}_gtFine_labelTrainIds.png", [*range(len(classes)), 255])


def write_voc12aug(root: Path, classes: Sequence[str]) -> None:
    """VOC2012 with the lists train, aug and val; 255 are the outlines, which are ignored."""
    (root / "ImageSets/Segmentation").mkdir(parents=True)
    for part, split in enumerate(("train", "aug", "val")):
        names = [f"2012_{part}{number:05d}" for number in range(2)]
        (root / f"ImageSets/Segmentation/{split}.txt").write_text("\n".join(names) + "\n")
        for number, name in enumerate(names):
            save_image(root / f"JPEGImages/{name}.jpg", 300 + 10 * part + number)
            folder = "SegmentationClassAug" if split == "aug" else "SegmentationClass"
            save_map(root / folder / f"{name}.png", [*range(len(classes)), 255])
