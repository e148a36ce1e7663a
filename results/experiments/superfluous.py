"""Superfluous information: does taking it out of the features help, and is it taken out?"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from results.experiments.experiment import Experiment
from results.experiments.material import NON_SHARED, RETENTION, SHARED, Material, Named, Row, Seeds
from results.experiments.recipe import SUPERINFO
from results.experiments.selection import Candidate, above_by_choice, choice_rule, chosen
from results.experiments.tabulated import table_of
from results.experiments.verdict import Verdict, above, below, paired_rule
from results.figures.theme import FAINT, INK, LABEL, SMALL, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import wrapped
from results.tables.layout import Table

PREDICTIVE = 0.1
"""The objective's own default of the predictive weight, at which every superfluous weight is compared with 0."""
Cell = tuple[float, float]
"""Superfluous weight and predictive weight."""


def grid(material: Material) -> dict[Cell, Row]:
    """Rows by their coefficients; infonce is none of them, since the loss puts noise on the features at (0, 0) too."""
    found = {(row.recipe.superfluous_weight, row.recipe.predictive_weight): row for row in material.of(SUPERINFO)}
    return dict(sorted(found.items()))


def accuracy(material: Material, row: Row, *, shared: bool) -> Seeds:
    """Mean linear accuracy over the factors that the views of the experiment share, or do not; empty if not known."""
    common = next((own.recipe.shared for own in material.rows if own.recipe.shared is not None), None)
    if common is None:
        return {}
    factors = [name for name in material.factors if (name in common) == shared]
    numbers = [material.values(row, f"linear_{name}_top1") for name in factors]
    seeds = set.intersection(*map(set, numbers)) if numbers else set()
    return {seed: statistics.fmean(own[seed] for own in numbers) for seed in sorted(seeds)}


_PANELS: dict[str, Callable[[Material, Row], Seeds]] = {
    "retention of non-shared factors": lambda material, row: material.values(row, NON_SHARED),
    "retention of shared factors": lambda material, row: material.values(row, SHARED),
    "accuracy, mean of non-shared factors": lambda material, row: accuracy(material, row, shared=False),
    "accuracy, mean of shared factors": lambda material, row: accuracy(material, row, shared=True),
}


def draw(material: Material) -> Figure | str:
    """Draw a grid of means per number, over both coefficients."""
    rows = grid(material)
    if not rows:
        return f"no row of {SUPERINFO}"
    shown = {
        title: {cell: number(material, row) for cell, row in rows.items()}
        for title, number in _PANELS.items()
        if any(number(material, row) for row in rows.values())
    }
    if not shown:
        return "no retention of factors"
    figure, axes = panels(len(shown), across=len(shown), width=TEXT_WIDTH, height=_height(rows))
    inches = TEXT_WIDTH / len(shown) - 0.4
    for axis, (title, numbers) in zip(axes, shown.items(), strict=True):
        _draw_grid(axis, numbers)
        axis.set_title(wrapped(title, inches=inches, size=7, bold=True))
        axis.set_xlabel("predictive weight")
    axes[0].set_ylabel(wrapped("superfluous weight", inches=_height(rows) - 0.5, size=7))
    best = _chosen(material)
    if best is not None:
        for axis in axes:
            down, across = (sorted({cell[place] for cell in rows}) for place in (0, 1))
            corner = (across.index(best[1]), down.index(best[0]))
            axis.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=INK, linewidth=1.6, clip_on=False, zorder=4))
    set_title(figure, f"{material.label}: {material.label_of(SUPERINFO)} over its two weights, means in %")
    finish(figure, handles=[], notes=["Darker is higher within a panel.", _NOTE if best else "", _ORIGIN])
    return figure


_NOTE = "Box: the row with a superfluous weight above 0 that validation retention of the shared factors chooses."
_ORIGIN = "At (0, 0): infonce on noisy features."


def _height(rows: dict[Cell, Row]) -> float:
    return 0.75 + 0.24 * len({cell[0] for cell in rows})


def _draw_grid(axis: Axes, numbers: dict[Cell, Seeds]) -> None:
    found = [(*cell, 100 * statistics.fmean(seeds.values())) for cell, seeds in numbers.items() if seeds]
    frame = pd.DataFrame(found, columns=["down", "across", "score"]).pivot(
        index="down", columns="across", values="score"
    )
    down, across = (sorted({cell[place] for cell in numbers}) for place in (0, 1))
    sns.heatmap(
        frame.reindex(index=down, columns=across),
        annot=True,
        fmt=".1f",
        cmap="Blues",
        cbar=False,
        linewidths=0.6,
        annot_kws={"fontsize": SMALL},
        ax=axis,
    )
    axis.set(xlabel="", ylabel="", facecolor=FAINT)
    axis.tick_params(length=0, labelsize=LABEL)
    axis.set_xticks([place + 0.5 for place in range(len(across))], [f"{value:g}" for value in across])
    axis.set_yticks([place + 0.5 for place in range(len(down))], [f"{value:g}" for value in down], rotation=0)


def _named(material: Material, cell: Cell, row: Row | None, metric: str) -> Named:
    name = f"superinfo with weights {cell[0]:g} and {cell[1]:g}"
    return material.named(row, metric, name=name, chosen_by=SHARED)


def _chosen(material: Material) -> Cell | None:
    """The coefficients with a superfluous weight that validation retention of the shared factors chooses."""
    named = {cell: _named(material, cell, row, SHARED) for cell, row in grid(material).items() if cell[0] > 0}
    best = chosen(list(named.values()))
    return next((cell for cell in named if named[cell] is best), None)


def verdicts(material: Material) -> list[Verdict]:
    """Judge the row that validation chooses, then every superfluous weight at the default predictive one."""
    chosen_ones = [_judged_choice(material, claim, metric, lower=lower) for claim, metric, lower in _CLAIMS]
    weights = sorted({cell[0] for cell in grid(material) if cell[0] > 0})
    return [*chosen_ones, *(verdict for weight in weights for verdict in _judged_weight(material, weight))]


def _judged_choice(material: Material, claim: str, metric: str, *, lower: bool) -> Verdict:
    """Judge the row with a superfluous weight that validation chooses against that without one, all else equal."""
    rows = grid(material)
    candidates = [
        Candidate(_named(material, cell, row, metric), _named(material, zero, rows[zero], metric))
        for cell, row in rows.items()
        if cell[0] > 0 and (zero := (0.0, cell[1])) in rows
    ]
    return above_by_choice(f"{_START} {claim}", candidates, metric=metric, lower=lower)


def _judged_weight(material: Material, weight: float) -> list[Verdict]:
    """Judge what a superfluous weight takes out, of either kind of factors, against 0."""
    rows, found = grid(material), []
    for metric, judge, asked, claim in (
        (
            NON_SHARED,
            below,
            "keeps less of non-shared factors",
            "takes superfluous information out: the features keep less of the non-shared factors",
        ),
        (
            SHARED,
            above,
            "keeps more of shared factors",
            "makes better features of what views share: they keep more of the shared factors",
        ),
    ):
        own, zero = (
            _named(material, cell, rows.get(cell), metric) for cell in ((weight, PREDICTIVE), (0.0, PREDICTIVE))
        )
        words = (
            f"A superfluous weight of {weight:g}, at the default predictive weight {PREDICTIVE:g}, {claim} than with 0."
        )
        found.append(judge(words, own, zero, metric=metric).placed(f"superfluous weight {weight:g} over 0", asked))
    return found


_START = "With a superfluous weight above 0, chosen by validation retention of the shared factors,"
_CLAIMS = (
    ("the features keep more of the shared factors than with 0.", SHARED, False),
    (
        "the features keep less of the non-shared factors than with 0: superfluous information is taken out.",
        NON_SHARED,
        True,
    ),
    ("a task that needs what views share (telling shapes) is solved better than with 0.", "linear_shape_top1", False),
    (
        "a task that needs what views do not share (telling hues) is solved worse than with 0.",
        "linear_hue_top1",
        True,
    ),
)


def table(material: Material) -> Table:
    """Tabulate retention and accuracy of every factor."""
    metrics = [RETENTION, SHARED, NON_SHARED, *(f"mlp_retention{end}" for end in ("", "_shared", "_non_shared"))]
    metrics += [f"linear_{name}_top1" for name in material.factors]
    return table_of(material, material.rows, metrics=metrics, values=["superfluous_weight", "predictive_weight"])


EXPERIMENT = Experiment(
    name="superfluous",
    title="Taking superfluous information out",
    claim=(
        "Part of what features hold is superfluous: it is of one view alone and predicts nothing of the other. A loss "
        "that weighs it against predictive information makes better features, and its two coefficients are to be tuned."
    ),
    source=(
        "SuperInfo: Yu et al., arXiv 2408.10292. Only the abstract is known, so the loss is derived here, and there is "
        "no published number to compare with."
    ),
    measured=(
        "Retention and accuracy of linear probes for the factors that the rendered views share (predictive) and do not "
        "share (superfluous), over a grid of both weights. Weights are chosen by the retention of shared factors, "
        "which a user would tune for, and compared with a superfluous weight of 0 at the same predictive weight."
    ),
    shown=(
        "Means over seeds for every pair of weights: the superfluous one from row to row, the predictive one from "
        "column to column. A panel each for retention and for the mean accuracy over factors, of those that the views "
        "share and of the others."
    ),
    rule=(*paired_rule(), choice_rule()),
    pooled=False,
    draw=draw,
    table=table,
    verdicts=verdicts,
)
