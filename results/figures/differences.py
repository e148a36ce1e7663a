"""Difference of every objective to a reference, paired by seed, and its heat map."""

from __future__ import annotations

import textwrap
from collections.abc import Collection

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.figures.theme import INK, panels, set_title
from results.order import CEILING, FLOOR, objective_label, objective_order

_FIELD = 13  # characters of a label that are as wide as a field


def differences(numbers: pd.DataFrame, *, reference: str) -> pd.DataFrame:
    """Subtract the reference's score of the same seed, then average over the seeds that both have.

    Args:
        numbers: rows of `results.comparison.scores` with one config.
        reference: the objective that is subtracted.

    Returns:
        Frame with objective, column, points (hundredths of the fraction, mean over pairs), n (number of pairs), in the
        order of figures; a pair of objective and column without a common seed is left out.
    """
    base = numbers.loc[numbers["objective"] == reference, ["seed", "column", "value"]]
    pairs = numbers[numbers["objective"] != reference].merge(base, on=["seed", "column"], suffixes=("", "_reference"))
    pairs = pairs.assign(points=100 * (pairs["value"] - pairs["value_reference"]))
    found = pairs.groupby(["objective", "column"], sort=False)["points"].agg(points="mean", n="size").reset_index()
    places = {name: place for place, name in enumerate(objective_order(found["objective"]))}
    return found.sort_values("objective", key=lambda names: names.map(places), kind="stable", ignore_index=True)


def heat_map(found: pd.DataFrame, *, columns: list[str], title: str, derived: Collection[str]) -> Figure:
    """Draw differences, blue above the reference and red below; inside `results.figures.theme.theme`.

    Floor and ceiling are far off by nature and would drown the rest: beside other objectives they stand in grey.

    Args:
        found: of `differences`; not empty.
        columns: labels of the columns in their order.
        title: of the figure.
        derived: objectives to mark as derived.
    """
    names = objective_order(found["objective"])
    labels = [objective_label(name, derived=derived) for name in names]
    compared = [name for name in names if name not in (FLOOR, CEILING)] or names
    coloured = found[found["objective"].isin(compared)]
    span = max(0.1, *coloured["points"].abs())
    size = (1.3 + 0.065 * max(map(len, labels)) + 0.8 * len(columns), 1.2 + 0.36 * len(names))
    figure, (axis,) = panels(1, across=1, size=size, sharey=False)
    sns.heatmap(
        coloured.pivot(index="objective", columns="column", values="points").reindex(index=names, columns=columns),
        cmap="RdBu",
        vmin=-span,
        vmax=span,
        center=0,
        linewidths=1,
        cbar_kws={"label": "points", "pad": 0.02, "aspect": 10},
        ax=axis,
    )
    _annotate(axis, found, names=names, columns=columns, dark=0.6 * span, coloured=compared)
    axis.set(xlabel="", ylabel="", facecolor="#e4e4e4")
    axis.tick_params(length=0)
    axis.set_yticks([place + 0.5 for place in range(len(names))], labels, rotation=0)
    axis.set_xticks([place + 0.5 for place in range(len(columns))], list(map(_broken, columns)), rotation=0, fontsize=7)
    set_title(figure, title)
    return figure


def _broken(label: str) -> str:
    """Break a column's label into lines of a field's width: between words, and after underscores of long ones."""
    lines = textwrap.wrap(label, _FIELD, break_long_words=False, break_on_hyphens=False)
    return "\n".join(
        line if len(line) <= _FIELD else textwrap.fill(line.replace("_", "_ "), _FIELD).replace("_ ", "_")
        for line in lines
    )


def _annotate(
    axis: Axes, found: pd.DataFrame, *, names: list[str], columns: list[str], dark: float, coloured: list[str]
) -> None:
    """Write the difference into every field, with n where there are fewer pairs than elsewhere."""
    most = found["n"].max()
    fields = {(row["objective"], row["column"]): row for row in found.to_dict("records")}
    for y, name in enumerate(names):
        for x, column in enumerate(columns):
            field = fields.get((name, column))
            text = "no pair" if field is None else f"{field['points']:+.1f}".replace("-", "\N{MINUS SIGN}")
            if field is not None and field["n"] < most:
                text += f"\nn={field['n']}"
            white = field is not None and name in coloured and abs(field["points"]) > dark
            axis.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=7, color="white" if white else INK)
