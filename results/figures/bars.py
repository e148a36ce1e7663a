"""Bars per task: the mean over seeds as a bar with its interval, each seed as a point."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from results.figures.intervals import interval_label
from results.figures.material import Material
from results.figures.references import ROLES
from results.figures.theme import (
    COLUMN_WIDTH,
    FAINT,
    INK,
    LABEL,
    SMALL,
    TEXT_WIDTH,
    finish,
    panels,
    set_title,
)
from results.figures.wrapping import row_labels, text_width, wrapped
from results.order import objective_order
from results.statistics.inference import interval

_ACROSS = 5  # panels in a row
_TICKS = 0.28  # inches: ticks, and space between panels
_TITLE_LINE = 0.12  # inches: a line of a panel's title
_ENDS = 0.36  # inches: title of the figure and label of the axis
_HATCH = "////"


def bars(material: Material) -> dict[str, Figure] | str:
    """Draw one panel per column of the table; inside `results.figures.theme.theme`.

    Objectives and seeds without a number are named too. A bar with a number that is stale is hatched.
    """
    if material.numbers.empty:
        return "no finished evaluation"
    names = objective_order(material.frame["objective"])
    labels, widest, lines = row_labels([material.label(name) for name in names], size=LABEL)
    columns = [column.label for column in material.columns]
    width = COLUMN_WIDTH if len(columns) < 3 else TEXT_WIDTH
    across = _across(len(columns))
    inches = (width - widest - 0.25) / across
    titles = [wrapped(column, inches=inches - 0.1, size=7, bold=True) for column in columns]
    around = _TICKS + _TITLE_LINE * max(title.count("\n") + 1 for title in titles) + _ENDS / -(-len(columns) // across)
    height = around + max(0.18, 0.05 + 0.1 * lines) * len(names)
    figure, axes = panels(len(columns), across=across, width=width, height=height, sharey=True)
    for axis, column, title in zip(axes, columns, titles, strict=True):
        rows = material.numbers[material.numbers["column"] == column]
        _panel(axis, rows.assign(score=100 * rows["value"]), names=names, material=material, inches=inches)
        axis.set_title(title, y=1.0)
        axis.set(xlabel="", ylabel="")
        axis.set_yticks(range(len(names)), labels)
        axis.set_ylim(len(names) - 0.4, -0.6)
    for axis in axes[-across:]:
        axis.set_xlabel("score (%)")
    set_title(figure, f"{material.config}: downstream scores")
    finish(figure, handles=_legend(material), notes=[material.note_on_recipes])
    return {"bars": figure}


def _across(count: int) -> int:
    """As few rows of panels as are needed, as equally filled as they can be."""
    down = -(-count // _ACROSS)
    return -(-count // down)


def _panel(axis: Axes, rows: pd.DataFrame, *, names: list[str], material: Material, inches: float) -> None:
    """Draw one metric: bars, seeds, intervals, numbers, and floor and ceiling as lines behind all rows."""
    shared = {"data": rows, "x": "score", "y": "objective", "order": names, "ax": axis, "legend": False}
    sns.barplot(**shared, hue="objective", palette=dict(material.colours), saturation=1, errorbar=None, width=0.7)
    stale = set(rows.loc[rows["stale"] != "", "objective"])
    for patch in axis.patches:
        assert isinstance(patch, Rectangle)
        if names[round(patch.get_y() + patch.get_height() / 2)] in stale:
            patch.set(hatch=_HATCH, edgecolor="white")
    sns.stripplot(**shared, color="white", edgecolor=INK, linewidth=0.5, size=2.4, jitter=False, zorder=3)
    for name in ROLES:
        if name in set(rows["objective"]):
            mean = rows.loc[rows["objective"] == name, "score"].mean()
            axis.axvline(mean, color=material.colours[name], linewidth=0.8, linestyle="--", zorder=0)
    ends = [
        _row(axis, place, rows[rows["objective"] == name], seeds=material.seeds) for place, name in enumerate(names)
    ]
    rooms = [(end, max(0.3 * inches, inches - text_width(text, size=SMALL) - 0.12)) for end, text in ends]
    right = max(end * inches / room for end, room in rooms) or 1.0
    axis.set_xlim(0, right)
    axis.set_xticks([tick for tick in MaxNLocator(nbins=4).tick_values(0, right) if tick <= min(100, right)])
    axis.tick_params(axis="y", length=0)


def _row(axis: Axes, place: int, rows: pd.DataFrame, *, seeds: int) -> tuple[float, str]:
    """Draw an objective's interval, and write its mean beside it with n where seeds are missing, or that there is none.

    Returns:
        Where the row's marks end, and what stands behind them.
    """
    values = rows["score"]
    if values.empty:
        text, end = "no result", 0.0
    else:
        text = f"{values.mean():.1f}{f' (n={len(values)})' if len(values) < seeds else ''}"
        low, high = interval(values.tolist()) or (values.mean(), values.mean())
        axis.plot([low, high], [place, place], color=INK, linewidth=1.1, zorder=2.5, solid_capstyle="butt")
        end = float(values.max())
    axis.annotate(
        text,
        xy=(end, place),
        xytext=(3.5, 0),
        textcoords="offset points",
        va="center",
        fontsize=SMALL,
        fontstyle="italic" if values.empty else "normal",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )
    return end, text


def _legend(material: Material) -> list[Artist]:
    seeds, numbers = material.seeds, material.numbers
    found: list[Artist] = [Patch(color=FAINT, label=f"mean of {seeds} seeds" if seeds > 1 else "one seed")]
    if seeds > 1:
        found.append(Line2D([], [], linestyle="", marker="o", color="white", markeredgecolor=INK, label="seed"))
    if spread := interval_label(numbers):
        found.append(Line2D([], [], color=INK, linewidth=1.1, label=spread))
    found += [
        Line2D([], [], color=material.colours[name], linewidth=0.8, linestyle="--", label=f"{role} ({name})")
        for name, role in ROLES.items()
        if name in set(numbers["objective"])
    ]
    if (numbers["stale"] != "").any():
        found.append(Patch(facecolor=FAINT, hatch=_HATCH, edgecolor="white", label="stale: code or config has changed"))
    return found
