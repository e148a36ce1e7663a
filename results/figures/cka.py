"""Heat map of linear CKA: how alike the features of two rows are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.cka import Features, cka_of_rows, read_features
from results.figures.material import Material
from results.figures.theme import COLUMN_WIDTH, FAINT, INK, LABEL, SMALL, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import row_labels
from results.order import objective_order
from results.store.units import REPRESENTATION

_FIELD = 0.36  # inches
_SIDE = 0.3  # inches of a field where there is room
_TITLE = 0.35  # inches: the title, and what is above and below the labels


def cka(material: Material) -> dict[str, Figure] | str:
    """Draw mean CKA between the features of all pairs of rows; inside `results.figures.theme.theme`."""
    features = _features(material)
    found = cka_of_rows(features)
    names = [name for name in objective_order(features) if any(name in pair for pair in found)]
    if not names:
        return "no two sets of features of the same images"
    labels, widest, lines = row_labels([material.label(name) for name in names], size=LABEL)
    field = max(_FIELD, 0.12 * lines)
    width = COLUMN_WIDTH if widest + field * len(names) + 0.2 <= COLUMN_WIDTH else TEXT_WIDTH
    figure, (axis,) = panels(1, across=1, width=width, height=_TITLE + widest + max(_SIDE, 0.12 * lines) * len(names))
    values = [[found.get((row, other), np.nan) for other in names] for row in names]
    _draw(axis, pd.DataFrame(values, index=names, columns=names))
    places = [place + 0.5 for place in range(len(names))]
    axis.set_yticks(places, labels, rotation=0)
    axis.set_xticks(places, labels, rotation=90)
    set_title(figure, f"{material.config}: linear CKA between features h")
    finish(figure, handles=[], notes=_notes(material, features, drawn=len(names)))
    return {"cka": figure}


def _features(material: Material) -> dict[str, dict[int, Features]]:
    """Read the features that count: row -> seed -> (N, F)."""
    frame = material.frame
    rows = frame[(frame["family"] == REPRESENTATION) & (frame["status"] == "done") & (frame["stale"] == "")]
    rows = rows[rows["folder"].notna()].drop_duplicates(["objective", "seed"])
    found: dict[str, dict[int, Features]] = {}
    for name, seed, folder in zip(rows["objective"], rows["seed"], rows["folder"], strict=True):
        features = read_features(Path(folder))
        if features is not None:
            found.setdefault(str(name), {})[int(seed)] = features
    return found


def _draw(axis: Axes, values: pd.DataFrame) -> None:
    sns.heatmap(values, cmap="Blues", vmin=0, vmax=1, cbar=False, linewidths=0.8, ax=axis)
    for (down, across), value in np.ndenumerate(values.to_numpy()):
        text = "none" if np.isnan(value) else f"{value:.2f}"
        colour = "white" if value > 0.6 else INK
        axis.text(across + 0.5, down + 0.5, text, ha="center", va="center", fontsize=SMALL, color=colour)
    axis.set(xlabel="", ylabel="", facecolor=FAINT)
    axis.tick_params(length=0)


def _notes(material: Material, features: dict[str, dict[int, Features]], *, drawn: int) -> list[str]:
    """Say what the fields are means over, and what is missing."""
    several = any(len(own) > 1 for own in features.values())
    without = [name for name in objective_order(material.frame["objective"]) if name not in features]
    return [
        "1: equal but for rotation, shift and scale; 0: nothing linear in common. Features are of the same images.",
        "Beside the diagonal: mean over the seeds of both rows, which share initialisation and order of images."
        if drawn > 1
        else "",
        "On it: mean over pairs of different seeds of one row." if several else "On it: nothing, for want of a seed.",
        f"Without features, so not shown: {', '.join(without)}." if without else "",
        material.note_on_recipes,
    ]
