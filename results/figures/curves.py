"""Pretraining curves: every loss term of every objective over the steps, a thin line per seed."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from results.figures.theme import panels, set_title
from results.order import objective_label, objective_order

NOT_TERMS = ("lr", "learning_rate", "images_per_s")
"""Scalars of a pretraining that are no loss terms."""
WINDOWS = 100
"""Most points of a line; a longer curve is averaged over as many windows of equal length."""


def terms(scalars: pd.DataFrame) -> pd.DataFrame:
    """Keep the loss terms, at most `WINDOWS` points per seed.

    Args:
        scalars: of `results.loading.load_scalars`.

    Returns:
        Frame of the same columns; step and value are means over a window.
    """
    kept = scalars[~scalars["name"].isin(NOT_TERMS)]
    line = ["config", "objective", "seed", "name"]
    count = kept.groupby(line)["step"].transform("size")
    window = kept.groupby(line).cumcount() * count.clip(upper=WINDOWS) // count
    return kept.groupby([*line, window], sort=False)[["step", "value"]].mean().reset_index(line).reset_index(drop=True)


def curves(lines: pd.DataFrame, *, colours: Mapping[str, Any], derived: Collection[str]) -> Figure:
    """Draw one panel per objective and term; inside `results.figures.theme.theme`.

    Args:
        lines: rows of `terms` with one config; not empty.
        colours: of `results.figures.theme.palette`.
        derived: objectives to mark as derived.
    """
    shown = [
        (objective, name)
        for objective in objective_order(lines["objective"])
        for name in dict.fromkeys(lines.loc[lines["objective"] == objective, "name"])
    ]
    figure, axes = panels(len(shown), across=3, size=(2.6, 1.9), sharey=False)
    for axis, (objective, name) in zip(axes, shown, strict=True):
        rows = lines[(lines["objective"] == objective) & (lines["name"] == name)]
        _panel(axis, rows, colour=colours[objective])
        axis.set_title(
            "\n".join(textwrap.fill(part, 28) for part in (objective_label(objective, derived=derived), name))
        )
    seeds = lines["seed"].nunique()
    what = f"{seeds} seeds, a line each" if seeds > 1 else "one seed"
    set_title(figure, f"{lines['config'].iloc[0]}: weighted loss terms in pretraining, means over windows ({what})")
    return figure


def _panel(axis: Axes, rows: pd.DataFrame, *, colour: object) -> None:
    for _, seed in rows.groupby("seed"):
        sns.lineplot(data=seed, x="step", y="value", color=colour, linewidth=0.9, alpha=0.8, errorbar=None, ax=axis)
    axis.set(xlabel="step", ylabel="loss")
    axis.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
