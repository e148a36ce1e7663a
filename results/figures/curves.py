"""Pretraining curves: a row of panels per objective, its loss terms and its images a second, a thin line per seed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from results.figures.material import Material
from results.figures.theme import COLUMN_WIDTH, LABEL, TEXT_WIDTH, finish, set_title
from results.figures.wrapping import wrapped
from results.order import objective_order

SPEED = "images_per_s"
"""Scalar that is no loss term but shown beside them."""
NOT_SHOWN = ("lr", "learning_rate")
"""Scalars of a pretraining that are not shown."""
WINDOWS = 100
"""Most points of a line; a longer curve is averaged over as many windows of equal length."""
_LONGEST = 0.95  # inches of a line of an objective's name


def thinned(scalars: pd.DataFrame) -> pd.DataFrame:
    """Keep loss terms and images a second, at most `WINDOWS` points per seed.

    Args:
        scalars: of `results.store.loading.load_scalars`.

    Returns:
        Frame of the same columns; step and value are means over a window.
    """
    kept = scalars[~scalars["name"].isin(NOT_SHOWN)]
    line = ["config", "objective", "seed", "name"]
    count = kept.groupby(line)["step"].transform("size")
    window = kept.groupby(line).cumcount() * count.clip(upper=WINDOWS) // count
    return kept.groupby([*line, window], sort=False)[["step", "value"]].mean().reset_index(line).reset_index(drop=True)


def curves(material: Material) -> dict[str, Figure] | str:
    """Draw the curves; inside `results.figures.theme.theme`."""
    lines = thinned(material.scalars)
    if lines.empty:
        return "no pretraining curve"
    names = objective_order(lines["objective"])
    shown = [_scalars(lines[lines["objective"] == name]) for name in names]
    figure, grid = _canvas(rows=len(names), across=max(map(len, shown)))
    inches = (figure.get_figwidth() - _LONGEST - 0.3) / len(grid[0]) - 0.25
    for place, (name, axes) in enumerate(zip(names, grid, strict=True)):
        for axis, scalar in zip(axes, shown[place], strict=False):
            rows = lines[(lines["objective"] == name) & (lines["name"] == scalar)]
            _panel(
                axis,
                rows,
                colour=material.colours[name],
                title=wrapped(_title(scalar), inches=inches, size=LABEL, bold=True),
            )
        for spare in axes[len(shown[place]) :]:
            spare.remove()
        label = wrapped(material.label(name), inches=_LONGEST, size=LABEL)
        axes[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=LABEL)
        below = len(shown[place + 1]) if place + 1 < len(names) else 0
        for axis in axes[:below]:
            axis.tick_params(labelbottom=False)
        for axis in axes[below : len(shown[place])]:
            axis.set_xlabel("step")
    figure.align_ylabels([axes[0] for axes in grid])
    _share(lines, shown=shown, grid=grid)
    seeds = lines["seed"].nunique()
    set_title(figure, f"{material.config}: weighted loss terms and speed in pretraining")
    each = f"A line per seed ({seeds}); points" if seeds > 1 else "One seed; points"
    finish(figure, handles=[], notes=[f"{each} are means over windows, at most {WINDOWS} of them."])
    return {"curves": figure}


def _scalars(lines: pd.DataFrame) -> list[str]:
    """Names of an objective's scalars, images a second last."""
    return sorted(dict.fromkeys(lines["name"]), key=lambda name: name == SPEED)


def _title(scalar: str) -> str:
    return "images/s" if scalar == SPEED else scalar


def _canvas(*, rows: int, across: int) -> tuple[Figure, list[list[Axes]]]:
    width = COLUMN_WIDTH if across < 3 else TEXT_WIDTH
    figure = Figure(figsize=(width, 0.45 + (0.85 if rows < 7 else 0.68) * rows), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, [list(row) for row in figure.subplots(rows, across, squeeze=False)]


def _panel(axis: Axes, rows: pd.DataFrame, *, colour: Any, title: str) -> None:
    for _, seed in rows.groupby("seed"):
        sns.lineplot(data=seed, x="step", y="value", color=colour, linewidth=0.8, alpha=0.8, errorbar=None, ax=axis)
    axis.set(xlabel="", ylabel="")
    axis.set_title(title, fontsize=LABEL, pad=2)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axis.yaxis.set_major_locator(MaxNLocator(nbins=3))


def _share(lines: pd.DataFrame, *, shown: list[list[str]], grid: list[list[Axes]]) -> None:
    """Give all panels the same steps, and those of images a second the same range from zero."""
    last, fastest = lines["step"].max(), lines.loc[lines["name"] == SPEED, "value"].max()
    for scalars, axes in zip(shown, grid, strict=True):
        for scalar, axis in zip(scalars, axes, strict=False):
            axis.set_xlim(0, 1.02 * last)
            if scalar == SPEED:
                axis.set_ylim(0, 1.08 * fastest)
