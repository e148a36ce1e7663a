"""Shortcut: what InfoNCE learns where one easy factor tells all images apart."""

from __future__ import annotations

from matplotlib.figure import Figure

from results.experiments.drawing import draw_series, spread_name
from results.experiments.experiment import Experiment
from results.experiments.material import Material, Named, Row
from results.experiments.tabulated import table_of
from results.experiments.verdict import Verdict, above, below, paired_rule
from results.experiments.wording import begun
from results.figures.theme import LABEL, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import wrapped
from results.order import FLOOR, REFERENCE
from results.tables.layout import Table

HUE = "linear_background_hue_r2"
SHAPE = "linear_shape_top1"
CLASS = "linear_top1"
SHORTCUT = "infonce_hue"
"""The row whose views hardly change the hue and never take it away."""
_ROWS = {
    FLOOR: "floor",
    SHORTCUT: "hue kept",
    "infonce_grayscale": "with gray",
    REFERENCE: "default",
}
"""Row -> its views, as the figure names them; from the left."""
_PANELS = {HUE: "R2 of the background's hue", SHAPE: "accuracy in the shape", CLASS: "classification accuracy"}
_DEFAULT, _CUT = "infonce with the default views", "infonce with the hue left in"


def rows(material: Material) -> dict[str, Row]:
    """The compared rows by name, in the order of the figure."""
    found = {row.name: row for row in reversed(material.rows)}
    return {name: found[name] for name in _ROWS if name in found}


def draw(material: Material) -> Figure | str:
    """Draw hue, shape and class, a panel each, a point per row."""
    own = rows(material)
    shown = [metric for metric in _PANELS if any(material.values(row, metric) for row in own.values())]
    if not shown:
        return f"none of {', '.join(_PANELS)} of {', '.join(_ROWS)}"
    figure, axes = panels(len(shown), across=len(shown), width=TEXT_WIDTH, height=2.3)
    inches = TEXT_WIDTH / len(shown) - 0.5
    for axis, metric in zip(axes, shown, strict=True):
        for place, row in enumerate(own.values()):
            point = (float(place), material.values(row, metric))
            draw_series(axis, [point], method=row.recipe.method, material=material, joined=False)
        names = [wrapped(_ROWS[name], inches=0.9 * inches / len(own), size=LABEL) for name in own]
        axis.set_xticks(range(len(own)), names)
        axis.set_xlim(-0.5, len(own) - 0.5)
        axis.set_title(wrapped(_PANELS[metric], inches=inches, size=7, bold=True))
        axis.margins(y=0.12)
    axes[0].set_ylabel("score (%)")
    set_title(figure, f"{material.label}: what infonce learns with other colours in its views")
    spread = spread_name(material)
    said = [words for name, words in _VIEWS.items() if name in own]
    finish(figure, handles=[], notes=[*said, f"Bars: {spread}." if spread else ""])
    return figure


def verdicts(material: Material) -> list[Verdict]:
    """Judge that the shortcut is taken, that it costs shape, and that the default views are above the floor."""
    own = rows(material)

    def of(name: str, words: str, metric: str) -> Named:
        return material.named(own.get(name), metric, name=words)

    found = []
    for metric, judge, claim in _CLAIMS:
        cut, default = of(SHORTCUT, _CUT, metric), of(REFERENCE, _DEFAULT, metric)
        found.append(judge(claim, cut, default, metric=metric))
    for metric, name, words in _ABOVE_FLOOR:
        claim = f"{begun(words)} is above the floor in {_PANELS[metric]}."
        found.append(above(claim, of(name, words, metric), of(FLOOR, FLOOR, metric), metric=metric))
    return found


_VIEWS = {
    SHORTCUT: "hue kept: jitter turns the hue by a fifth of a turn at most, and no view is gray.",
    "infonce_grayscale": "with gray: the same, but gray as often as by default.",
}
_ABOVE_FLOOR = (
    (HUE, SHORTCUT, _CUT),
    (SHAPE, SHORTCUT, _CUT),
    (SHAPE, REFERENCE, _DEFAULT),
    (CLASS, REFERENCE, _DEFAULT),
)
_CLAIMS = (
    (HUE, above, "With the hue left in the views the features tell more of the background's hue."),
    (SHAPE, below, "With the hue left in the views the features tell less of the shape."),
    (CLASS, below, "With the hue left in the views the features classify worse."),
)


def table(material: Material) -> Table:
    """Tabulate hue, shape and class of every row."""
    metrics = [*_PANELS, "linear_hue_r2", "knn_top1", "linear_retention"]
    return table_of(material, material.rows, metrics=metrics, values=["jitter", "hue_jitter", "gray_probability"])


_LATER = f"That {_CUT} is above the floor in {_PANELS[SHAPE]} was added to the claims after the numbers had been seen."

EXPERIMENT = Experiment(
    name="shortcut",
    title="A shortcut: the background's hue",
    claim=(
        "Where the views hardly change the hue and never take it away, InfoNCE tells images by the hue of their "
        "background, and learns less of the shape."
    ),
    source=(
        "A question of this project. In a first trial, with the colours of the row infonce_hue but on other scenes, of "
        "64 pixels, and for another number of steps, R2 of the hue was .95, and accuracy in the shape .24 where an "
        "untrained network had .19; its cells were not kept. That colours are such a shortcut is known since SimCLR: "
        "Chen et al. 2020, arXiv 2002.05709."
    ),
    measured=(
        "Linear probes for the background's hue (R2 on the circle) and the shape of the main object, and "
        "classification by shape, on test data. Rows differ in the colour part of their views alone. The default "
        "views were chosen earlier, on validation data (docs/first-results.md says how); no number of this page chose "
        "anything."
    ),
    shown=(
        "A panel for each number, a point for each row: its mean over seeds, with their interval. From the left: an "
        "untrained network, views that keep the hue, the same with gray ones among them, and the default views."
    ),
    rule=(*paired_rule(), _LATER),
    pooled=False,
    draw=draw,
    table=table,
    verdicts=verdicts,
)
