"""Non-shared information: do regularisers that keep it do so, and is there a best weight?"""

from __future__ import annotations

import math
from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.experiments.drawing import draw_level, draw_series, entries, ring, tick, weight_places
from results.experiments.experiment import Experiment
from results.experiments.material import NON_SHARED, RETENTION, SHARED, Material, Named, Row
from results.experiments.ranges import inside, range_rule
from results.experiments.selection import choice_rule, chosen
from results.experiments.tabulated import estimates, table_of
from results.experiments.verdict import Verdict, above, below, paired_rule
from results.experiments.wording import in_words
from results.figures.theme import TEXT_WIDTH, finish, panels, set_title
from results.order import CEILING, FLOOR, REFERENCE
from results.tables.layout import Table

LINES = ("rc", "lbe")
"""Regularisers whose weight is swept."""
NOISE = "noise"
CONTROLS = ("ip", "mib", NOISE)
_ZERO = {"rc": REFERENCE, "ip": REFERENCE, "lbe": NOISE, "mib": NOISE}
"""Regulariser -> the row that it is without its weight: lbe and mib put noise on the features whatever the weight."""
_PANELS = {NON_SHARED: "non-shared factors", SHARED: "shared factors", RETENTION: "all factors"}
_WEIGHT = 1.0  # of the rows that are compared with infonce: the paper's, for small images
_KEPT_OF_VIEW = ("h_decoder", "h_noise", "decoder", "noise")
"""Estimates of what features tell of the view: of h, on which rc and lbe act, and of z."""
_BETWEEN = ("infonce", "ksg")
"""Estimates of what the features of both views share, to read beside what the views are known to share."""
_RAISED = tuple(f"{name}_information_nats" for name in ("h_decoder", "h_noise"))
"""What the bounds of rc and lbe are to raise."""
_MLP = tuple(name.replace("linear", "mlp") for name in _PANELS)


def draw(material: Material) -> Figure | str:
    """Draw retention over the weight, a panel per group of factors."""
    shown = [metric for metric in _PANELS if material.has(metric)]
    if not shown:
        return "no retention of factors"
    lines = [method for method in LINES if material.of(method)]
    alone = [row for row in material.of(*CONTROLS) if any(material.values(row, metric) for metric in shown)]
    weights = weight_places([0.0, *(weight for method in lines for weight, _ in series(material, method))])
    left = [row for row in alone if row.recipe.method not in _ZERO.values()]
    apart = {row: weights[0.0] - _APART * (place + 1) for place, row in enumerate(reversed(left))}
    if material.reference is not None:
        alone.append(material.reference)
    ticks = [*((x, row.recipe.method) for row, x in apart.items()), *((x, f"{at:g}") for at, x in weights.items())]
    figure, axes = panels(len(shown), across=3, width=TEXT_WIDTH, height=2.1)
    for axis, metric in zip(axes, shown, strict=True):
        for row in material.of(FLOOR, CEILING):
            draw_level(axis, material.values(row, metric), method=row.recipe.method, material=material)
        for method in lines:
            _draw_line(axis, method, metric, places=weights, material=material)
        for row in alone:
            point = (apart.get(row, weights[0.0]), material.values(row, metric))
            draw_series(axis, [point], method=row.recipe.method, material=material, joined=False)
        tick(axis, ticks, inches=TEXT_WIDTH / len(axes) - 0.5)
        axis.set_title(_PANELS[metric])
        axis.set_xlabel("weight \N{GREEK SMALL LETTER LAMDA}")
        axis.margins(y=0.1)
    axes[0].set_ylabel("linear retention (%)")
    set_title(figure, f"{material.label}: what the features keep of the factors")
    points = list(dict.fromkeys(row.recipe.method for row in alone))
    notes = [_AT_ZERO, _NOTE, _TOLD if material.tells_labels_alone else ""]
    finish(figure, handles=entries(material, lines=lines, alone=points, ringed=bool(lines)), notes=notes)
    return figure


def _draw_line(axis: Axes, method: str, metric: str, *, places: Mapping[float, float], material: Material) -> None:
    """Draw a regulariser's numbers over its weight, and mark the weight that validation chooses."""
    own = [(places[weight], material.values(row, metric)) for weight, row in series(material, method)]
    draw_series(axis, own, method=method, material=material)
    found = named(material, method, metric)
    best = chosen(found)
    if best is not None:
        ring(axis, *own[found.index(best)], method=method, material=material)


_APART = 1.25  # decades between rows that have no swept weight
_AT_ZERO = "At 0: what rc and lbe are without their weight, infonce and noise."
_NOTE = "Left of 0: other terms. Retention: V-information of a linear probe over the entropy of the factors."
_TOLD = "supervised is told the shape alone: it is no ceiling of other factors."


def series(material: Material, method: str) -> list[tuple[float, Row]]:
    """Weights and rows of a regulariser, from 0, where the row stands that it is without its weight."""
    own = {row.recipe.weight: row for row in reversed(material.of(method)) if not math.isnan(row.recipe.weight)}
    zero = _first(material, _ZERO[method])
    if zero is not None:
        own.setdefault(0.0, zero)
    return sorted(own.items(), key=lambda item: item[0])


def _first(material: Material, method: str) -> Row | None:
    return next(iter(material.of(method)), None)


def named(material: Material, method: str, metric: str) -> list[Named]:
    """The numbers of a regulariser's weights, with those that validation has of them."""
    return [material.named(row, metric, name=_name(row, method)) for _, row in series(material, method)]


def _name(row: Row, method: str) -> str:
    return f"{method} at weight {row.recipe.weight:g}" if row.recipe.method == method else f"{row.name} (weight 0)"


def verdicts(material: Material) -> list[Verdict]:
    """Judge that rc and lbe keep more than what they are compared with, have a best weight, and what controls keep."""
    found = [_compared(material, method, other) for method, other in _COMPARED]
    for method in LINES:
        claim = (
            f"{method} has a best weight inside the grid: retention of all factors is lower at both ends (reverse U)."
        )
        found.append(inside(claim, named(material, method, RETENTION) if material.of(method) else [], metric=RETENTION))
    for method, other, metric, claim in _LESS:
        if material.of(method):
            own, above_it = (_named_row(material, name, metric) for name in (method, other))
            found.append(below(claim, own, above_it, metric=metric))
    for metric in _RAISED:
        for method in (name for name in LINES if material.of(name)):
            own, below_it = (_named_row(material, name, metric) for name in (method, _ZERO[method]))
            claim = f"{method}, at weight {_WEIGHT:g}, raises {in_words(metric)} over that of {below_it.name}."
            found.append(above(claim, own, below_it, metric=metric))
    return found


def _compared(material: Material, method: str, other: str) -> Verdict:
    """Judge that a regulariser at the weight of the paper keeps more than another row."""
    claim = f"{method} keeps more of the non-shared factors than {_OTHERS[other]}, at weight {_WEIGHT:g}"
    claim += _WORDS.get((method, other), ".")
    own, below_it = (_named_row(material, name, NON_SHARED) for name in (method, other))
    return above(claim, own, below_it, metric=NON_SHARED)


def _named_row(material: Material, method: str, metric: str) -> Named:
    """A row by its method; of a regulariser that is swept, the one at the weight of the paper."""
    if method in LINES:
        row = next((row for row in material.of(method) if row.recipe.weight == _WEIGHT), None)
        name = f"{method} at weight {_WEIGHT:g}"
    else:
        row, name = _first(material, method), _OTHERS.get(method, method)
    return material.named(row, metric, name=name)


_OTHERS = {REFERENCE: REFERENCE, NOISE: "noise alone", FLOOR: "an untrained network"}
_COMPARED = (("rc", REFERENCE), ("rc", NOISE), ("rc", FLOOR), ("lbe", NOISE), ("lbe", REFERENCE), ("lbe", FLOOR))
_WORDS = {
    ("lbe", NOISE): ": its bound does.",
    ("lbe", REFERENCE): ": its bound and its noise together do.",
}
_LESS = (
    (
        "ip",
        REFERENCE,
        NON_SHARED,
        "ip, which pulls the features of both views together, keeps less of the non-shared factors than infonce.",
    ),
    (
        "mib",
        "rc",
        NON_SHARED,
        "mib, which removes what the views do not share, keeps less of the non-shared factors than rc at weight 1.",
    ),
    (
        "mib",
        NOISE,
        NON_SHARED,
        "mib removes what the views do not share: it keeps less of the non-shared factors than without its weight, "
        "where it is noise alone.",
    ),
    (
        REFERENCE,
        FLOOR,
        NON_SHARED,
        "The premise: infonce keeps less of the non-shared factors than an untrained network does.",
    ),
    ("rc", REFERENCE, SHARED, "The price: rc at weight 1 keeps less of the shared factors than infonce."),
    ("lbe", NOISE, SHARED, "The price: lbe at weight 1 keeps less of the shared factors than noise alone."),
)
"""Row, the row above it, the number, and the claim."""


def table(material: Material) -> Table:
    """Tabulate retention by linear and MLP probes."""
    metrics = [*_PANELS, *_MLP, *(f"z_{name}" for name in _PANELS), *estimates(*_KEPT_OF_VIEW, *_BETWEEN)]
    return table_of(material, material.rows, metrics=metrics, values=["weight"])


_LATER = "The claims of a price, and that of mib against noise, were added after the numbers had been seen."

EXPERIMENT = Experiment(
    name="non-shared",
    title="Keeping what the views do not share",
    claim=(
        "A contrastive loss keeps what both views share and may lose the rest, though tasks can need it. Adding a "
        "bound on the information between features and view (rc: reconstruction, lbe: a contrastive bound) keeps more "
        "of it, and more than noise alone does. Scores rise and then fall with the weight of that bound. Removing "
        "non-shared information (mib) is no such gain."
    ),
    source=(
        "InfoCL: Wang et al. 2022, arXiv 2203.07004, sections 3 and 4; "
        "its scores are downstream accuracies on natural images."
    ),
    measured=(
        "Known factors of rendered scenes, of which the two views share some by construction. Retention is what a "
        "linear probe of the frozen features can say of a group of factors, as a share of their entropy. lbe and mib "
        "put noise on the features whatever their weight, so what they are without it is the row noise; rc without it "
        "is infonce. supervised is the ceiling, told every factor that a view shows; where it is "
        'called "supervised by shape" it was told the shape alone, and is no ceiling of other factors.'
    ),
    shown=(
        "What a linear probe can say of the factors that the views do not share, of those that they share, and of all, "
        "over the weight of a regulariser: means over seeds, with their intervals. Rows without such a weight are "
        "points of their own."
    ),
    rule=(*paired_rule(), range_rule(), choice_rule(), _LATER),
    pooled=False,
    draw=draw,
    table=table,
    verdicts=verdicts,
)
