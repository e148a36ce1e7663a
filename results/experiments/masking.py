"""Masking: does hiding parts of the views make better features, also for detection and segmentation?"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from results.experiments.drawing import draw_level, draw_series, entries, ring, tick
from results.experiments.experiment import Experiment
from results.experiments.material import Material, Row, Seeds
from results.experiments.recipe import MRCL
from results.experiments.selection import Candidate, above_by_choice, choice_rule
from results.experiments.tabulated import table_of
from results.experiments.verdict import Named, Verdict, chosen, paired_rule
from results.figures.theme import COLUMN_WIDTH, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import wrapped
from results.order import CEILING, FLOOR, REFERENCE
from results.tables.layout import Table

METRICS = ("linear_retention", "linear_top1", "AP", "mIoU")
"""A panel and a claim each; the first with validation numbers chooses the ratio."""


def ratios(material: Material) -> list[tuple[float, Row]]:
    """Mask ratios and their rows, from 0 on."""
    found = {row.recipe.ratio: row for row in reversed(material.of(MRCL))}
    return sorted(found.items(), key=lambda item: item[0])


def _shown(material: Material) -> list[str]:
    return [metric for metric in METRICS if material.has(metric)]


def draw(material: Material) -> Figure | str:
    """Draw every number over the mask ratio, a panel each."""
    own, shown = ratios(material), _shown(material)
    if not own:
        return f"no row of {MRCL}"
    if not shown:
        return f"none of {', '.join(METRICS)}"
    width = COLUMN_WIDTH if len(shown) == 1 else TEXT_WIDTH
    figure, axes = panels(len(shown), across=len(shown), width=width, height=2.0)
    inches = width / len(shown) - 0.45
    best = _best(material, [ratio for ratio, _ in own])
    for axis, metric in zip(axes, shown, strict=True):
        for row in [*material.of(FLOOR, CEILING), *filter(None, [material.reference])]:
            draw_level(axis, material.values(row, metric), method=row.recipe.method, material=material)
        draw_series(axis, [(ratio, material.values(row, metric)) for ratio, row in own], method=MRCL, material=material)
        for ratio, row in own:
            if ratio == best:
                ring(axis, ratio, material.values(row, metric), method=MRCL, material=material)
        tick(axis, [(ratio, f"{ratio:g}") for ratio, _ in own], inches=inches)
        axis.set_title(wrapped(material.places(metric), inches=inches, size=7, bold=True))
        axis.set_xlabel("mask ratio")
        axis.margins(y=0.1)
    axes[0].set_ylabel("score (%)")
    set_title(figure, f"{material.label}: scores over the masked share of the views")
    level = [REFERENCE] if material.reference else []
    handles = entries(material, lines=[MRCL], levels=level, ringed=best is not None)
    finish(figure, handles=handles, notes=[])
    return figure


def _validation(material: Material, row: Row) -> Seeds:
    """Numbers that choose, of the first metric that has any."""
    metrics = (
        metric for metric in METRICS if any(material.values(own, metric, split="val") for _, own in ratios(material))
    )
    return material.values(row, next(metrics, METRICS[0]), split="val")


def _named(material: Material, ratio: float, metric: str) -> Named:
    row = dict(ratios(material)).get(ratio)
    if row is None:
        return Named(f"mrcl at ratio {ratio:g}", {}, {})
    return Named(f"mrcl at ratio {ratio:g}", material.values(row, metric), _validation(material, row))


def _best(material: Material, among: Sequence[float]) -> float | None:
    named = {ratio: _named(material, ratio, METRICS[0]) for ratio in among}
    best = chosen(list(named.values()))
    return next((ratio for ratio in among if named[ratio] is best), None)


def verdicts(material: Material) -> list[Verdict]:
    """Judge the ratio above 0 that validation numbers of other seeds choose against ratio 0, in every number."""
    found = []
    for metric in METRICS:
        if metric == "linear_top1" and not material.has(metric):
            continue  # a number of ordinary images, which a factor data set need not have
        words = material.places(metric)
        claim = f"Masking helps: with the ratio that validation chooses, {words} is above that without masking."
        reference = _named(material, 0.0, metric)
        own = [_named(material, ratio, metric) for ratio, _ in ratios(material) if ratio > 0]
        found.append(above_by_choice(claim, [Candidate(one, reference) for one in own], metric=words))
    return found


def table(material: Material) -> Table:
    """Tabulate scores by mask ratio."""
    metrics = [*METRICS, "AP50", "mlp_retention", "linear_retention_shared", "linear_retention_non_shared", "knn_top1"]
    return table_of(material, material.rows, metrics=metrics, values=["ratio", "weight"])


EXPERIMENT = Experiment(
    name="masking",
    title="Hiding parts of the views",
    claim=(
        "Masking is a stronger augmentation: it takes redundant information out of the views, while reconstruction "
        "keeps the features general. Classification, detection and segmentation gain."
    ),
    source=(
        "MRCL: Liu et al. 2022, arXiv 2211.09013. Only the abstract is known, so the loss is derived here, and there "
        "is no published number to compare with. Without masking it is InfoCL's reconstruction (rc)."
    ),
    measured="Retention of known factors, detection and segmentation, over the share of a view that is hidden.",
    rule=f"{paired_rule()} {choice_rule()}",
    pooled=False,
    draw=draw,
    table=table,
    verdicts=verdicts,
)
