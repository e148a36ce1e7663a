"""The data set on disk: `pretrain/pretrain_000000.png` ..., `train/`, `test/`, and `factors.csv`.

The table has the columns `file`, `label` (the shape, for the supervised ceiling) and one for each factor.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from benchmark.data.factor_shapes.draws import draw_levels
from benchmark.data.factor_shapes.factors import FACTORS
from benchmark.data.factor_shapes.scenes import draw_images
from benchmark.data.written_tree import Tree, ensure_tree
from benchmark.seeds import derived_seed
from benchmark.source_digest import source_digest

SPLITS = ("pretrain", "train", "test", "held_out")
"""Independent streams of scenes; the last is for views of scenes that nothing was trained on, and is not written."""

_BATCH = 256


@dataclass(frozen=True)
class FactorShapesConfig:
    """What is written.

    Attributes:
        seed: of every scene.
        image_size: side of the images, pixels.
        pretrain: unlabelled images.
        train: images that probes are fitted to.
        test: images that probes are tested on.

    Raises:
        ValueError: a number is too small.
    """

    seed: int
    image_size: int
    pretrain: int
    train: int
    test: int

    def __post_init__(self) -> None:
        """Refuse what no data set could be made of."""
        for name, least in (("seed", 0), ("image_size", 16), ("pretrain", 1), ("train", 2), ("test", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"factor_shapes: {name} must be >= {least}, got {getattr(self, name)}")


def levels_of(config: FactorShapesConfig, split: str, *, count: int) -> Tensor:
    """The first `count` scenes of a split as levels, (count, F) int64."""
    assert split in SPLITS
    seed = derived_seed(config.seed, f"factor_shapes/{split}")  # apart from the streams of views of the same seed
    return draw_levels(seed=seed, step=0, index=torch.arange(count), stream=0)


def ensure(config: FactorShapesConfig, out: Path) -> None:
    """Write the data set to `out` unless it is there, complete or not at all.

    Raises:
        ValueError: `out` holds anything else; see `ensure_tree`.
    """
    options = asdict(config)
    code = source_digest(("benchmark.data.factor_shapes.scenes", "benchmark.data.factor_shapes.draws"))
    digest = hashlib.sha256(f"{json.dumps(options, sort_keys=True)} {code}".encode()).hexdigest()
    facts = {"factors": {name: list(levels) for name, levels in FACTORS.items()}}
    ensure_tree(Tree("factor_shapes", options, digest, facts, lambda folder: _write(config, folder)), out)


def _write(config: FactorShapesConfig, out: Path) -> None:
    tables = [_write_split(config, split, out=out) for split in ("pretrain", "train", "test")]
    pd.concat(tables).to_csv(out / "factors.csv", index=False, float_format="%.6g")


def _write_split(config: FactorShapesConfig, split: str, *, out: Path) -> pd.DataFrame:
    """Write the images of one split; returns its rows of the table."""
    (out / split).mkdir()
    levels = levels_of(config, split, count=getattr(config, split))
    files = [f"{split}/{split}_{index:06d}.png" for index in range(len(levels))]
    for start in range(0, len(levels), _BATCH):
        images = draw_images(levels[start : start + _BATCH], image_size=config.image_size)
        for file, image in zip(files[start : start + _BATCH], images.permute(0, 2, 3, 1).numpy(), strict=True):
            Image.fromarray(image).save(out / file, compress_level=1)
    columns = {
        name: [FACTORS[name][level] for level in column.tolist()]
        for name, column in zip(FACTORS, levels.unbind(1), strict=True)
    }
    return pd.DataFrame({"file": files, "label": columns["shape"], **columns})
