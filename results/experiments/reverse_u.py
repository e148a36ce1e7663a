"""Reverse U: is there a best amount of information that two views should share?"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from itertools import product

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.experiments.drawing import draw_level, draw_series, entries, name_values, ring
from results.experiments.experiment import Experiment
from results.experiments.material import NON_SHARED, RETENTION, SHARED, TASK_FACTOR, Material, Named, Row
from results.experiments.ranges import inside, peak, range_rule
from results.experiments.selection import Candidate, above_by_choice, choice_rule, chosen
from results.experiments.sharing import AXES, Axis, Line, lines, saturated
from results.experiments.tabulated import estimates, table_of
from results.experiments.verdict import Verdict, paired_rule
from results.experiments.wording import begun, in_words
from results.figures.theme import COLUMN_WIDTH, INK, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import wrapped
from results.order import FLOOR, REFERENCE
from results.tables.layout import Table

_MOST_SEEDS = 0.5  # share of seeds
TASK = f"linear_{TASK_FACTOR}_top1"
"""Accuracy in the factor of the task. In the order of the shared factors it stands in the middle."""


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
        panel.set_ylabel(wrapped(f"{in_words(metric)} (%)", inches=1.3, size=7) if axis == along[0] else "")
    set_title(figure, f"{material.label}: scores over what the two views share")
    methods = [method for method in material.methods if any(line.method == method for line in found)]
    ringed = any(chosen(named(material, line, metric)) for line in found for metric in metrics)
    notes = [_MARKED if any(expected(line) for line in found) else "", _swept(along), _ceiling(material, found)]
    finish(figure, handles=entries(material, lines=methods, ringed=ringed), notes=notes)
    for panel, (metric, axis) in zip(axes, product(metrics, along), strict=True):
        name_values(panel, _values([line for line in found if line.axis == axis], metric, material=material))
    return figure


def _draw_panel(panel: Axes, shown: Sequence[Line], metric: str, *, material: Material) -> None:
    """Draw one number along one axis; the value that validation chooses is marked."""
    for row in material.of(FLOOR):
        draw_level(panel, material.values(row, metric), method=FLOOR, material=material)
    for x in {point[0] for line in shown if metric == TASK and (point := expected(line)) is not None}:
        panel.axvline(x, color=INK, linewidth=0.8, linestyle=":", zorder=0)
    for line in shown:
        own = [(x, material.values(row, metric)) for x, row in line.points]
        known = [point for point in own if not math.isnan(point[0])]
        hollow = [x for x, share in saturated(material, line).values() if share > _MOST_SEEDS]
        draw_series(panel, known, method=line.method, material=material, hollow=hollow)
        points = named(material, line, metric)
        best = chosen(points)
        if best is not None and not math.isnan(own[points.index(best)][0]):
            ring(panel, *own[points.index(best)], method=line.method, material=material)
    panel.margins(x=0.12, y=0.12)


def _values(shown: Sequence[Line], metric: str, *, material: Material) -> list[tuple[float, float, float]]:
    """Swept value, information and score in % of points to name: the highest of each value, of whatever method."""
    found: dict[tuple[float, float], float] = {}
    for line in shown:
        for x, row in line.points:
            value, seeds = line.axis.value(row.recipe), material.values(row, metric)
            if isinstance(value, float) and not math.isnan(x) and seeds:
                found[value, x] = max(found.get((value, x), -math.inf), 100 * statistics.fmean(seeds.values()))
    return [(value, x, score) for (value, x), score in found.items()]


def _swept(along: Sequence[Axis]) -> str:
    said = [axis.swept for axis in along if axis.swept]
    return f"Numbers by the points: {', '.join(said)}." if said else ""


_OPEN = "Open: the bound exceeds nine tenths of its ceiling log K in most seeds, and views may share more."
_MARKED = f"Dotted: the fewest shared factors that hold the task's, {TASK_FACTOR}; the score should be best there."


def _across(axis: Axis) -> str:
    return "known I(v1;v2) (nats)" if axis.is_known() else "infonce's bound on I(v1;v2) (nats)"


def _ceiling(material: Material, found: Sequence[Line]) -> str:
    """Say which points are at the bound's ceiling; "" for none."""
    shares = [share for line in found for share in saturated(material, line).values()]
    some = [
        name
        for line in found
        if line.method == REFERENCE
        for name, (_, share) in saturated(material, line).items()
        if share <= _MOST_SEEDS
    ]
    said = [_OPEN] if any(share > _MOST_SEEDS for _, share in shares) else []
    return " ".join([*said, *([f"There in fewer seeds: {', '.join(dict.fromkeys(some))}."] if some else [])])


def named(material: Material, line: Line, metric: str) -> list[Named]:
    """The numbers of a line's points."""
    return [material.named(row, metric, name=_name(row, line)) for _, row in line.points]


def _name(row: Row, line: Line) -> str:
    value = line.axis.value(row.recipe)
    if isinstance(value, tuple):
        return f"{line.method} with {len(value) or 'no'} factor{'s' if len(value) != 1 else ''} shared"
    if not isinstance(value, float):
        return row.name
    also = "" if row.name.endswith(f"{value:g}") else f" (row {row.name})"
    return f"{line.method} at {line.axis.name} {value:g}{also}"


def verdicts(material: Material) -> list[Verdict]:
    """Judge, per axis and method, that the task is told best at an amount of shared information inside the range."""
    found = [verdict for line in lines(material) for verdict in _judged(material, line)]
    return found or [inside(begun(_INSIDE), [], metric=TASK)]


_INSIDE = f"{in_words(TASK)} is best at an amount of shared information inside the range, and lower at both ends."


def _judged(material: Material, line: Line) -> Iterator[Verdict]:
    """The value inside that validation chooses, the best of all against the floor, and the one that is expected."""
    method, axis, points = material.label_of(line.method), line.axis.name, named(material, line, TASK)
    about = f"{method}, {axis}"
    yield inside(f"{about}: {_INSIDE}", points, metric=TASK).placed(method, f"{axis}: best inside the range")
    for row in material.of(FLOOR)[:1]:
        floor = material.named(row, TASK, name="an untrained network")
        claim = f"{about}: at its best, {in_words(TASK)} is above that of an untrained network."
        verdict = above_by_choice(claim, [Candidate(point, floor) for point in points], metric=TASK)
        yield verdict.placed(method, f"{axis}: above an untrained network")
    best = expected(line)
    if best is not None:
        shared = best[1].recipe.shared or ()
        claim = (
            f"{about}: {in_words(TASK)} is best where it should be, with {len(shared)} factors shared "
            f"({best[0]:.2f} nats), the fewest that hold {TASK_FACTOR}: above all other numbers that were tried, "
            f"{_others(line, best[1])}."
        )
        verdict = peak(claim, points, expected=points[line.points.index(best)], metric=TASK)
        yield verdict.placed(method, f"{axis}: best with {len(shared)}, as expected")


def _others(line: Line, row: Row) -> str:
    """Write the numbers of shared factors of all rows of a line but one."""
    return ", ".join(str(len(other.recipe.shared or ())) for _, other in line.points if other != row)


def table(material: Material) -> Table:
    """Tabulate rows with what their views share, known and measured, and their scores."""
    metrics = [*estimates("infonce", "ksg"), TASK, RETENTION, "mlp_retention", SHARED, NON_SHARED]
    return table_of(material, material.rows, metrics=metrics, values=["shared", "crop", "jitter", "distance"])


_LATER = (
    "Claims against an untrained network were added after the numbers of infonce had been seen, and before those of "
    "the others."
)

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
        "that holds it; with all of them shared both views are the same pixels. For crops, colour jitter and patches "
        "the views share an unknown amount: rows are ordered by the swept value, and drawn at one estimate per view "
        "policy, the mean over seeds of InfoNCE's bound on held-out pairs in the row infonce, whatever the method. It "
        "depends on that encoder and cannot exceed log K."
    ),
    shown=(
        "A column for each way to change what the views share, a line for each method, a point for each row: its mean "
        "over seeds, with their interval. Above the accuracy of a linear probe for the shape, below the retention of "
        "all factors; across what the views share, in nats: known, or infonce's bound on it. The value that was swept "
        "is written by the points of which it is."
    ),
    rule=(*paired_rule(), range_rule(), choice_rule(), _LATER),
    pooled=True,
    draw=draw,
    table=table,
    verdicts=verdicts,
)
