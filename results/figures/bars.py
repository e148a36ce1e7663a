"""Bars per task: the mean over seeds as a bar, each seed as a point."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.figures.theme import INK, panels, set_title
from results.order import CEILING, FLOOR, objective_label, objective_order


def bars(numbers: pd.DataFrame, *, frame: pd.DataFrame, colours: Mapping[str, Any], derived: Collection[str]) -> Figure:
    """Draw one panel per column of the table; inside `results.figures.theme.theme`.

    Args:
        numbers: rows of `results.comparison.scores` with one config; not empty.
        frame: rows of `results.loading.load` with that config: objectives and seeds without a number are named too.
        colours: of `results.figures.theme.palette`.
        derived: objectives to mark as derived.
    """
    names = objective_order(frame["objective"])
    labels = [objective_label(name, derived=derived) for name in names]
    columns = list(dict.fromkeys(numbers["column"]))
    across = min(3, len(columns))
    size = (2.3 + 0.06 * max(map(len, labels)) / across, 0.85 + 0.27 * len(names))
    figure, axes = panels(len(columns), across=across, size=size, sharey=True)
    seeds = frame["seed"].nunique()
    for axis, column in zip(axes, columns, strict=True):
        rows = numbers[numbers["column"] == column]
        _panel(axis, rows.assign(score=100 * rows["value"]), names=names, colours=colours)
        _figures(axis, rows, names=names, seeds=seeds)
        axis.set(title=textwrap.fill(column, 30), xlabel="score (%)", ylabel="")
        axis.set_yticks(range(len(names)), labels)
    what = f"bar: mean of {seeds} seeds, point: seed" if seeds > 1 else "one seed"
    lines = [role for name, role in ((FLOOR, "floor"), (CEILING, "ceiling")) if name in set(numbers["objective"])]
    dashed = f", dashed: {' and '.join(lines)}" if lines else ""
    set_title(figure, f"{numbers['config'].iloc[0]}: downstream scores ({what}{dashed})")
    return figure


def _panel(axis: Axes, rows: pd.DataFrame, *, names: list[str], colours: Mapping[str, Any]) -> None:
    """Draw one metric: bars, seeds, and floor and ceiling as lines behind all rows."""
    shared = {"data": rows, "x": "score", "y": "objective", "order": names, "ax": axis, "legend": False}
    sns.barplot(**shared, hue="objective", palette=dict(colours), saturation=1, errorbar=None, width=0.7)
    sns.stripplot(**shared, color="white", edgecolor=INK, linewidth=0.8, size=4, jitter=False)
    for name in (FLOOR, CEILING):
        if name in set(rows["objective"]):
            mean = rows.loc[rows["objective"] == name, "score"].mean()
            axis.axvline(mean, color=colours[name], linewidth=0.9, linestyle="--", zorder=0)
    axis.set_xlim(0, 1.25 * rows["score"].max() or 1)
    axis.tick_params(axis="y", length=0)


def _figures(axis: Axes, rows: pd.DataFrame, *, names: list[str], seeds: int) -> None:
    """Write every mean beside its bar, with n where seeds are missing, and say where there is no result."""
    for place, name in enumerate(names):
        values = 100 * rows.loc[rows["objective"] == name, "value"]
        few = f" (n={len(values)})" if len(values) < seeds else ""
        axis.annotate(
            "no result" if values.empty else f"{values.mean():.1f}{few}",
            xy=(0 if values.empty else values.max(), place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
            fontstyle="italic" if values.empty else "normal",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )
