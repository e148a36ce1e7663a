"""Score against the cost of pretraining, with the objectives that none beats at their cost or below."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from results.comparison import Column, primary
from results.costs import costs
from results.figures.intervals import interval_label
from results.figures.material import Material
from results.figures.placing import Point, place_names
from results.figures.references import ROLES, is_near
from results.figures.theme import COLUMN_WIDTH, INK, SMALL, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import text_width, wrapped
from results.statistics.inference import interval

FAMILIES = ("classification", "finetuning", "detection", "segmentation")
"""The first task of each has a panel."""
_PREFIXES = (("E", 1e18), ("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3))
_TICKS = ((0.8, (1, 1.5, 2, 3, 4, 6)), (2.0, (1, 2, 5)), (math.inf, (1,)))  # of up to so many decades
_LEAST = 4.0  # right end of the axis of costs over its left end: at least two ticks
_ACROSS = 3  # panels in a row
_SHORT = 0.95  # inches of the longest name up to which panels stand side by side
_LONGEST = 2.4  # inches of a line of an objective's name


@dataclass(frozen=True)
class Cost:
    """What objectives cost.

    Attributes:
        label: of the axis, with its unit.
        unknown: what is not known of some objectives.
        of: objective -> cost in that unit.
    """

    label: str
    unknown: str
    of: Mapping[str, float]


def front(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """Name the points that no other dominates: none costs no more and scores no less, with one of both better.

    Args:
        points: name -> cost and score.

    Returns:
        By cost, then by name.
    """
    kept: list[str] = []
    for name in sorted(points, key=lambda name: (points[name][0], -points[name][1], name)):
        if not kept or points[name][1] > points[kept[-1]][1] or points[name] == points[kept[-1]]:
            kept.append(name)
    return kept


def cost_of(material: Material) -> Cost | None:
    """Find what pretraining cost, a mean over seeds: FLOPs, or seconds where more objectives have those; None if none.

    Both are of the whole pretraining; seconds are with the preparation of its views, FLOPs without.
    """
    found = costs(material.frame).reindex(material.compared)
    flops, seconds = (_known(found[name]) for name in ("flops", "wall_s"))
    if not flops and not seconds:
        return None
    if len(seconds) > len(flops):
        devices = found.loc[list(seconds), "devices"].nunique()
        elsewhere = ", on several devices" if devices > 1 else ""
        return Cost(label=f"pretraining (s{elsewhere})", unknown="time", of=seconds)
    prefix, factor = next(((p, f) for p, f in _PREFIXES if max(flops.values()) >= f), ("", 1.0))
    scaled = {name: value / factor for name, value in flops.items()}
    return Cost(label=f"pretraining ({prefix}FLOPs)", unknown="FLOPs", of=scaled)


def _known(values: pd.Series[float]) -> dict[str, float]:
    return {str(name): float(value) for name, value in values.items() if value > 0}


def pareto(material: Material) -> dict[str, Figure] | str:
    """Draw a panel for the first task of every family; inside `results.figures.theme.theme`."""
    cost, columns = cost_of(material), _columns(material)
    if cost is None or not columns:
        return "no score with a pretraining cost"
    names = {name: wrapped(material.label(name), inches=_LONGEST, size=SMALL) for name in cost.of}
    widest = max(text_width(line, size=SMALL) for name in names.values() for line in name.split("\n"))
    # long names need panels as wide as the page
    beside = -(-len(columns) // -(-len(columns) // _ACROSS)) if widest <= _SHORT else 1
    width = COLUMN_WIDTH if len(columns) == 1 and widest <= _SHORT else TEXT_WIDTH
    figure, axes = panels(len(columns), across=beside, width=width, height=2.4 if beside > 1 else 2.2)
    means = [_panel(axis, column, material=material, cost=cost) for axis, column in zip(axes, columns, strict=True)]
    set_title(figure, f"{material.config}: score against the cost of pretraining")
    unknown = [name for name in material.compared if name not in cost.of]
    missing = f"Without known {cost.unknown}, so not shown: {', '.join(unknown)}." if unknown else ""
    finish(
        figure,
        handles=_legend(axes),
        notes=[*_notes(material, columns), missing, material.note_on_stale, material.note_on_recipes],
    )
    for axis, points in zip(axes, means, strict=True):
        place_names(axis, [Point(*points[name], name=names[name]) for name in points])
    return {"pareto": figure}


def _notes(material: Material, shown: Sequence[Column]) -> list[str]:
    """What the points, their lines and the front are, and which tasks are shown."""
    spread = interval_label(material.counting[material.counting["column"].isin([column.label for column in shown])])
    return [
        "The front is that of the means; differences are not tested.",
        "Shown: first task of each family.",
        f"Lines at points: {spread}." if spread else "",
    ]


def _columns(material: Material) -> list[Column]:
    """The first primary column of each family in which some compared objective has a number."""
    main = set(primary(material.columns))
    there = set(material.counting.loc[material.counting["objective"].isin(material.compared), "column"])
    found: dict[str, Column] = {}
    for column in material.columns:
        if column.label in main & there:
            found.setdefault(column.family, column)
    return [found[family] for family in FAMILIES if family in found]


def _panel(axis: Axes, column: Column, *, material: Material, cost: Cost) -> dict[str, tuple[float, float]]:
    """Draw one task; returns the point of each objective."""
    rows = material.counting[material.counting["column"] == column.label]
    seeds = {str(name): [100 * value for value in values] for name, values in rows.groupby("objective")["value"]}
    scores = {name: fmean(values) for name, values in seeds.items()}
    points = {name: (cost.of[name], scores[name]) for name in material.compared if name in cost.of and name in scores}
    for name, (x, y) in points.items():
        low, high = interval(seeds[name]) or (y, y)
        axis.plot([x, x], [low, high], color=material.colours[name], linewidth=0.8, zorder=2)
        style = {"color": material.colours[name], "marker": material.markers[name], "markeredgecolor": "white"}
        axis.plot([x], [y], linestyle="", markersize=5, markeredgewidth=0.4, zorder=3, **style)
    axis.margins(y=0.12)
    _references(axis, scores, others=[y for _, y in points.values()], material=material)
    _limits(axis, [x for x, _ in points.values()])
    best = front(points)
    ends = [*(points[name][0] for name in best[1:]), axis.get_xlim()[1]]
    corners = [(x, points[name][1]) for name, end in zip(best, ends, strict=True) for x in (points[name][0], end)]
    axis.plot(*zip(*corners, strict=True), color=INK, linewidth=0.8, zorder=1, label="Pareto front")
    axis.set(xlabel=cost.label, ylabel="score (%)")
    axis.set_title(wrapped(column.label, inches=2.0, size=7, bold=True))
    return points


def _references(axis: Axes, scores: Mapping[str, float], *, others: list[float], material: Material) -> None:
    """Draw floor and ceiling as lines; where one is far off, write at that edge how far."""
    for name, role in ROLES.items():
        if name not in scores:
            continue
        value = scores[name]
        if is_near(value, others):
            style: dict[str, Any] = {"linewidth": 0.8, "linestyle": "--", "label": f"{role} ({name})"}
            axis.axhline(value, color=material.colours[name], zorder=0, **style)
        else:
            above = value > max(others)
            arrow = "\N{UPWARDS ARROW}" if above else "\N{DOWNWARDS ARROW}"
            place: dict[str, Any] = {
                "xy": (0.99, 0.99 if above else 0.01),
                "xycoords": "axes fraction",
                "va": "top" if above else "bottom",
            }
            axis.annotate(f"{arrow} {role} {value:.1f}", **place, ha="right", fontsize=SMALL, color=INK)


def _limits(axis: Axes, values: list[float]) -> None:
    """Make the axis of costs logarithmic, wide enough for two ticks and for names at both sides."""
    low, high = min(values), max(values)
    wider = max(1.6, (_LEAST * low / high) ** 0.5)
    axis.set_xscale("log")
    axis.set_xlim(low / wider, high * wider)
    decades = math.log10(high / low * wider**2)
    axis.xaxis.set_major_locator(LogLocator(subs=next(subs for most, subs in _TICKS if decades < most)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_locator(NullLocator())


def _legend(axes: Sequence[Axes]) -> list[Line2D]:
    """Lines that have a label, each label once."""
    lines = {str(line.get_label()): line for axis in axes for line in axis.get_lines()}
    return [line for label, line in lines.items() if not label.startswith("_")]
