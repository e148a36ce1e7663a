"""Small VOC, COCO and ADE20K trees of rectangles and discs on noise, and a backbone to go with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from downstream.backbone import Backbone, BackboneSpec, save_backbone
from downstream.tasks import Context, Report

CLASSES = ("rectangle", "disc")
SPEC = BackboneSpec(10, 0.125, "cifar", (0.48, 0.46, 0.41), (0.25, 0.24, 0.26))

Box = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom are outside
Scene = tuple[NDArray[np.uint8], list[tuple[int, Box]], NDArray[np.uint8]]


def scenes(count: int, *, seed: int) -> Iterator[Scene]:
    """Yield images (64, 64, 3), their objects as (class, box), and label maps (0 = nothing, class + 1)."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:64, :64]
    for number in range(count):
        image = random.integers(90, 130, (64, 64, 3), dtype=np.uint8)
        labels = np.zeros((64, 64), dtype=np.uint8)
        objects = []
        for left in (2, 34):
            kind, side, top = int(random.integers(2)), int(random.integers(16, 28)), int(random.integers(2, 34))
            kind = kind if number else left // 34  # the first image has both
            box = (left, top, left + side, top + side)
            inside = (columns >= left) & (columns < left + side) & (rows >= top) & (rows < top + side)
            if kind == 1:
                inside &= (columns - left - (side - 1) / 2) ** 2 + (rows - top - (side - 1) / 2) ** 2 <= side**2 / 4
            image[inside] = ((230, 40, 30), (40, 60, 220))[kind]
            labels[inside] = kind + 1
            objects.append((kind, box))
        yield image, objects, labels


def write_voc(root: Path, *, count: int) -> None:
    """Write VOC2007 below `root`, with `count` training and as many test images."""
    folder = root / "VOC2007"
    for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    for seed, split in enumerate(("trainval", "test")):
        names = [f"{seed}{index:05d}" for index in range(count)]
        for name, (image, objects, _) in zip(names, scenes(count, seed=seed), strict=True):
            Image.fromarray(image).save(folder / f"JPEGImages/{name}.jpg", quality=95)
            (folder / f"Annotations/{name}.xml").write_text(_voc_annotation(name, objects))
        (folder / f"ImageSets/Main/{split}.txt").write_text("".join(f"{name}\n" for name in names))


def _voc_annotation(name: str, objects: list[tuple[int, Box]]) -> str:
    """VOC counts pixels from 1 and includes the last."""
    parts = [
        f"<object><name>{CLASSES[kind]}</name><difficult>0</difficult><bndbox><xmin>{left + 1}</xmin>"
        f"<ymin>{top + 1}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
        for kind, (left, top, right, bottom) in objects
    ]
    size = "<size><width>64</width><height>64</height><depth>3</depth></size>"
    return f"<annotation><filename>{name}.jpg</filename>{size}{''.join(parts)}</annotation>"


def write_coco(root: Path, *, count: int) -> None:
    """Write train2017, val2017 and their annotations below `root`."""
    (root / "annotations").mkdir(parents=True)
    for seed, split in enumerate(("train2017", "val2017")):
        (root / split).mkdir()
        images: list[dict[str, object]] = []
        annotations: list[dict[str, object]] = []
        for number, (image, objects, _) in enumerate(scenes(count, seed=seed), start=1):
            name = f"{number:012d}.jpg"
            Image.fromarray(image).save(root / split / name, quality=95)
            images.append({"id": number, "file_name": name, "width": 64, "height": 64})
            for kind, (left, top, right, bottom) in objects:
                width, height = right - left, bottom - top
                entry = {"image_id": number, "category_id": kind + 1, "iscrowd": 0, "area": width * height}
                annotations.append({**entry, "id": len(annotations) + 1, "bbox": [left, top, width, height]})
        categories = [{"id": index, "name": name} for index, name in enumerate(CLASSES, start=1)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        (root / f"annotations/instances_{split}.json").write_text(json.dumps(content))


def write_ade20k(root: Path, *, count: int) -> None:
    """Write images/ and annotations/ with training and validation below `root`."""
    for seed, split in enumerate(("training", "validation")):
        for kind in ("images", "annotations"):
            (root / kind / split).mkdir(parents=True)
        for number, (image, _, labels) in enumerate(scenes(count, seed=seed)):
            Image.fromarray(image).save(root / f"images/{split}/{number:08d}.jpg", quality=95)
            Image.fromarray(labels).save(root / f"annotations/{split}/{number:08d}.png")


def context(folder: Path, *, report: Report, seed: int = 0) -> Context:
    """A context with a fresh random backbone; trees go below `folder` / "data"."""
    torch.manual_seed(0)
    file = folder / "backbone.pth"
    save_backbone(Backbone(SPEC), file)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return Context(
        backbone=file,
        spec=SPEC,
        data_root=folder / "data",
        work_dir=work,
        store=folder / "store",
        seed=seed,
        device="cpu",
        report=report,
    )
