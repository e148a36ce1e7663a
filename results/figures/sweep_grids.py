"""A sweep of two parameters: a grid of mean scores per task."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from results.comparison import Column
from results.figures.material import Material
from results.figures.swept import Swept
from results.figures.theme import COLUMN_WIDTH, FAINT, INK, LABEL, SMALL, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import text_width, wrapped
from results.order import REFERENCE


def grids(shown: Swept, material: Material) -> Figure:
    """Draw mean scores over both values; inside `results.figures.theme.theme`."""
    down, across = (sorted({values[place] for values in shown.sweep.rows.values()}) for place in (0, 1))
    widest = max(text_width(f"{value:g}", size=LABEL) for value in across)
    panel = max(1.3, 0.5 + max(0.34, widest + 0.06) * len(across))
    count = len(shown.columns)
    row = max(1, min(count, int(TEXT_WIDTH / panel)))
    width = COLUMN_WIDTH if count == row and row * panel <= COLUMN_WIDTH else TEXT_WIDTH
    figure, axes = panels(count, across=row, width=width, height=0.62 + 0.22 * len(down))
    inches = (width - 0.2) / row - 0.15
    for axis, column in zip(axes, shown.columns, strict=True):
        table = _table(column, shown=shown, material=material).reindex(index=down, columns=across)
        _grid(axis, table, title=wrapped(_title(column, material), inches=inches, size=7, bold=True))
        if shown.choice is not None:
            corner = (across.index(shown.choice.values[1]), down.index(shown.choice.values[0]))
            axis.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=INK, linewidth=1.6, clip_on=False, zorder=4))
    for axis in axes[::row]:
        axis.set_ylabel(wrapped(shown.parameters[0], inches=0.22 * len(down) + 0.5, size=7))
    for axis in axes[-row:]:
        axis.set_xlabel(wrapped(shown.parameters[1], inches=inches, size=7))
    set_title(figure, f"{material.config}: {shown.title}, mean test scores in %")
    box = "Box: chosen." if shown.choice is not None else ""
    finish(
        figure,
        handles=[],
        notes=["A darker field is a higher score of its panel.", box, shown.note, material.note_on_stale],
    )
    return figure


def _title(column: Column, material: Material) -> str:
    """The column, and what the reference has in it."""
    own = material.counting[material.counting["column"] == column.label]
    reference = own.loc[own["objective"] == REFERENCE, "value"]
    return (
        column.label
        if reference.empty
        else f"{column.label} ({REFERENCE}\N{NO-BREAK SPACE}{100 * reference.mean():.1f})"
    )


def _table(column: Column, *, shown: Swept, material: Material) -> pd.DataFrame:
    """Mean scores in %: a row per first value, a column per second one."""
    own = material.counting[material.counting["column"] == column.label]
    means = 100 * own.groupby("objective")["value"].mean()
    found = [(*values, means[row]) for row, values in shown.sweep.rows.items() if row in means.index]
    return pd.DataFrame(found, columns=["down", "across", "score"]).pivot(
        index="down", columns="across", values="score"
    )


def _grid(axis: Axes, table: pd.DataFrame, *, title: str) -> None:
    sns.heatmap(
        table, annot=True, fmt=".1f", cmap="Blues", cbar=False, linewidths=0.6, annot_kws={"fontsize": SMALL}, ax=axis
    )
    axis.set(xlabel="", ylabel="", facecolor=FAINT)
    axis.set_title(title)
    axis.tick_params(length=0)
    axis.set_xticks([place + 0.5 for place in range(table.shape[1])], [f"{value:g}" for value in table.columns])
    axis.set_yticks(
        [place + 0.5 for place in range(table.shape[0])], [f"{value:g}" for value in table.index], rotation=0
    )
