"""Names beside points, so that none lies on another, on a point, or outside the panel."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from results.figures.theme import INK, SMALL

_DISTANCES = (5.0, 10.0, 16.0, 24.0, 34.0, 46.0, 60.0)  # points, from a point to the near edge of its name
_ANGLES = 16
_LEADER = 8.0  # points: names farther off are joined to their point by a line


Spot = tuple[float, float]
"""Pixels from the left and from below."""


@dataclass(frozen=True)
class Point:
    """A point that has a name.

    Attributes:
        x: in the data's unit.
        y: in the data's unit.
        name: may have several lines.
    """

    x: float
    y: float
    name: str


@dataclass(frozen=True)
class _Place:
    """Where a name could stand.

    Attributes:
        box: its extent in pixels.
        leader: the line that joins it to its point, in pixels; empty if it stands close by.
    """

    box: Bbox
    leader: tuple[Spot, ...]

    def cost(self, blocked: NDArray[np.float64], *, inside: Bbox) -> float:
        """How much of it lies on something else or outside, as parts of its size.

        Args:
            blocked: left, lower, right and upper ends of what is there, in pixels, (K, 4).
            inside: the panel.
        """
        x0, y0, x1, y1 = self.box.extents
        area = (x1 - x0) * (y1 - y0)
        within = Bbox.intersection(self.box, inside)
        outside = area - (within.width * within.height if within else 0)
        left, low, right, high = blocked.T
        overlap = np.clip(np.minimum(x1, right) - np.maximum(x0, left), 0, None)
        overlap *= np.clip(np.minimum(y1, high) - np.maximum(y0, low), 0, None)
        x, y = np.reshape(self.leader, (-1, 2, 1)).swapaxes(0, 1)
        crossed = (left < x) & (x < right) & (low < y) & (y < high)
        return float((2 * outside + overlap.sum()) / area + 0.1 * crossed.sum())


def place_names(axis: Axes, points: Sequence[Point]) -> None:
    """Write each name as near to its point as there is room, from the rightmost point on.

    Call it when all else is drawn and laid out: room is measured. Names keep clear of each other, of points, and of the
    panel's lines and texts. Where there is no room, the place with the least overlap is taken.

    Args:
        axis: the panel.
        points: to name.
    """
    figure = axis.get_figure()
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    unit = figure.dpi / 72
    spots = {point: _spot(axis, point) for point in points}
    blocked = [_centred(spot, width=6 * unit, height=6 * unit) for spot in spots.values()]
    blocked += [*_segments(axis, unit=unit), *(text.get_window_extent() for text in axis.texts)]
    for point in sorted(points, key=lambda point: (-spots[point][0], spots[point][1], point.name)):
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": SMALL, "linespacing": 1.0, "zorder": 4}
        note = axis.annotate(point.name, (point.x, point.y), (0, 0), textcoords="offset points", **style)
        note.set_in_layout(False)
        size = note.get_window_extent()
        places = list(_places(spots[point], size=size, unit=unit))
        inside = axis.get_window_extent()
        there = np.array([box.extents for box in blocked])
        costs = [round(place.cost(there, inside=inside), 3) for place in places]
        best = places[costs.index(min(costs))]
        note.set_position(
            _offset(spots[point], ((best.box.x0 + best.box.x1) / 2, (best.box.y0 + best.box.y1) / 2), unit)
        )
        blocked.append(best.box)
        if best.leader:
            _join(axis, point, _offset(spots[point], best.leader[-1], unit))
            blocked += [_centred(spot, width=unit, height=unit) for spot in best.leader]


def _spot(axis: Axes, point: Point) -> Spot:
    x, y = axis.transData.transform((point.x, point.y))
    return float(x), float(y)


def _segments(axis: Axes, *, unit: float) -> Iterator[Bbox]:
    """The lines of a panel, piece by piece; a sloping one in pieces so short that none fills much beside the line."""
    for line in (line for line in axis.get_lines() if line.get_linestyle() != "None"):
        corners = line.get_transform().transform(line.get_xydata())
        for (x1, y1), (x2, y2) in (part for ends in pairwise(corners) for part in pairwise(_cut(*ends, unit=unit))):
            yield Bbox.from_extents(min(x1, x2), min(y1, y2) - unit / 2, max(x1, x2) + unit / 2, max(y1, y2) + unit / 2)


def _cut(start: NDArray[np.float64], end: NDArray[np.float64], *, unit: float) -> NDArray[np.float64]:
    """Points along a line from end to end, (K, 2): the two ends of a level or upright one, more of a sloping one."""
    pieces = 1 + int(np.abs(end - start).min() // (2 * unit))
    return np.array([start + (end - start) * piece / pieces for piece in range(pieces + 1)])


def _centred(spot: Spot, *, width: float, height: float) -> Bbox:
    return Bbox.from_bounds(spot[0] - width / 2, spot[1] - height / 2, width, height)


def _offset(start: Spot, end: Spot, unit: float) -> tuple[float, float]:
    """From one to the other, in points."""
    return (end[0] - start[0]) / unit, (end[1] - start[1]) / unit


def _places(spot: Spot, *, size: Bbox, unit: float) -> Iterator[_Place]:
    """Places around a point, near ones first, and at each distance to the right first."""
    for distance in _DISTANCES:
        for turn in range(_ANGLES):
            angle = (-1) ** turn * (turn + 1) // 2 * 2 * math.pi / _ANGLES
            x, y = math.cos(angle), math.sin(angle)
            near = (spot[0] + x * distance * unit, spot[1] + y * distance * unit)
            middle = (near[0] + x * size.width / 2, near[1] + y * size.height / 2)
            box = _centred(middle, width=size.width, height=size.height)
            edge = (min(max(spot[0], box.x0), box.x1), min(max(spot[1], box.y0), box.y1))
            parts = [part / 8 for part in range(2, 9)] if distance > _LEADER else []
            leader = [(spot[0] + (edge[0] - spot[0]) * part, spot[1] + (edge[1] - spot[1]) * part) for part in parts]
            yield _Place(box=box, leader=tuple(leader))


def _join(axis: Axes, point: Point, end: tuple[float, float]) -> None:
    """Draw the line from a point to its name; `end` in points from the point."""
    arrow = {"arrowstyle": "-", "color": INK, "linewidth": 0.4, "shrinkA": 2.0, "shrinkB": 2.0}
    line = axis.annotate("", (point.x, point.y), end, textcoords="offset points", arrowprops=arrow)
    line.set_in_layout(False)
