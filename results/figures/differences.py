"""Heat map of every objective's difference to the reference, paired by seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from results.figures.material import Material
from results.figures.theme import COLUMN_WIDTH, FAINT, INK, LABEL, SMALL, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import row_labels, text_width, wrapped
from results.order import CEILING, FLOOR, REFERENCE, objective_order
from results.statistics.inference import ALPHA
from results.statistics.paired import paired

_FIELD = 0.62  # inches, of the widest field
_UPRIGHT = 1.1  # inches: length of a line of an upright heading
_LINE = 0.11  # inches: height of a line of a heading
_TITLE = 0.35  # inches: the title in one line, and what is above and below the headings
_LOWEST = 0.42  # inches: a panel that leaves room for the colour bar's label
_CENTRED: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": SMALL, "linespacing": 1.1}


@dataclass(frozen=True)
class _Field:
    text: str
    weight: str
    points: float


@dataclass(frozen=True)
class _Headings:
    texts: list[str]
    upright: bool
    inches: float  # height


def heat_map(material: Material) -> dict[str, Figure] | str:
    """Draw differences, blue above the reference and red below; inside `results.figures.theme.theme`.

    Floor and ceiling are far off by nature and would drown the rest: beside other objectives they stand in grey.
    """
    found = paired(material.numbers, reference=REFERENCE)
    found = found[found["n"] > 0].assign(points=100 * found["difference"])
    if found.empty:
        return f"nothing to compare with {REFERENCE}"
    names = objective_order(found["objective"])
    columns = [column.label for column in material.columns if column.label in set(found["column"])]
    compared = [name for name in names if name not in (FLOOR, CEILING)] or names
    labels, widest, lines = row_labels([material.label(name) for name in names], size=LABEL)
    beside = widest + 0.75  # the colour bar and its label
    width = COLUMN_WIDTH if beside + _FIELD * len(columns) <= COLUMN_WIDTH else TEXT_WIDTH
    headings = _headings(columns, inches=(width - beside) / len(columns))
    panel = max(_LOWEST, max(0.28, 0.08 + 0.1 * lines) * len(names))
    figure, (axis,) = panels(1, across=1, width=width, height=_TITLE + headings.inches + panel)
    coloured = found[found["objective"].isin(compared)]
    span = max(0.1, coloured["points"].abs().max())
    sns.heatmap(
        coloured.pivot(index="objective", columns="column", values="points").reindex(index=names, columns=columns),
        cmap="RdBu",
        vmin=-span,
        vmax=span,
        center=0,
        linewidths=0.8,
        xticklabels=False,  # seaborn lays its own out, for which a small figure has no room
        yticklabels=False,
        cbar_kws={"label": "points", "pad": 0.02, "shrink": min(1.0, 5 / len(names)), "ticks": _ticks(len(names))},
        ax=axis,
    )
    for (name, column), field in _fields(material, found).items():
        if name in names and column in columns:
            dark = name in compared and abs(field.points) > 0.6 * span
            place = (columns.index(column) + 0.5, names.index(name) + 0.5)
            axis.text(*place, field.text, color="white" if dark else INK, fontweight=field.weight, **_CENTRED)
    axis.set_yticks([place + 0.5 for place in range(len(names))], labels, rotation=0)
    _label(axis, headings, columns, tested=set(found.loc[found["verdict"] != "not tested", "column"]))
    set_title(figure, f"{material.config}: difference to {REFERENCE} in points, mean over common seeds{_seeds(found)}")
    finish(figure, handles=[], notes=[_note(found), material.note_on_recipes])
    return {"differences": figure}


def _headings(columns: list[str], *, inches: float) -> _Headings:
    """Break the columns' labels into lines, upright where their words are wider than a field of so many inches."""
    words = [text_width(word, size=SMALL, bold=True) for column in columns for word in column.split()]
    upright = max(words) > inches - 0.02
    texts = [
        wrapped(column, inches=_UPRIGHT if upright else inches - 0.02, size=SMALL, bold=True) for column in columns
    ]
    lines = [text.split("\n") for text in texts]
    longest = max(text_width(line, size=SMALL, bold=True) for own in lines for line in own)
    return _Headings(texts, upright, inches=longest if upright else _LINE * max(map(len, lines)))


def _label(axis: Axes, headings: _Headings, columns: list[str], *, tested: set[str]) -> None:
    """Write the headings above the fields; bold for columns that are tested."""
    axis.set(xlabel="", ylabel="", facecolor=FAINT)
    axis.tick_params(length=0)
    axis.xaxis.tick_top()
    places = [place + 0.5 for place in range(len(columns))]
    axis.set_xticks(places, headings.texts, rotation=90 if headings.upright else 0, fontsize=SMALL)
    for column, label in zip(columns, axis.get_xticklabels(), strict=True):
        label.set_fontweight("bold" if column in tested else "normal")


def _ticks(rows: int) -> MaxNLocator:
    """Ticks of the colour bar: no more than have room beside few rows."""
    return MaxNLocator(nbins=2 if rows < 3 else 4)


def _fields(material: Material, found: pd.DataFrame) -> dict[tuple[str, str], _Field]:
    """What stands in every field, bold where it is separated, with n where there are fewer pairs than elsewhere."""
    stored, most = material.numbers, found["n"].max()
    stale = {(name, column) for name, column in zip(stored["objective"], stored["column"], strict=True)}
    fields = {
        (name, column.label): _Field("stale" if (name, column.label) in stale else "no pair", "normal", 0.0)
        for name in objective_order(stored["objective"])
        for column in material.columns
    }
    for row in found.to_dict("records"):
        few = f"\nn={row['n']:.0f}" if row["n"] < most else ""
        text = f"{row['points']:+.1f}".replace("-", "\N{MINUS SIGN}") + few
        weight = "bold" if row["verdict"] in ("higher", "lower") else "normal"
        fields[row["objective"], row["column"]] = _Field(text, weight, row["points"])
    return fields


def _seeds(found: pd.DataFrame) -> str:
    n = int(found["n"].max())
    return f" (n={n})" if _testable(found) else f" (n={n}: too few seeds to separate any)"


def _testable(found: pd.DataFrame) -> bool:
    """Whether there are seeds enough for any test; values that are equal tell nothing of that."""
    equal = (found["difference"] == 0) & ~(found["mde"] > 0)
    decided = found.loc[~equal, "verdict"].isin(["higher", "lower", "tie"]).any()
    return bool(decided) or "too few seeds" not in set(found["verdict"])


def _note(found: pd.DataFrame) -> str:
    """Say what bold numbers and bold headings mean, or why no number is bold."""
    if _testable(found):
        test = f"sign-flip test over seeds, Holm over the columns with bold headings, p < {ALPHA}"
        return f"Bold number: separated from {REFERENCE} ({test}); others: a tie, too few seeds, or not tested."
    return (
        f"Bold heading: tested. Nothing is separated from {REFERENCE}: the smallest p of so few seeds is "
        f"{found['smallest_p'].min():.2g}, before Holm's correction over these columns."
    )
