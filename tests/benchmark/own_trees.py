"""Trees such as users have: layouts and classes of their own, odd images, crowds, images without objects."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

CAR, BIKE = "car", "motor bike"
SIZES = [(96, 64), (64, 96), (400, 300), (80, 80), (70, 50), (64, 64), (130, 40), (90, 60)]


def picture(number: int, boxes: list[tuple[int, int, int, int]], *, seed: int) -> Image.Image:
    """Noise with a filled rectangle for every box; every third one is grayscale."""
    width, height = SIZES[number % len(SIZES)]
    noise = np.random.default_rng((seed, number)).integers(80, 140, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    for index, box in enumerate(boxes):
        ImageDraw.Draw(image).rectangle(box, fill=((220, 30, 30), (30, 40, 220))[index % 2])
    return image.convert("L") if number % 3 == 2 else image


def two_boxes(number: int) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom pixel, both included."""
    width, height = SIZES[number % len(SIZES)]
    return [(2, 3, width // 2 - 2, height - 6), (width // 2 + 1, 1, width - 3, height // 2 + 9)]


def write_voc(root: Path, *, count: int) -> None:
    """`pictures/*.png`, `boxes/*.xml`, `lists/{fit,score}.txt`; some objects are difficult, some files have no size."""
    for folder in ("pictures", "boxes", "lists"):
        (root / folder).mkdir(parents=True)
    for part, split in enumerate(("fit", "score")):
        names = [f"{split}-{number}" for number in range(count)]
        (root / f"lists/{split}.txt").write_text("\n".join(names))
        for number, name in enumerate(names):
            boxes = two_boxes(number + part)
            image = picture(number + part, boxes, seed=part)
            image.save(root / f"pictures/{name}.png")
            size = f"<size><width>{image.width}</width><height>{image.height}</height></size>" if number % 2 else ""
            objects = "".join(_voc_object(kind, box, number) for kind, box in zip((CAR, BIKE), boxes, strict=True))
            (root / f"boxes/{name}.xml").write_text(f"<annotation>{size}{objects}</annotation>")


def _voc_object(kind: str, box: tuple[int, int, int, int], number: int) -> str:
    """Some tools write fractions, and no `difficult` at all."""
    difficult = "" if number % 3 else f"<difficult>{int(number > 0 and kind == BIKE)}</difficult>"
    left, top, right, bottom = (value + 1 for value in box)
    sides = f"<xmin>{left}.0</xmin><ymin>{top}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax>"
    return f"<object><name>{kind}</name>{difficult}<bndbox>{sides}</bndbox></object>"


def write_coco(root: Path, *, count: int) -> None:
    """train/, val/ and their annotations; the first object of every second image is a crowd, every fourth has none."""
    (root / "annotations").mkdir(parents=True)
    categories = [{"id": 7, "name": CAR}, {"id": 3, "name": BIKE}]
    for part, split in enumerate(("train", "val")):
        (root / split).mkdir()
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number in range(count):
            boxes = [] if number % 4 == 3 else two_boxes(number + part)
            image = picture(number + part, boxes, seed=part)
            image.save(root / split / f"{number}.jpg", quality=95)
            images.append({"id": number, "file_name": f"{number}.jpg", "width": image.width, "height": image.height})
            for index, box in enumerate(boxes):
                crowd = index == 0 and number % 2 == 0 and number > 0
                entry = _coco_object(box, size=(image.height, image.width), crowd=crowd)
                annotations.append(
                    {"id": len(annotations) + 1, "image_id": number, "category_id": categories[index]["id"], **entry}
                )
        content = {"images": images, "annotations": annotations, "categories": categories}
        (root / f"annotations/{split}.json").write_text(json.dumps(content))


def _coco_object(box: tuple[int, int, int, int], *, size: tuple[int, int], crowd: bool) -> dict[str, Any]:
    """Crowds have run lengths, column by column; everything else has a polygon."""
    left, top, right, bottom = box[0], box[1], box[2] + 1, box[3] + 1
    segmentation: Any = [[left, top, right, top, right, bottom, left, bottom]]
    if crowd:
        mask = np.zeros(size, dtype=np.uint8)
        mask[top:bottom, left:right] = 1
        flat = mask.T.ravel()
        edges = [0, *(np.flatnonzero(np.diff(flat)) + 1).tolist(), len(flat)]
        segmentation = {"size": list(size), "counts": [b - a for a, b in itertools.pairwise(edges)]}
    width, height = right - left, bottom - top
    bbox = {"bbox": [left, top, width, height], "area": width * height}
    return {**bbox, "iscrowd": int(crowd), "segmentation": segmentation}


def write_label_maps(root: Path, *, count: int) -> None:
    """images/ and labels/ with train and val: four classes from 0 on, 255 on a frame; maps with a palette."""
    for part, split in enumerate(("train", "val")):
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True)
        for number in range(count):
            boxes = two_boxes(number + part)
            image = picture(number + part, boxes, seed=part)
            labels = np.zeros((image.height, image.width), dtype=np.uint8)
            for label, (left, top, right, bottom) in enumerate(boxes, start=1):
                labels[top : bottom + 1, left : right + 1] = label
            labels[-8:] = 3
            labels[:2] = 255
            image.save(root / f"images/{split}/{number}.jpg")
            saved = Image.fromarray(labels)
            if number % 2:
                saved.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
            saved.save(root / f"labels/{split}/{number}.png")
