"""An ADE20K tree: `{images,annotations}/{training,validation}` and `factors.csv`.

Annotations are 8-bit PNG. As in ADE20K, 0 is what belongs to no class: here, what is seen of objects that are hidden
too much to count. Class c of `SEGMENTATION_CLASSES` is c + 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmark.data.shapes.config import ShapesConfig
from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.factors import write_factors
from benchmark.data.shapes.pictures import Picture, pictures
from benchmark.data.shapes.scene import SCATTERED, Scenes, join, sample_scenes

SEGMENTATION_CLASSES = ("background", *SHAPES)
"""Names of the classes for semantic segmentation."""


def write_ade(config: ShapesConfig, *, out: Path) -> None:
    """Write the tree to `out`, the folder that stands for `ADEChallengeData2016`."""
    training = sample_scenes(seed=config.seed, split="ade/training", count=config.dense_train, statistics=SCATTERED)
    validation = sample_scenes(seed=config.seed, split="ade/validation", count=config.dense_test, statistics=SCATTERED)
    files = [
        *_write_split(training, out=out, split="training", prefix="ADE_train", image_size=config.image_size),
        *_write_split(validation, out=out, split="validation", prefix="ADE_val", image_size=config.image_size),
    ]
    write_factors(out / "factors.csv", files=files, scenes=join([training, validation]))


def _write_split(scenes: Scenes, *, out: Path, split: str, prefix: str, image_size: int) -> list[str]:
    """Write the images and annotations of one split; returns the images' paths relative to `out`."""
    images, annotations = out / "images" / split, out / "annotations" / split
    images.mkdir(parents=True)
    annotations.mkdir(parents=True)
    names = [f"{prefix}_{index:08d}" for index in range(1, len(scenes) + 1)]
    for name, picture in zip(names, pictures(scenes, image_size=image_size), strict=True):
        picture.save(images / f"{name}.jpg")
        Image.fromarray(_labels(picture)).save(annotations / f"{name}.png")
    return [f"images/{split}/{name}.jpg" for name in names]


def _labels(picture: Picture) -> NDArray[np.uint8]:
    labels = np.ones(picture.image.shape[:2], dtype=np.uint8)
    labels[picture.ignored] = 0
    for thing in picture.things:
        labels[thing.mask] = thing.shape + 2
    return labels
