"""Masking: does hiding parts of the views make better features, also for detection and segmentation?"""

from __future__ import annotations

from matplotlib.figure import Figure

from results.experiments.drawing import draw_level, draw_series, entries, ring, tick
from results.experiments.experiment import Experiment
from results.experiments.material import NON_SHARED, RETENTION, SHARED, Material, Named, Row
from results.experiments.recipe import MRCL
from results.experiments.selection import chosen
from results.experiments.tabulated import table_of
from results.experiments.verdict import Verdict, above, paired_rule
from results.experiments.wording import begun, in_words
from results.figures.theme import COLUMN_WIDTH, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import wrapped
from results.order import CEILING, FLOOR, REFERENCE
from results.tables.layout import Table

METRICS = (RETENTION, "linear_top1", "AP", "mIoU")
"""A panel each, and claims of each."""
RATIO = 0.25
"""The objective's own default, which is compared with infonce. No value is published."""


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
    best = {metric: _best(material, metric) for metric in shown}
    for axis, metric in zip(axes, shown, strict=True):
        for row in [*material.of(FLOOR, CEILING), *filter(None, [material.reference])]:
            draw_level(axis, material.values(row, metric), method=row.recipe.method, material=material)
        draw_series(axis, [(ratio, material.values(row, metric)) for ratio, row in own], method=MRCL, material=material)
        for ratio, row in own:
            if ratio == best[metric]:
                ring(axis, ratio, material.values(row, metric), method=MRCL, material=material)
        tick(axis, [(ratio, f"{ratio:g}") for ratio, _ in own], inches=inches)
        axis.set_title(wrapped(begun(_words(material, metric)), inches=inches, size=7, bold=True))
        axis.set_xlabel("mask ratio")
        axis.margins(y=0.1)
    axes[0].set_ylabel("score (%)")
    set_title(figure, f"{material.label}: scores over the masked share of the views")
    level = [REFERENCE] if material.reference else []
    handles = entries(material, lines=[MRCL], levels=level, ringed=any(at is not None for at in best.values()))
    finish(figure, handles=handles, notes=[])
    return figure


def _best(material: Material, metric: str) -> float | None:
    """The ratio that the validation numbers of a metric choose; None without any."""
    named = {ratio: material.named(row, metric, name=f"{ratio:g}") for ratio, row in ratios(material)}
    best = chosen(list(named.values()))
    return next((ratio for ratio, own in named.items() if own is best), None)


def verdicts(material: Material) -> list[Verdict]:
    """Judge masking and reconstruction together against infonce, and the part of each, in every number."""
    return [verdict for metric in METRICS if _is_asked(material, metric) for verdict in _judged(material, metric)]


def _is_asked(material: Material, metric: str) -> bool:
    """Whether claims are made of a number: accuracy is of ordinary images, which a factor data set need not have."""
    return metric != "linear_top1" or material.has(metric)


def _words(material: Material, metric: str) -> str:
    """What a number is, in words; of one that has none, with its data set."""
    words = in_words(metric)
    return material.places(metric) if words == metric else words


def _judged(material: Material, metric: str) -> list[Verdict]:
    words, rows = _words(material, metric), dict(ratios(material))
    about = begun(words)
    infonce = material.named(material.reference, metric, name=REFERENCE)

    def at(ratio: float) -> Named:
        return material.named(rows.get(ratio), metric, name=f"mrcl at ratio {ratio:g}")

    together = f"{about}: masking with reconstruction, at the default ratio {RATIO:g}, gives more than infonce."
    alone = f"{about}: reconstruction alone, at ratio 0, gives more than infonce."
    more = f"{about}: masking, at ratio {{:g}}, gives more than reconstruction alone."
    masked = sorted({ratio for ratio in rows if ratio > 0} | {RATIO})
    return [
        above(together, at(RATIO), infonce, metric=words).placed(about, f"ratio {RATIO:g} over infonce"),
        above(alone, at(0.0), infonce, metric=words).placed(about, "ratio 0 over infonce"),
        *(
            above(more.format(ratio), at(ratio), at(0.0), metric=words).placed(about, f"ratio {ratio:g} over 0")
            for ratio in masked
        ),
    ]


def table(material: Material) -> Table:
    """Tabulate scores by mask ratio."""
    metrics = [*METRICS, "AP50", "mlp_retention", SHARED, NON_SHARED, "knn_top1"]
    return table_of(material, material.rows, metrics=metrics, values=["ratio", "weight"])


_RINGS = (
    "Rings mark the ratio with the highest validation number, where there are such numbers; no claim chooses a ratio: "
    f"the objective's default, {RATIO:g}, is compared with infonce, and every ratio with 0."
)
_LATER = f"Claims of ratios other than 0 and {RATIO:g} were added after the numbers had been seen."

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
    measured=(
        "Retention of known factors and linear accuracy by probes, detection and segmentation, over the share of a "
        "view that is hidden."
    ),
    shown=(
        "A panel for each number, over the share of a view that is hidden: means over seeds, with their intervals. At "
        "0 there is reconstruction alone. infonce, floor and ceiling are level lines."
    ),
    rule=(*paired_rule(), _RINGS, _LATER),
    pooled=False,
    draw=draw,
    table=table,
    verdicts=verdicts,
)
