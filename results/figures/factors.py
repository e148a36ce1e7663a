"""What each row keeps of every known factor: V-information over entropy, shared factors and others apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results.comparison import columns, counting, scores
from results.figures.intervals import interval_label
from results.figures.material import Material
from results.figures.references import ROLES
from results.figures.theme import FAINT, INK, LABEL, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import text_width, wrapped
from results.known import shared_by_all, shared_factors
from results.order import objective_order
from results.statistics.inference import interval
from results.store.units import FACTORS

_PROBE = "linear_"
_ENTROPY = "entropy_"
_END = "_nats"
_HEIGHT = 2.4  # inches
_BAND = 0.8  # of the room of a factor: where the marks stand
_GAP = 0.5  # rooms between shared and other factors


@dataclass(frozen=True)
class Kept:
    """What one task of factor probes found.

    Attributes:
        task: its name.
        retention: factor -> row -> V-information of the linear probe over entropy, within [0, 1], a value per seed.
        numbers: the rows of `results.comparison.scores` behind it.
    """

    task: str
    retention: Mapping[str, Mapping[str, list[float]]]
    numbers: pd.DataFrame

    @property
    def rows(self) -> list[str]:
        """The rows that have a number, in their order."""
        return objective_order(name for own in self.retention.values() for name in own)


def kept(material: Material) -> list[Kept]:
    """Compute the retention of every factor, of all tasks of factor probes; stale numbers are left out."""
    found = []
    numbers = counting(scores(material.frame))
    shown = [column for column in columns(material.frame) if column.family == FACTORS and column.metric.endswith(_END)]
    for task, dataset in dict.fromkeys((column.task, column.dataset) for column in shown):
        metrics = {column.label: column.metric for column in shown if (column.task, column.dataset) == (task, dataset)}
        own = numbers[numbers["column"].isin(list(metrics))]
        own = own.assign(metric=own["column"].map(metrics))
        wide = own.pivot(index=["objective", "seed"], columns="metric", values="value")
        retention = {name: _retention(wide, name) for name in _factors(map(str, wide.columns))}
        told = own[own["metric"].isin([f"{_PROBE}{name}{_END}" for name in retention])]
        if any(retention.values()):
            found.append(Kept(task, retention, told))
    return found


def factors(material: Material) -> dict[str, Figure] | str:
    """Draw a mark per factor and row, one figure a task; inside `results.figures.theme.theme`."""
    tasks = kept(material)
    if not tasks:
        return "no factor probe with a number"
    ends = ["factors"] if len(tasks) == 1 else [f"factors-{each.task}" for each in tasks]
    return {end: _figure(each, material, several=len(tasks) > 1) for end, each in zip(ends, tasks, strict=True)}


def _factors(metrics: Iterable[str]) -> list[str]:
    """Name the factors whose entropy and information are stored."""
    names = set(metrics)
    found = sorted(name.removeprefix(_ENTROPY).removesuffix(_END) for name in names if name.startswith(_ENTROPY))
    return [name for name in found if f"{_PROBE}{name}{_END}" in names]


def _retention(wide: pd.DataFrame, name: str) -> dict[str, list[float]]:
    """Divide information by entropy, seed by seed."""
    fractions = (wide[f"{_PROBE}{name}{_END}"] / wide[f"{_ENTROPY}{name}{_END}"]).clip(0, 1).dropna()
    return {str(row): [float(value) for value in own] for row, own in fractions.groupby(level="objective")}


def _figure(found: Kept, material: Material, *, several: bool) -> Figure:
    shared = _shared(found, material)
    common = shared_by_all(shared)
    groups = _groups(list(found.retention), common)
    figure, (axis,) = panels(1, across=1, width=TEXT_WIDTH, height=_HEIGHT)
    places = _places(groups)
    compared = [name for name in found.rows if name not in ROLES]
    for factor, place in places.items():
        _references(axis, place, found.retention[factor], material)
        for rank, name in enumerate(compared):
            hollow = common is None and name in shared and factor not in shared[name]
            x = place + _BAND * ((rank + 0.5) / len(compared) - 0.5)
            _mark(axis, x, found.retention[factor].get(name, []), name, material=material, hollow=hollow)
    _axes(axis, places, groups)
    task = f", {found.task}" if several else ""
    set_title(figure, f"{material.config}{task}: what the linear probe finds of each factor in h")
    on_recipes = material.note_on_recipes if material.unlike & {*compared} else ""
    notes = [*_notes(shared, common), material.note_on_stale, on_recipes]
    finish(figure, handles=_legend(found, compared, material), notes=notes)
    return figure


def _shared(found: Kept, material: Material) -> dict[str, tuple[str, ...]]:
    """Row -> factors that its views share, where it is known; nothing if these are other factors than the task's."""
    own = {row: names for row, names in shared_factors(material.frame).items() if row in found.rows}
    named = {name for names in own.values() for name in names}
    return {} if named and named.isdisjoint(found.retention) else own


def _groups(names: list[str], common: tuple[str, ...] | None) -> dict[str, list[str]]:
    """Title -> factors: shared ones and others, or all where rows differ in what they share or nobody knows."""
    if common is None:
        return {"": names}
    parts = {
        "shared by both views": [name for name in names if name in common],
        "not shared": [name for name in names if name not in common],
    }
    return {title: own for title, own in parts.items() if own}


def _places(groups: Mapping[str, list[str]]) -> dict[str, float]:
    """Where each factor stands."""
    found: dict[str, float] = {}
    for rank, names in enumerate(groups.values()):
        for name in names:
            found[name] = len(found) + _GAP * rank
    return found


def _references(axis: Axes, place: float, own: Mapping[str, list[float]], material: Material) -> None:
    """Draw floor and ceiling of one factor as lines across its room."""
    for name in ROLES:
        if own.get(name):
            ends = [place - 0.48, place + 0.48]
            axis.plot(ends, [100 * fmean(own[name])] * 2, color=material.colours[name], linewidth=1.1, zorder=1)


def _mark(axis: Axes, x: float, values: list[float], name: str, *, material: Material, hollow: bool) -> None:
    if not values:
        return
    colour, shown = material.colours[name], [100 * value for value in values]
    low, high = interval(shown) or (shown[0], shown[0])
    axis.plot([x, x], [low, high], color=colour, linewidth=0.9, zorder=2)
    inside = {"markerfacecolor": "white", "markeredgecolor": colour} if hollow else {"markeredgecolor": "white"}
    style = {"color": colour, "marker": material.markers[name], "markeredgewidth": 0.9 if hollow else 0.4, **inside}
    axis.plot([x], [fmean(shown)], linestyle="", markersize=4.5, zorder=3, **style)


def _axes(axis: Axes, places: Mapping[str, float], groups: Mapping[str, list[str]]) -> None:
    """Label the factors and their groups."""
    right = max(places.values())
    axis.set_xlim(-0.6, right + 0.6)
    axis.set_ylim(-2, 102)
    axis.set_ylabel("retention (%)")
    inches = (TEXT_WIDTH - 0.6) / (right + 1.2) - 0.06
    words = {name: name.replace("_", " ") for name in places}
    upright = max(text_width(word, size=LABEL) for text in words.values() for word in text.split()) > inches
    texts = list(words.values()) if upright else [wrapped(text, inches=inches, size=LABEL) for text in words.values()]
    axis.set_xticks(list(places.values()), texts, rotation=90 if upright else 0)
    axis.tick_params(axis="x", length=0)
    for place in places.values():
        axis.axvspan(place - 0.48, place + 0.48, color=FAINT, alpha=0.45, zorder=0, linewidth=0)
    for title, names in groups.items():
        middle = (places[names[0]] + places[names[-1]]) / 2
        axis.text(middle, 103, title, ha="center", va="bottom", fontsize=7, fontweight="bold", color=INK)


def _legend(found: Kept, compared: list[str], material: Material) -> list[Artist]:
    marks: list[Artist] = [
        Line2D(
            [],
            [],
            color=material.colours[name],
            marker=material.markers[name],
            markersize=4.5,
            markeredgecolor="white",
            markeredgewidth=0.4,
            linestyle="",
            label=material.label(name),
        )
        for name in compared
    ]
    if spread := interval_label(found.numbers):
        marks.append(Line2D([], [], color=INK, linewidth=0.9, label=spread))
    return marks + [
        Line2D([], [], color=material.colours[name], linewidth=1.1, label=f"{role} ({name})")
        for name, role in ROLES.items()
        if name in found.rows
    ]


def _notes(shared: Mapping[str, tuple[str, ...]], common: tuple[str, ...] | None) -> list[str]:
    """Say what a retention is, and what is known of sharing."""
    if common is not None:
        sharing = ""
    elif shared:
        sharing = "Filled: the views of that row shared the factor; hollow: they did not."
    else:
        sharing = "Which factors views share is not known here."
    return ["Retention: V-information of the probe over the factor's entropy, cut to 0 to 100 %.", sharing]
