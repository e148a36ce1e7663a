"""Image classification: `{train,test}/<class>/000000.jpg` ... and `factors.csv`.

The class is the shape of the main object.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from benchmark.data.shapes.config import ShapesConfig
from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.factors import write_factors
from benchmark.data.shapes.pictures import pictures
from benchmark.data.shapes.scene import CENTRED, Scenes, join, sample_scenes


def write_classification(config: ShapesConfig, *, out: Path) -> None:
    """Write the tree to `out`."""
    splits = {
        "train": _balanced(config, split="train", count=config.classification_train),
        "test": _balanced(config, split="test", count=config.classification_test),
    }
    files: list[str] = []
    for split, scenes in splits.items():
        for name in SHAPES:
            (out / split / name).mkdir(parents=True)
        names = [tuple(SHAPES)[label] for label in scenes.label.tolist()]
        for index, picture in enumerate(pictures(scenes, image_size=config.image_size)):
            files.append(f"{split}/{names[index]}/{index:06d}.jpg")
            picture.save(out / files[-1])
    write_factors(out / "factors.csv", files=files, scenes=join(list(splits.values())))


def _balanced(config: ShapesConfig, *, split: str, count: int) -> Scenes:
    """Scenes whose main objects take the shapes in turn, so that no class folder stays empty however small the set."""
    scenes = sample_scenes(seed=config.seed, split=f"classification/{split}", count=count, statistics=CENTRED)
    shape = scenes.shape.clone()
    shape[:, 0] = torch.arange(count) % len(SHAPES)
    return replace(scenes, shape=shape)
