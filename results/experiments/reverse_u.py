"""Reverse U: is there a best amount of information that two views should share?"""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.experiments.drawing import draw_level, draw_series, entries, ring
from results.experiments.experiment import Experiment
from results.experiments.material import KNOWN, TASK_FACTOR, Material, Row, is_reference
from results.experiments.ranges import inside, peak, range_rule
from results.experiments.recipe import Recipe, all_else
from results.experiments.selection import choice_rule, chosen
from results.experiments.tabulated import table_of
from results.experiments.verdict import Named, Verdict, paired_rule
from results.experiments.wording import in_words
from results.figures.theme import COLUMN_WIDTH, INK, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import wrapped
from results.order import FLOOR, REFERENCE
from results.tables.layout import Table

MEASURED = "infonce_information_nats"
"""InfoNCE's bound on what the views share, of the trained features; it cannot exceed log K."""
SATURATED = "infonce_saturated"
RETENTION = "linear_retention"
_MOST = 3  # factors that are named one by one
TASK = f"linear_{TASK_FACTOR}_top1"
"""Accuracy in the factor of the task. In the order of the shared factors it stands in the middle."""


Swept = float | tuple[str, ...]
"""A number, or the factors that are shared."""


@dataclass(frozen=True)
class Axis:
    """A way to change what views share.

    Attributes:
        name: for titles.
        paths: inputs of a pretraining that differ along it.
        value: what is swept, of a row; None where the row has none.
        place: of a value, from the least that is shared on.
    """

    name: str
    paths: tuple[str, ...]
    value: Callable[[Recipe], Swept | None]
    place: Callable[[Swept], float]

    def is_known(self) -> bool:
        """Whether what the views share is known along it, and need not be measured."""
        return self.name == "shared factors"


def _many(value: Swept) -> float:
    return float(len(value)) if isinstance(value, tuple) else value


def _less(value: Swept) -> float:
    return -_many(value)


AXES = (
    Axis("shared factors", ("views.factors.shared",), lambda own: own.shared if own.rendered else None, _many),
    Axis("patch distance", ("views.patch_pair.distance",), lambda own: _known(own.distance), _less),
    Axis("crop", ("views.crop_scale",), lambda own: _known(own.crop), _many),
    Axis("colour jitter", ("views.jitter",), lambda own: _known(own.jitter), _less),
)


@dataclass(frozen=True)
class Line:
    """One method along one axis.

    Attributes:
        axis: the axis.
        method: the method.
        points: shared information in nats (mean over seeds; NaN where it is not known) and row, in the order of the
            swept value, from where the least is shared on.
    """

    axis: Axis
    method: str
    points: tuple[tuple[float, Row], ...]


def lines(material: Material) -> list[Line]:
    """Find rows of one method that are equal in all but one way to change what views share, two at least."""
    found = []
    for axis in AXES:
        groups: dict[tuple[str, str], dict[Swept, Row]] = defaultdict(dict)
        for row in material.rows:
            value = axis.value(row.recipe)
            if value is not None and not is_reference(row):
                groups[row.recipe.method, all_else(row.inputs, paths=axis.paths)].setdefault(value, row)
        for (method, _), rows in groups.items():
            ordered = [rows[value] for value in sorted(rows, key=axis.place)]
            points = [(information(material, axis, row), row) for row in ordered]
            if sum(not math.isnan(x) for x, _ in points) > 1:
                found.append(Line(axis, method, tuple(points)))
    return found


def information(material: Material, axis: Axis, row: Row) -> float:
    """What the views of a row share, in nats: known, or as InfoNCE's bound measures it; NaN without a number.

    It is a property of the views, so there is one estimate per view policy: that of infonce, whatever the row's method.
    """
    if axis.is_known():
        own = material.values(row, KNOWN, split="train")
    else:
        views = _views(row)
        same = (other for other in material.of(REFERENCE) if other.config == row.config and _views(other) == views)
        own = next((values for other in same if (values := material.values(other, MEASURED))), {})
    return statistics.fmean(own.values()) if own else math.nan


def _views(row: Row) -> str:
    return json.dumps(row.inputs.get("views"), sort_keys=True, default=str)


def expected(line: Line) -> tuple[float, Row] | None:
    """Where the score should be best: the fewest shared factors that hold the task's; None along other axes."""
    held = (point for point in line.points if TASK_FACTOR in (point[1].recipe.shared or ()))
    return next(held, None) if line.axis.is_known() else None


def draw(material: Material) -> Figure | str:
    """Draw accuracy and retention over shared information, a column of panels per axis, a line per method."""
    found = lines(material)
    along = [axis for axis in AXES if any(line.axis == axis for line in found)]
    metrics = [metric for metric in (TASK, RETENTION) if material.has(metric)]
    if not along:
        return "no two rows that differ in what their views share alone, with that information known or measured"
    if not metrics:
        return f"neither {TASK} nor {RETENTION}"
    width = COLUMN_WIDTH if len(along) == 1 else TEXT_WIDTH
    figure, axes = panels(len(along) * len(metrics), across=len(along), width=width, height=1.75)
    inches = width / len(along) - 0.5
    for panel, (metric, axis) in zip(axes, product(metrics, along), strict=True):
        _draw_panel(panel, [line for line in found if line.axis == axis], metric, material=material)
        panel.set_title(axis.name if metric == metrics[0] else "")
        panel.set_xlabel(wrapped(_across(axis), inches=inches, size=7) if metric == metrics[-1] else "")
        panel.set_ylabel(wrapped(f"{_words(metric)} (%)", inches=1.3, size=7) if axis == along[0] else "")
    set_title(figure, f"{material.label}: scores over what the two views share")
    methods = [method for method in material.methods if any(line.method == method for line in found)]
    ringed = any(chosen(named(material, line, metric)) for line in found for metric in metrics)
    notes = [_MARKED if any(expected(line) for line in found) else "", _saturated(material, found)]
    finish(figure, handles=entries(material, lines=methods, ringed=ringed), notes=notes)
    return figure


def _draw_panel(panel: Axes, shown: Sequence[Line], metric: str, *, material: Material) -> None:
    """Draw one number along one axis; the value that validation chooses is marked."""
    for row in material.of(FLOOR):
        draw_level(panel, material.values(row, metric), method=FLOOR, material=material)
    for x in {point[0] for line in shown if (point := expected(line)) is not None}:
        panel.axvline(x, color=INK, linewidth=0.8, linestyle=":", zorder=0)
    for line in shown:
        own = [(x, material.values(row, metric)) for x, row in line.points]
        known = [point for point in own if not math.isnan(point[0])]
        draw_series(panel, known, method=line.method, material=material)
        points = named(material, line, metric)
        best = chosen(points)
        if best is not None and not math.isnan(own[points.index(best)][0]):
            ring(panel, *own[points.index(best)], method=line.method, material=material)
    panel.margins(x=0.08, y=0.12)


_MARKED = f"Dotted: the fewest shared factors that hold the task's, {TASK_FACTOR}; the score should be best there."


def _across(axis: Axis) -> str:
    return "known I(v1;v2) (nats)" if axis.is_known() else "infonce's bound on I(v1;v2) (nats)"


def _words(metric: str) -> str:
    return metric.replace("_", " ")


def _saturated(material: Material, found: Sequence[Line]) -> str:
    """Name the rows whose measured information is at the bound's ceiling; "" for none."""
    names = [
        row.name
        for line in found
        if not line.axis.is_known()
        for _, row in line.points
        if row.recipe.method == REFERENCE
        if any(value > 0 for value in material.values(row, SATURATED).values())
    ]
    return f"At the bound's ceiling log K in some seed: {', '.join(dict.fromkeys(names))}." if names else ""


def named(material: Material, line: Line, metric: str) -> list[Named]:
    """The numbers of a line's points."""
    return [
        Named(_name(row, line), material.values(row, metric), material.values(row, metric, split="val"))
        for _, row in line.points
    ]


def _name(row: Row, line: Line) -> str:
    value = line.axis.value(row.recipe)
    if isinstance(value, tuple):
        names = ", ".join(value) if len(value) <= _MOST else f"{len(value)} factors"
        return f"{line.method} with {names or 'nothing'} shared"
    return f"{line.method} at {line.axis.name} {value:g}" if isinstance(value, float) else row.name


def verdicts(material: Material) -> list[Verdict]:
    """Judge, per axis and method, that the task is told best at an amount of shared information inside the range."""
    found = [verdict for line in lines(material) for verdict in _judged(material, line)]
    return found or [inside(f"{_INSIDE[0].upper()}{_INSIDE[1:]}", [], metric=TASK)]


_INSIDE = f"{in_words(TASK)} is best at an amount of shared information inside the range, and lower at both ends."


def _judged(material: Material, line: Line) -> Iterator[Verdict]:
    """The value inside that validation chooses, and where it is known, the one that is expected to be best."""
    about, points = f"{material.label_of(line.method)}, {line.axis.name}", named(material, line, TASK)
    yield inside(f"{about}: {_INSIDE}", points, metric=TASK)
    best = expected(line)
    if best is not None:
        shared = best[1].recipe.shared or ()
        claim = (
            f"{about}: {in_words(TASK)} is best where it should be, with {len(shared)} factors shared "
            f"({best[0]:.2f} nats), the fewest that hold {TASK_FACTOR}: above every other number of factors."
        )
        yield peak(claim, points, expected=points[line.points.index(best)], metric=TASK)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def table(material: Material) -> Table:
    """Tabulate rows with what their views share, known and measured, and their scores."""
    metrics = [MEASURED, "infonce_bias_nats", "infonce_ceiling_nats", SATURATED]
    metrics += ["ksg_information_nats", "ksg_bias_nats", "ksg_saturated", TASK, RETENTION, "mlp_retention"]
    metrics += ["linear_retention_shared", "linear_retention_non_shared"]
    return table_of(material, material.rows, metrics=metrics, values=["shared", "crop", "jitter", "distance"])


EXPERIMENT = Experiment(
    name="reverse-u",
    title="How much should two views share?",
    claim=(
        "Views should share what the task needs and nothing else. Over what they share, the score of a task rises "
        "while they miss what it needs, is best where they share just that, and falls as they share more: a reverse U."
    ),
    source=(
        "InfoMin: Tian et al. 2020, arXiv 2005.10243 (known here through notes and code; the paper's plotted values "
        "are not known). The paper calls the curve an upper bound, which an encoder may not reach."
    ),
    measured=(
        f"Accuracy of a linear probe for the factor of the task, {TASK_FACTOR}, and retention of all factors, over the "
        "mutual information of the views. Rendered views share the first k factors of one order, in whose middle the "
        "task's stands; what they share is known exactly, and the score is expected to be best at the first k "
        "that holds it. For crops, colour jitter and patches the views share an unknown amount: rows are ordered by "
        "the swept value, and drawn at one estimate per view policy, the mean over seeds of InfoNCE's bound on "
        "held-out pairs in the row infonce, whatever the method. It depends on that encoder and cannot exceed log K."
    ),
    rule=f"{paired_rule()} {range_rule()} {choice_rule()}",
    pooled=True,
    draw=draw,
    table=table,
    verdicts=verdicts,
)
