"""The factors of a scene of one object: each takes few levels, all equally likely, independently of the others.

Shape legend: N scenes, F factors in the order of `FACTORS`. A scene is a row of levels, (F,) int64.
"""

from __future__ import annotations

import math

from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.textures import TEXTURES
from results.suggestions import unknown

# Largest radius and offset keep every object inside the image; every rotation is below the symmetry of every shape that
# has one, but for the two round ones (see `symmetries`).
FACTORS: dict[str, tuple[str, ...] | tuple[float, ...]] = {
    "shape": tuple(SHAPES),
    "texture": tuple(TEXTURES),
    "hue": tuple(turn / 8 for turn in range(8)),
    "x": (0.41, 0.47, 0.53, 0.59),
    "y": (0.41, 0.47, 0.53, 0.59),
    "size": (0.16, 0.20, 0.24, 0.28),
    "rotation": tuple(math.radians(degrees) for degrees in (0, 15, 30, 45)),
    "background_hue": tuple((turn + 0.5) / 8 for turn in range(8)),
    "background_texture": tuple(TEXTURES),
}
"""Name -> levels: names of shapes and textures, hues in turns, x, y and size (radius) in shares of the image's side,
rotation in radians."""

LEVELS = tuple(len(levels) for levels in FACTORS.values())
"""How many levels each factor has."""


def positions(names: tuple[str, ...]) -> list[int]:
    """Columns of factors.

    Raises:
        ValueError: a name that no factor has, or one twice; one line.
    """
    known = list(FACTORS)
    for name in names:
        if name not in known:
            raise unknown("factor", name, known)
    check_distinct(names)
    return [known.index(name) for name in names]


def check_distinct(names: tuple[str, ...]) -> None:
    """Refuse factors, of whatever data, of which one is named twice.

    Raises:
        ValueError: they are so; one line.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"each factor is named once, got {', '.join(names)}")
