"""A tree of small grey images with the factors that they show, and some that they do not."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from downstream.factor_options import FactorOptions
from downstream.factors import check_data

FACTORS = {"colour": "category", "place": "number", "hue": "turns", "rotation": "radians"}
OPTIONS = FactorOptions(
    dataset="scenes",
    data="tree",
    train="train",
    test="test",
    factors=FACTORS,
    bins=4,
    validation=0.25,
    image_size=16,
    penalties=(1e-1, 1e-3, 1e-5),
    hidden=16,
    epochs=30,
    batch=32,
    lr=1e-2,
    weight_decay=1e-2,
)
SHADES = {"black": 0, "grey": 120, "white": 240}
PLACES = (0.25, 0.5, 0.75)


def scenes(root: Path, *, counts: dict[str, int], slots: int = 1, folders: bool = False) -> pd.DataFrame:
    """Grey images of three shades with a bar at one of three places, and two angles that no image shows."""
    random, rows = np.random.default_rng(0), []
    for split, count in counts.items():
        for number in range(count):
            shade, place = list(SHADES)[number % 3], PLACES[number // 3 % 3]
            folder = f"{split}/{shade}" if folders else split
            (root / folder).mkdir(parents=True, exist_ok=True)
            pixels = np.full((16, 16, 3), SHADES[shade], np.uint8)
            pixels[:, int(place * 16) - 2 : int(place * 16) + 2, 0] = 255
            Image.fromarray(pixels).save(root / f"{folder}/{number:06d}.png")
            for slot in range(slots):  # the first is the main object, the others are different
                seen = {"colour": shade, "place": place} if slot == 0 else {"colour": "white", "place": 0.25}
                hue, rotation = number % 2 / 2, random.uniform(0, 2 * math.pi)
                rows.append({"file": f"{folder}/{number:06d}.png", **seen, "hue": hue, "rotation": rotation})
    return pd.DataFrame(rows)


def tree(
    folder: Path, *, slots: int = 1, folders: bool = False, change: Callable[[pd.DataFrame], object] | None = None
) -> Path:
    root = folder / "data/tree"
    table = scenes(root, counts={"pretrain": 6, "train": 144, "test": 72}, slots=slots, folders=folders)
    if change is not None:
        change(table)
    table.to_csv(root / "factors.csv", index=False)
    return root


def refusal(folder: Path, options: FactorOptions = OPTIONS) -> str:
    with pytest.raises(ValueError, match=r"^scenes: ") as caught:
        check_data(options, data_root=folder / "data", store=folder / "store")
    assert "\n" not in str(caught.value)
    return str(caught.value)
