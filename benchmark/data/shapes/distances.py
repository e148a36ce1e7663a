"""Signed distances to the outlines of the shapes, negative inside.

All shapes cover the area `AREA` around the origin, so that size says nothing about shape. Coordinates are in units of
the radius, y up. Distances are exact near the outline, which is where they are used, and bounds elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

AREA = 2.2

Distance = Callable[[Tensor, Tensor], Tensor]


def circle(x: Tensor, y: Tensor) -> Tensor:
    """Distance to a circle."""
    return torch.hypot(x, y) - math.sqrt(AREA / math.pi)


def square(x: Tensor, y: Tensor) -> Tensor:
    """Distance to a square with upright sides."""
    return _box(x, y, width=math.sqrt(AREA), height=math.sqrt(AREA))


def triangle(x: Tensor, y: Tensor) -> Tensor:
    """Distance to an equilateral triangle with a corner at the top."""
    return _folded_edge(x, y, points=3, outer=1.3014, inner=1.3014 / 2)


def star(x: Tensor, y: Tensor) -> Tensor:
    """Distance to a five-pointed star with a point at the top."""
    return _folded_edge(x, y, points=5, outer=1.3, inner=0.5759)


def cross(x: Tensor, y: Tensor) -> Tensor:
    """Distance to an upright cross with arms of equal length."""
    length, width = 2.05, 0.6349
    return torch.minimum(_box(x, y, width=length, height=width), _box(x, y, width=width, height=length))


def ring(x: Tensor, y: Tensor) -> Tensor:
    """Distance to a ring."""
    outer = 1.0
    inner = math.sqrt(outer**2 - AREA / math.pi)
    return (torch.hypot(x, y) - (outer + inner) / 2).abs() - (outer - inner) / 2


def heart(x: Tensor, y: Tensor) -> Tensor:
    """Distance to a heart that stands on its tip: two arms at a right angle, with round ends."""
    stretch = 1.35
    half = math.sqrt(AREA / (4 * stretch + math.pi))  # of an arm's width
    end = stretch * half
    lowered = y + 0.3
    u, v = (lowered + x) * math.sqrt(0.5), (lowered - x) * math.sqrt(0.5)
    along, across = torch.maximum(u, v), torch.minimum(u, v)  # the left arm is folded onto the right one
    arm = _box(along - (end - half) / 2, across, width=end + half, height=2 * half)
    return torch.minimum(arm, torch.hypot(along - end, across) - half)


def crescent(x: Tensor, y: Tensor) -> Tensor:
    """Distance to a crescent that opens to the right."""
    outer, inner, shift = 1.1, 0.789, 0.6
    moved = x - 0.35
    return torch.maximum(torch.hypot(moved, y) - outer, inner - torch.hypot(moved - shift, y))


def _box(x: Tensor, y: Tensor, *, width: float, height: float) -> Tensor:
    return torch.maximum(x.abs() - width / 2, y.abs() - height / 2)


def _folded_edge(x: Tensor, y: Tensor, *, points: int, outer: float, inner: float) -> Tensor:
    """Distance to the outline that alternates between `points` corners at radius `outer` and as many at `inner`.

    All of its edges are mirror images of one, so the plane is folded onto the wedge of that one.
    """
    wedge = math.pi / points
    angle = torch.atan2(x, y)  # from the top
    angle = (torch.remainder(angle + wedge, 2 * wedge) - wedge).abs()
    distance = torch.hypot(x, y)
    along, across = distance * angle.cos(), distance * angle.sin()
    edge_along, edge_across = inner * math.cos(wedge) - outer, inner * math.sin(wedge)
    length = math.hypot(edge_along, edge_across)
    return ((along - outer) * edge_across - across * edge_along) / length


SHAPES: dict[str, Distance] = {
    "circle": circle,
    "square": square,
    "triangle": triangle,
    "star": star,
    "cross": cross,
    "ring": ring,
    "heart": heart,
    "crescent": crescent,
}
"""Name to distance; the order is the order of the classes."""
