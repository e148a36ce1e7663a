"""A sweep of one parameter: score over value, a panel per task."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, NullLocator

from results.comparison import Column, counting
from results.figures.intervals import interval_label
from results.figures.material import Material
from results.figures.swept import Swept
from results.figures.theme import COLUMN_WIDTH, INK, LABEL, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import text_width, wrapped
from results.order import REFERENCE
from results.statistics.inference import interval

_ACROSS = 5  # panels in a row
_SPREAD = 8.0  # largest value over smallest from which on an axis is logarithmic
_ROOM = 0.08  # beside the first and the last value, of their distance
_POINT: dict[str, Any] = {
    "linestyle": "",
    "marker": "o",
    "markersize": 2.6,
    "markerfacecolor": "white",
    "markeredgewidth": 0.6,
}
_REFERENCE: dict[str, Any] = {"linewidth": 0.9, "linestyle": "-."}


def lines(shown: Swept, material: Material) -> Figure:
    """Draw test and validation scores over the value; inside `results.figures.theme.theme`."""
    count = len(shown.columns)
    across = -(-count // -(-count // _ACROSS))
    width = COLUMN_WIDTH if count < 3 else TEXT_WIDTH
    figure, axes = panels(count, across=across, width=width, height=1.45)
    inches = (width - 0.2) / across - 0.3
    values = [value for (value,) in shown.sweep.rows.values()]
    for axis, column in zip(axes, shown.columns, strict=True):
        _panel(axis, column, shown=shown, material=material)
        _scale(axis, values, inches=inches)
        if shown.choice is not None:
            axis.axvline(shown.choice.values[0], color=INK, linewidth=0.8, linestyle=":", zorder=0)
        axis.set_title(wrapped(column.label, inches=inches, size=7, bold=True))
        axis.set(xlabel="", ylabel="")
    for axis in axes[::across]:
        axis.set_ylabel("score (%)")
    for axis in axes[-across:]:
        axis.set_xlabel(wrapped(shown.parameters[0], inches=inches + 0.2, size=7))
    set_title(figure, f"{material.config}: {shown.title}")
    finish(figure, handles=_legend(shown, material), notes=[shown.note, material.note_on_stale])
    return figure


def _colour(shown: Swept, material: Material) -> Any:
    return material.colours[next(iter(shown.sweep.rows))]


def _panel(axis: Axes, column: Column, *, shown: Swept, material: Material) -> None:
    """Draw one task: means, intervals and seeds over the values, validation scores, and the reference."""
    rows, colour = shown.sweep.rows, _colour(shown, material)
    numbers = material.counting[material.counting["column"] == column.label]
    scores = {value: 100 * numbers.loc[numbers["objective"] == row, "value"] for row, (value,) in rows.items()}
    axis.plot(list(scores), [own.mean() for own in scores.values()], color=colour, linewidth=1.1, zorder=2)
    for value, own in scores.items():
        low, high = interval(own.tolist()) or (own.mean(), own.mean())
        axis.plot([value, value], [low, high], color=colour, linewidth=1.8, alpha=0.5, zorder=1.5)
        axis.plot([value] * len(own), own, color=colour, zorder=3, **_POINT)
    validation = _validation(material.frame, column, shown=shown)
    axis.plot(list(validation), list(validation.values()), color=colour, linewidth=0.9, linestyle="--", zorder=1.8)
    reference = numbers.loc[numbers["objective"] == REFERENCE, "value"]
    if not reference.empty and REFERENCE not in rows:
        axis.axhline(100 * reference.mean(), color=material.colours[REFERENCE], **_REFERENCE, zorder=0)
    axis.margins(y=0.1)
    axis.yaxis.set_major_locator(MaxNLocator(nbins=4))


def _validation(frame: pd.DataFrame, column: Column, *, shown: Swept) -> dict[float, float]:
    """Mean validation score in % by value, of a column whose own numbers are of the test split; empty if none.

    Stale scores do not count, as in the test scores and the choice.
    """
    place = {name: getattr(column, name) for name in ("task", "dataset", "metric", "selection")}
    rows = frame[(frame[list(place)] == pd.Series(place)).all(axis=1) & (frame["split"] == "val")]
    means = 100 * counting(rows).groupby("objective")["value"].mean()
    found = {value: float(means[row]) for row, (value,) in shown.sweep.rows.items() if row in means.index}
    return {} if column.split == "val" else found


def _scale(axis: Axes, values: list[float], *, inches: float) -> None:
    """Make the axis of values logarithmic if they span so much, with room for zero, and tick every value."""
    positive = [value for value in values if value > 0]
    if len(positive) > 1 and max(positive) / min(positive) >= _SPREAD:
        if len(positive) == len(values):
            axis.set_xscale("log")
        else:
            axis.set_xscale("symlog", linthresh=min(positive), linscale=0.6)
    scale = axis.xaxis.get_transform()
    low, high = scale.transform([min(values), max(values)])
    room = _ROOM * (high - low)
    left, right = scale.inverted().transform([low - room, high + room])
    axis.set_xlim(float(left), float(right))
    texts = [f"{value:g}" for value in values]
    spots = axis.transAxes.inverted().transform(axis.transData.transform([(value, 0) for value in values]))[:, 0]
    gap = min((right - left) * inches for left, right in pairwise(spots))
    crowded = gap < max(text_width(text, size=LABEL) for text in texts) + 0.04
    axis.set_xticks(values, texts, rotation=90 if crowded else 0)
    axis.xaxis.set_minor_locator(NullLocator())


def _legend(shown: Swept, material: Material) -> list[Artist]:
    colour = _colour(shown, material)
    own = material.counting[material.counting["objective"].isin(list(shown.sweep.rows))]
    seeds = own["seed"].nunique()
    found = [Line2D([], [], color=colour, linewidth=1.1, label="test, mean" if seeds > 1 else "test")]
    if seeds > 1:
        found.append(Line2D([], [], color=colour, label="seed", **_POINT))
    if spread := interval_label(own):
        found.append(Line2D([], [], color=colour, linewidth=1.8, alpha=0.5, label=spread))
    if any(_validation(material.frame, column, shown=shown) for column in shown.columns):
        found.append(Line2D([], [], color=colour, linewidth=0.9, linestyle="--", label="validation, mean"))
    if REFERENCE in set(material.counting["objective"]) - set(shown.sweep.rows):
        found.append(Line2D([], [], color=material.colours[REFERENCE], **_REFERENCE, label=REFERENCE))
    if shown.choice is not None:
        found.append(Line2D([], [], color=INK, linewidth=0.8, linestyle=":", label="chosen value"))
    return list(found)
