"""A COCO tree: `{train2017,val2017}/`, `annotations/instances_{train,val}2017.json` and `factors.csv`.

Masks are run-length encoded in COCO's uncompressed form: lengths of runs of 0 and 1 in turn, down the columns.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.data.shapes.config import ShapesConfig
from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.factors import write_factors
from benchmark.data.shapes.pictures import Thing, pictures
from benchmark.data.shapes.scene import SCATTERED, Scenes, join, sample_scenes


def write_coco(config: ShapesConfig, *, out: Path) -> None:
    """Write the tree to `out`."""
    (out / "annotations").mkdir(parents=True)
    train = sample_scenes(seed=config.seed, split="coco/train", count=config.dense_train, statistics=SCATTERED)
    val = sample_scenes(seed=config.seed, split="coco/val", count=config.dense_test, statistics=SCATTERED)
    files = [
        *_write_split(train, out=out, split="train2017", image_size=config.image_size),
        *_write_split(val, out=out, split="val2017", image_size=config.image_size),
    ]
    write_factors(out / "factors.csv", files=files, scenes=join([train, val]))


def _write_split(scenes: Scenes, *, out: Path, split: str, image_size: int) -> list[str]:
    """Write the images and annotations of one split; returns the images' paths relative to `out`."""
    (out / split).mkdir()
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for index, picture in enumerate(pictures(scenes, image_size=image_size), start=1):
        file = f"{index:012d}.jpg"
        picture.save(out / split / file)
        images.append({"id": index, "file_name": file, "width": image_size, "height": image_size})
        for thing in picture.things:
            annotations.append({"id": len(annotations) + 1, "image_id": index, **_annotation(thing)})
    categories = [{"id": number, "name": name, "supercategory": "shape"} for number, name in enumerate(SHAPES, start=1)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (out / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))
    return [f"{split}/{image['file_name']}" for image in images]


def _annotation(thing: Thing) -> dict[str, Any]:
    left, top, right, bottom = thing.box
    return {
        "category_id": thing.shape + 1,
        "bbox": [left, top, right - left, bottom - top],
        "area": int(thing.mask.sum()),
        "segmentation": {"size": list(thing.mask.shape), "counts": run_lengths(thing.mask)},
        "iscrowd": 0,
    }


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Lengths of the runs of a (H, W) mask read column by column, the first one of zeros."""
    pixels = np.concatenate([[False], mask.ravel(order="F")])
    starts = np.flatnonzero(np.diff(pixels))
    lengths: list[int] = np.diff(starts, prepend=0, append=mask.size).tolist()
    return lengths
