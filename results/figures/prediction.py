"""Does the cheap metric predict the dear one: linear and kNN accuracy against detection and segmentation."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results.comparison import Column, primary
from results.figures.material import Material
from results.figures.references import ROLES, is_near
from results.figures.theme import COLUMN_WIDTH, LABEL, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import wrapped
from results.order import objective_order
from results.statistics.agreement import FEWEST, Agreement, agreement
from results.statistics.inference import LEVEL

_CHEAP = "classification"
_DEAR = ("detection", "segmentation")
_TAU = "\N{GREEK SMALL LETTER TAU}"
_ACROSS = 4  # panels in a row


def prediction(material: Material) -> dict[str, Figure] | str:
    """Draw a panel per pair of a cheap and a dear column; inside `results.figures.theme.theme`.

    The cheap ones are linear and kNN accuracy of the first classification task, the dear ones every detection's and
    segmentation's primary column. Floor and ceiling are shown, and are no part of tau: they would raise it for free.
    """
    if material.swept:
        return f"rows that are values of {material.swept}, no objectives of their own"
    cheap, dear = _cheap(material), _dear(material)
    if not cheap or not dear:
        return f"no task of {_CHEAP if not cheap else ' or '.join(_DEAR)} with a number"
    pairs = [(x, y) for x in cheap for y in dear]
    across = len(dear) if len(dear) <= _ACROSS else 3
    width = COLUMN_WIDTH if across == 1 else TEXT_WIDTH
    figure, axes = panels(len(pairs), across=across, width=width, height=1.9 if across > 1 else 2.3)
    inches = (width - 0.2) / across - 0.36
    for axis, (x, y) in zip(axes, pairs, strict=True):
        _panel(axis, x, y, material=material)
        found = agreement(material.counting, x=x.label, y=y.label)
        axis.set_title(wrapped(_tau(found), inches=inches, size=LABEL), fontsize=LABEL, fontweight="normal")
        axis.set_xlabel(wrapped(f"{x.label} (%)", inches=inches, size=7))
        axis.set_ylabel(wrapped(f"{y.label} (%)", inches=1.4, size=7))
    set_title(figure, f"{material.config}: does the cheap metric predict the dear one?")
    finish(figure, handles=_legend(material, pairs), notes=_notes(material, pairs))
    return {"prediction": figure}


def _cheap(material: Material) -> list[Column]:
    """Linear and kNN accuracy: of the first classification task its primary column, and its first of kNN."""
    own = [column for column in material.columns if column.family == _CHEAP]
    own = [column for column in own if column.task == own[0].task]
    neighbours = [column for column in own if column.metric.startswith("knn")]
    return own[:1] if own[:1] == neighbours[:1] else own[:1] + neighbours[:1]


def _dear(material: Material) -> list[Column]:
    main = set(primary(material.columns))
    return [column for column in material.columns if column.family in _DEAR and column.label in main]


def _shown(numbers: pd.DataFrame, x: Column, y: Column) -> list[str]:
    """Objectives with a number in both columns; of floor and ceiling what is near the others in both."""
    means = [
        numbers[numbers["column"] == column.label].groupby("objective")["value"].mean().to_dict() for column in (x, y)
    ]
    both = objective_order(str(name) for name in means[0].keys() & means[1].keys())
    others = [name for name in both if name not in ROLES]
    if not others:
        return both
    return [
        name
        for name in both
        if name in others or all(is_near(of[name], [of[other] for other in others]) for of in means)
    ]


def _panel(axis: Axes, x: Column, y: Column, *, material: Material) -> None:
    """Draw the mean of every objective, and lines from its lowest to its highest seed."""
    numbers = material.counting
    for name in _shown(numbers, x, y):
        rows = numbers[numbers["objective"] == name]
        across, up = (100 * rows.loc[rows["column"] == column.label, "value"] for column in (x, y))
        colour = material.colours[name]
        axis.plot([across.min(), across.max()], [up.mean()] * 2, color=colour, linewidth=0.7, zorder=2)
        axis.plot([across.mean()] * 2, [up.min(), up.max()], color=colour, linewidth=0.7, zorder=2)
        axis.plot([across.mean()], [up.mean()], color=colour, zorder=3, **_marker(name, material=material))
    axis.margins(0.08)


def _marker(name: str, *, material: Material) -> dict[str, Any]:
    hollow = {"markerfacecolor": "white"} if name in ROLES else {"markeredgecolor": "white"}
    width = 1.0 if name in ROLES else 0.4
    return {"marker": material.markers[name], "markersize": 4.5, "markeredgewidth": width, "linestyle": "", **hollow}


def _tau(found: Agreement) -> str:
    count = f"n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{found.n}"
    if math.isnan(found.tau):
        return f"no {_TAU}{' of so few' if found.n < 3 else ''}, {count}"
    low, high, tau = (f"{value:.2f}".replace("-", "\N{MINUS SIGN}") for value in (found.low, found.high, found.tau))
    if math.isnan(found.low):
        return f"{_TAU} = {tau}, {count}, {'too few' if found.n < FEWEST else 'one seed'}: no interval"
    return f"{_TAU} = {tau} [{low}, {high}], {count}"


def _legend(material: Material, pairs: list[tuple[Column, Column]]) -> list[Line2D]:
    shown = objective_order(name for x, y in pairs for name in _shown(material.counting, x, y))
    return [
        Line2D([], [], color=material.colours[name], label=material.label(name), **_marker(name, material=material))
        for name in shown
    ]


def _notes(material: Material, pairs: list[tuple[Column, Column]]) -> list[str]:
    present = [name for name in ROLES if name in set(material.counting["objective"])]
    far = [name for name in present if any(name not in _shown(material.counting, x, y) for x, y in pairs)]
    without = f" (without {' and '.join(present)})" if present else ""
    return [
        f"{_TAU}: Kendall's tau-b over the means of n objectives{without}; 1 is the same order. In brackets: its "
        f"{LEVEL:.0%} bootstrap interval over objectives and over the seeds of each; none below {FEWEST} objectives or "
        "where one has a single seed.",
        "Lines at points: lowest to highest seed." if material.seeds > 1 else "",
        material.note_on_stale,
        material.note_on_recipes,
        f"Not in every panel, too far from the others: {' and '.join(far)}." if far else "",
    ]
