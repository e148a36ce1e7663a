"""Unlabelled images for pretraining: `images/000000.jpg` ... and `factors.csv`."""

from __future__ import annotations

from pathlib import Path

from benchmark.data.shapes.config import ShapesConfig
from benchmark.data.shapes.factors import write_factors
from benchmark.data.shapes.pictures import pictures
from benchmark.data.shapes.scene import CENTRED, sample_scenes


def write_pretrain(config: ShapesConfig, *, out: Path) -> None:
    """Write the tree to `out`."""
    (out / "images").mkdir(parents=True)
    scenes = sample_scenes(seed=config.seed, split="pretrain", count=config.pretrain, statistics=CENTRED)
    files = [f"images/{index:06d}.jpg" for index in range(len(scenes))]
    for file, picture in zip(files, pictures(scenes, image_size=config.image_size), strict=True):
        picture.save(out / file)
    write_factors(out / "factors.csv", files=files, scenes=scenes)
