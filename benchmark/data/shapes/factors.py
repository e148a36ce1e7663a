"""Factor labels as CSV, one row per object.

Columns: `file` (relative to the CSV's folder), `label` (shape of the main object, the same in all rows of a file),
`slot` (draw order: 0 is nearest to the viewer and is the main object), then the object's factors (shape, texture,
hue, saturation, value, contrast, period, radius, rotation, x, y) and the scene's (count, background_*, light_*, noise;
the same in all rows of a file). Units are those of `scene.Scenes`; shapes and textures are names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.scene import Scenes
from benchmark.data.shapes.textures import TEXTURES

NAMES = tuple(field.name for field in fields(Scenes) if field.name != "noise_seed")
"""Every factor of an object or of its scene."""


def write_factors(path: Path, *, files: Sequence[str], scenes: Scenes) -> None:
    """Write the factors of `scenes`, whose images are `files`, to `path`."""
    row, slot = scenes.present.nonzero().unbind(1)
    factors = {name: getattr(scenes, name) for name in NAMES}
    of_object = {name: _named(name, factor[row, slot].numpy()) for name, factor in factors.items() if factor.ndim == 2}
    of_scene = {name: _named(name, factor[row].numpy()) for name, factor in factors.items() if factor.ndim == 1}
    label = _named("shape", scenes.label[row].numpy())
    table = pd.DataFrame({"file": np.array(files)[row.numpy()], "label": label, "slot": slot, **of_object, **of_scene})
    table.to_csv(path, index=False, float_format="%.6g")


def _named(factor: str, values: NDArray[np.generic]) -> NDArray[np.generic]:
    names = {"shape": SHAPES, "texture": TEXTURES, "background_texture": TEXTURES}
    return np.array(tuple(names[factor]))[values] if factor in names else values
