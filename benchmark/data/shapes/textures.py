"""Textures: how much darker a surface is at a point, in [0, 1], with soft edges.

Coordinates are in units of the texture's period.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

Texture = Callable[[Tensor, Tensor], Tensor]

SOFTNESS = 0.35  # half-width of a transition, in the units of the sine waves: about a pixel at a period of 8 pixels


def solid(x: Tensor, y: Tensor) -> Tensor:
    """No texture."""
    del y
    return torch.zeros_like(x)


def stripes(x: Tensor, y: Tensor) -> Tensor:
    """Bars of half a period."""
    del x
    return _soft_step(_wave(y))


def checker(x: Tensor, y: Tensor) -> Tensor:
    """A chequered board whose fields are half a period wide."""
    return _soft_step(_wave(x) * _wave(y))


def dots(x: Tensor, y: Tensor) -> Tensor:
    """Discs on a square lattice."""
    return _soft_step(_wave(x) + _wave(y) - 0.6)


def grid(x: Tensor, y: Tensor) -> Tensor:
    """Thin lines in both directions."""
    return _soft_step(torch.maximum(_wave(x), _wave(y)) - 0.75)


def _wave(t: Tensor) -> Tensor:
    return (2 * math.pi * t).sin()


def _soft_step(level: Tensor) -> Tensor:
    return (0.5 + level / (2 * SOFTNESS)).clamp(0, 1)


TEXTURES: dict[str, Texture] = {"solid": solid, "stripes": stripes, "checker": checker, "dots": dots, "grid": grid}
"""Name to texture; the order is the order of the classes."""
