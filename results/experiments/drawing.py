"""Marks that figures of experiments share: means with their seeds and intervals, reference lines, axes of weights."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results.experiments.material import Material, Seeds
from results.figures.placing import Point, place_names
from results.figures.theme import INK, LABEL
from results.figures.wrapping import text_width
from results.order import CEILING, FLOOR
from results.statistics.inference import FEW, interval, interval_name

_INTERVAL: dict[str, Any] = {"linewidth": 1.8, "alpha": 0.5, "solid_capstyle": "butt", "zorder": 1.5}
_POINT: dict[str, Any] = {"linestyle": "", "markersize": 4.0, "markeredgewidth": 0.4, "markeredgecolor": "white"}
_HOLLOW: dict[str, Any] = {"markerfacecolor": "white", "markeredgewidth": 0.9}
_LEVEL: dict[str, Any] = {"linewidth": 0.9, "linestyle": "--", "zorder": 0}
Valued = tuple[float, float, float]
"""A value and its point: x and y in the data's units."""
_SPOT = 4.0  # points between the middles of markers that lie on one spot
_CHOSEN: dict[str, Any] = {"marker": "o", "markersize": 7.5, "markerfacecolor": "none", "markeredgewidth": 0.8}


def draw_series(
    axis: Axes,
    series: Sequence[tuple[float, Seeds]],
    *,
    method: str,
    material: Material,
    joined: bool = True,
    hollow: Collection[float] = (),
) -> None:
    """Draw means in % over values, with their intervals over seeds.

    Args:
        axis: the panel.
        series: value and numbers, fractions; those without numbers are passed over.
        method: whose colour and marker they have.
        material: the cells.
        joined: whether a line joins them.
        hollow: values whose markers are open.
    """
    known = [(x, [100 * value for value in seeds.values()]) for x, seeds in series if seeds]
    colour, style = material.colours[method], {**_POINT, "marker": material.markers[method]}
    means = [statistics.fmean(values) for _, values in known]
    if joined:
        axis.plot([x for x, _ in known], means, color=colour, linewidth=1.1, zorder=2)
    for (x, values), mean in zip(known, means, strict=True):
        low, high = interval(values) or (mean, mean)
        axis.plot([x, x], [low, high], color=colour, **_INTERVAL)
        own = style | {**_HOLLOW, "markeredgecolor": colour} if x in hollow else style
        axis.plot([x], [mean], color=colour, zorder=3, **own)


def draw_level(axis: Axes, seeds: Seeds, *, method: str, material: Material) -> None:
    """Draw the mean of a row, in %, as a level line; nothing without numbers."""
    if seeds:
        axis.axhline(100 * statistics.fmean(seeds.values()), color=material.colours[method], **_LEVEL)


def ring(axis: Axes, x: float, seeds: Seeds, *, method: str, material: Material) -> None:
    """Mark the value that validation data choose."""
    if seeds:
        mean = 100 * statistics.fmean(seeds.values())
        axis.plot([x], [mean], color=material.colours[method], linestyle="", zorder=4, **_CHOSEN)


def name_values(axis: Axes, points: Sequence[Valued]) -> None:
    """Write values by their points; points that lie on one spot have one text, such as "8, 12, 16".

    Call it when all else is drawn and laid out: room is measured.

    Args:
        axis: the panel.
        points: to name.
    """
    named = []
    for spot in _spots(axis, points):
        values, x, y = zip(*sorted(spot), strict=True)
        named.append(Point(statistics.fmean(x), statistics.fmean(y), ", ".join(f"{value:g}" for value in values)))
    place_names(axis, named)


def _spots(axis: Axes, points: Sequence[Valued]) -> list[list[Valued]]:
    """Group points whose markers lie on each other, or on one between them."""
    figure = axis.get_figure()
    assert isinstance(figure, Figure)
    reach = _SPOT * figure.dpi / 72
    place = {point: axis.transData.transform(point[1:]) for point in points}
    spots: list[list[Valued]] = []
    for point in points:
        near = [spot for spot in spots if any(math.dist(place[point], place[own]) < reach for own in spot)]
        spots = [spot for spot in spots if spot not in near] + [[point, *(own for spot in near for own in spot)]]
    return spots


def entries(
    material: Material,
    *,
    lines: Sequence[str],
    alone: Sequence[str] = (),
    levels: Sequence[str] = (),
    ringed: bool = False,
) -> list[Artist]:
    """Entries of a legend.

    Args:
        material: the cells.
        lines: methods whose means are joined.
        alone: methods that are points.
        levels: methods that are level lines, beside floor and ceiling.
        ringed: whether chosen values are marked.
    """
    found: list[Artist] = []
    for method in [*lines, *alone]:
        style = {**_POINT, "marker": material.markers[method], "color": material.colours[method]}
        style |= {"linestyle": "-", "linewidth": 1.1} if method in lines else {}
        found.append(Line2D([], [], label=material.label_of(method), **style))
    found += [
        Line2D([], [], color=material.colours[name], label=material.label_of(name), **_LEVEL)
        for name in (FLOOR, *levels, CEILING)
        if name in material.methods
    ]
    if spread := spread_name(material):
        found.append(Line2D([], [], color=INK, linewidth=1.8, alpha=0.5, label=spread))
    if ringed:
        found.append(Line2D([], [], color=INK, linestyle="", label="chosen by validation", **_CHOSEN))
    return found


def spread_name(material: Material) -> str:
    """Name the intervals over the seeds of rows; "" if each has one."""
    counts = [n for n in material.frame.groupby(["config", "objective"])["seed"].nunique() if n > 1]
    if not counts:
        return ""
    few, many = interval_name(min(counts)), interval_name(max(counts))
    return many if few == many else f"{many} (below {FEW} seeds: {few})"


def weight_places(weights: Sequence[float]) -> dict[float, float]:
    """Places of weights on a logarithmic axis that has room for 0: decades apart, 0 one decade below the smallest."""
    positive = sorted({weight for weight in weights if weight > 0})
    places = {weight: math.log10(weight) for weight in positive}
    return ({0.0: min(places.values(), default=1.0) - 1.0} if 0.0 in weights else {}) | places


def tick(axis: Axes, places: Sequence[tuple[float, str]], *, inches: float) -> None:
    """Tick an axis at places with texts, upright where they would touch.

    Args:
        axis: the panel.
        places: places and their texts, from the left.
        inches: width of the panel.
    """
    spots = sorted(places)
    span = (spots[-1][0] - spots[0][0]) or 1.0
    gaps = [
        (right - left) / span * inches * 0.86 - (text_width(one, size=LABEL) + text_width(other, size=LABEL)) / 2
        for (left, one), (right, other) in pairwise(spots)
    ]
    axis.set_xticks(
        [x for x, _ in spots], [text for _, text in spots], rotation=90 if min(gaps, default=1) < 0.05 else 0
    )
    axis.set_xlim(spots[0][0] - 0.07 * span, spots[-1][0] + 0.07 * span)
