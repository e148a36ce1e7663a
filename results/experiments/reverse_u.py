"""Reverse U: is there a best amount of information that two views should share?"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.experiments.drawing import draw_level, draw_series, entries, ring
from results.experiments.experiment import Experiment
from results.experiments.material import KNOWN, Material, Row, is_reference
from results.experiments.recipe import Recipe, all_else
from results.experiments.tabulated import table_of
from results.experiments.verdict import Named, Verdict, chosen, inside, paired_rule
from results.figures.theme import COLUMN_WIDTH, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import wrapped
from results.order import FLOOR
from results.tables.layout import Table

MEASURED = "infonce_information_nats"
"""InfoNCE's bound on what the views share, of the trained features; it cannot exceed log K."""
SATURATED = "infonce_saturated"
RETENTION = "linear_retention"
_MOST = 3  # factors that are named one by one
_FACTOR = "shape"  # of the task, where views may share it or where nothing says what they share


@dataclass(frozen=True)
class Axis:
    """A way to change what views share.

    Attributes:
        name: for titles.
        paths: inputs of a pretraining that differ along it.
        value: what is swept, of a row; None where the row has none.
    """

    name: str
    paths: tuple[str, ...]
    value: Callable[[Recipe], object | None]

    def is_known(self) -> bool:
        """Whether what the views share is known along it, and need not be measured."""
        return self.name == "shared factors"


AXES = (
    Axis("shared factors", ("views.factors.shared",), lambda own: own.shared if own.rendered else None),
    Axis("patch distance", ("views.patch_pair.distance",), lambda own: _known(own.distance)),
    Axis("crop", ("views.crop_scale",), lambda own: None if own.rendered else _known(own.crop)),
    Axis("colour jitter", ("views.jitter",), lambda own: None if own.rendered else _known(own.jitter)),
)


@dataclass(frozen=True)
class Line:
    """One method along one axis.

    Attributes:
        axis: the axis.
        method: the method.
        points: shared information in nats (mean over seeds) and row, from the least information on.
    """

    axis: Axis
    method: str
    points: tuple[tuple[float, Row], ...]


def lines(material: Material) -> list[Line]:
    """Find rows of one method that are equal in all but one way to change what views share, two at least."""
    found = []
    for axis in AXES:
        groups: dict[tuple[str, str], dict[object, Row]] = defaultdict(dict)
        for row in material.rows:
            value = axis.value(row.recipe)
            if value is not None and not is_reference(row):
                groups[row.recipe.method, all_else(row.inputs, paths=axis.paths)].setdefault(value, row)
        for (method, _), rows in groups.items():
            points = [(x, row) for row in rows.values() if not math.isnan(x := information(material, axis, row))]
            if len(points) > 1:
                found.append(Line(axis, method, tuple(sorted(points, key=lambda point: (point[0], point[1].name)))))
    return found


def information(material: Material, axis: Axis, row: Row) -> float:
    """What the views of a row share, in nats: known, or as InfoNCE's bound measures it; NaN without a number."""
    own = material.values(row, KNOWN, split="train") if axis.is_known() else material.values(row, MEASURED)
    return statistics.fmean(own.values()) if own else math.nan


def draw(material: Material) -> Figure | str:
    """Draw accuracy and retention over shared information, a column of panels per axis, a line per method."""
    found = lines(material)
    along = [axis for axis in AXES if any(line.axis == axis for line in found)]
    metrics = [metric for metric in (task(material), RETENTION) if material.has(metric)]
    if not along:
        return "no two rows that differ in what their views share alone, with that information known or measured"
    if not metrics:
        return f"neither {task(material)} nor {RETENTION}"
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
    finish(figure, handles=entries(material, lines=methods, ringed=ringed), notes=[_saturated(material, found)])
    return figure


def _draw_panel(panel: Axes, shown: Sequence[Line], metric: str, *, material: Material) -> None:
    """Draw one number along one axis; the value that validation chooses is marked."""
    for row in material.of(FLOOR):
        draw_level(panel, material.values(row, metric), method=FLOOR, material=material)
    for line in shown:
        own = [(x, material.values(row, metric)) for x, row in line.points]
        draw_series(panel, own, method=line.method, material=material)
        points = named(material, line, metric)
        best = chosen(points)
        if best is not None:
            ring(panel, *own[points.index(best)], method=line.method, material=material)
    panel.margins(x=0.08, y=0.12)


def _across(axis: Axis) -> str:
    return "known I(v1;v2) (nats)" if axis.is_known() else "InfoNCE's bound on I(v1;v2) (nats)"


def _words(metric: str) -> str:
    return metric.replace("_", " ")


def _saturated(material: Material, found: Sequence[Line]) -> str:
    """Name the rows whose measured information is at the bound's ceiling; "" for none."""
    names = [
        row.name
        for line in found
        if not line.axis.is_known()
        for _, row in line.points
        if any(value > 0 for value in material.values(row, SATURATED).values())
    ]
    return f"At the bound's ceiling log K in some seed: {', '.join(dict.fromkeys(names))}." if names else ""


def task(material: Material) -> str:
    """Accuracy of the factor that all view pairs share: shape where they share it, else the first by name."""
    shared = [set(row.recipe.shared) for row in material.rows if row.recipe.shared is not None and row.recipe.rendered]
    common = sorted(set.intersection(*shared)) if shared else [_FACTOR]
    factor = _FACTOR if _FACTOR in common or not common else common[0]
    return f"linear_{factor}_top1"


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
    metric, found = task(material), lines(material)
    words = f"{_words(metric)} is best at an amount of shared information inside the range, and lower at both ends."
    return [
        inside(
            f"{material.label_of(line.method)}, {line.axis.name}: {words}",
            named(material, line, metric),
            metric=metric,
        )
        for line in found
    ] or [inside(f"{words[0].upper()}{words[1:]}", [], metric=metric)]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def table(material: Material) -> Table:
    """Tabulate rows with what their views share, known and measured, and their scores."""
    metrics = [MEASURED, "infonce_ceiling_nats", SATURATED, task(material), RETENTION, "mlp_retention"]
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
        "Accuracy of a linear probe for a factor that all view pairs share, and retention of all factors, over the "
        "mutual information of the views. For rendered views it is known exactly; for crops, colour jitter and patches "
        "it is InfoNCE's bound on held-out pairs, which depends on the encoder and cannot exceed log K."
    ),
    rule=paired_rule(),
    pooled=True,
    draw=draw,
    table=table,
    verdicts=verdicts,
)
