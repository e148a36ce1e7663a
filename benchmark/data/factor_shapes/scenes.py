"""From levels of factors to pixels, by the renderer of `shapes`."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.data.factor_shapes.factors import FACTORS, LEVELS
from benchmark.data.shapes.render import render
from benchmark.data.shapes.scene import Scenes

# What is no factor is the same in every scene: bright, saturated objects before dark, paler backgrounds.
_CONSTANT = {"saturation": 0.75, "value": 0.9, "contrast": 0.5, "period": 0.19}
_BACKGROUND = {"saturation": 0.5, "value": 0.45, "contrast": 0.4, "period": 0.26, "rotation": 0.0}


def draw_images(levels: Tensor, *, image_size: int) -> Tensor:
    """Draw scenes without noise; equal levels give equal pixels.

    Args:
        levels: (N, F) int64.
        image_size: S, pixels.

    Returns:
        (N, 3, S, S) uint8.
    """
    return render(to_scenes(levels), image_size=image_size)[0]


def to_scenes(levels: Tensor) -> Scenes:
    """The scenes of one object that levels (N, F) stand for."""
    if not ((levels >= 0) & (levels < torch.tensor(LEVELS))).all():
        raise ValueError("factors: every level must be below the number of levels of its factor")
    value = {name: _values(name, column) for name, column in zip(FACTORS, levels.unbind(1), strict=True)}
    count, zero = len(levels), torch.zeros(len(levels))
    own = {name: torch.full((count, 1), constant) for name, constant in _CONSTANT.items()}
    behind = {f"background_{name}": torch.full((count,), constant) for name, constant in _BACKGROUND.items()}
    of_object = ("shape", "texture", "hue", "x", "y", "rotation")
    return Scenes(
        count=torch.ones(count, dtype=torch.int64),
        **{name: value[name][:, None] for name in of_object},
        radius=value["size"][:, None],
        **own,
        background_hue=value["background_hue"],
        background_texture=value["background_texture"],
        **behind,
        light_angle=zero,
        light_strength=zero,
        noise=zero,
        noise_seed=torch.zeros(count, dtype=torch.int64),
    )


def _values(name: str, column: Tensor) -> Tensor:
    """Indices of shapes and textures, numbers of all else."""
    levels = FACTORS[name]
    return column if isinstance(levels[0], str) else torch.tensor(levels)[column]
