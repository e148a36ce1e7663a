"""Predictors: which cheap number orders objectives as detection and segmentation do?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from results.experiments.experiment import Experiment
from results.experiments.material import Material
from results.experiments.prediction import CHEAP, DEAR, Prediction, is_compared, prediction, predictions
from results.experiments.tabulated import estimates, table_of
from results.experiments.verdict import HELD, MISSING, NOT_HELD, OPPOSITE, UNKNOWN, Verdict, one_sided
from results.experiments.wording import MINUS, in_words, p_both, p_words
from results.figures.theme import COLUMN_WIDTH, INK, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import wrapped
from results.statistics.agreement import FEWEST, Agreement
from results.statistics.inference import ALPHA, LEVEL, holm
from results.statistics.rounding import rounded
from results.tables.layout import Table

_TAU = "\N{GREEK SMALL LETTER TAU}"
_UNIT = f"Kendall's {_TAU}"
_SEEN = 0.005  # of tau: less cannot be seen in two decimals


def draw(material: Material) -> Figure | str:
    """Draw tau per cheap number with its interval and what it is without one objective, a panel per dear number."""
    every = [one for metric in DEAR for one in predictions(material, dear=metric)]
    found = [one for one in every if not math.isnan(one.found.tau)]
    if not found:
        return _lacking(material) or "fewer than three objectives have both numbers"
    dear = [metric for metric in DEAR if any(one.dear == metric for one in found)]
    cheap = [metric for metric in CHEAP if any(one.cheap == metric for one in found)]
    width = COLUMN_WIDTH if len(dear) == 1 else TEXT_WIDTH * 0.8
    figure, axes = panels(len(dear), across=len(dear), width=width, height=0.75 + 0.2 * len(cheap), sharey=True)
    for axis, metric in zip(axes, dear, strict=True):
        for one in (one for one in found if one.dear == metric):
            _draw(axis, cheap.index(one.cheap), one)
        axis.axvline(0, color=INK, linewidth=0.6, zorder=0)
        axis.set_xlim(-1.08, 1.08)
        axis.set_ylim(len(cheap) - 0.4, -0.6)
        axis.set_yticks(range(len(cheap)), [in_words(_signed(name)) for name in cheap])
        axis.set_title(wrapped(material.places(metric), inches=width / len(dear) - 1.0, size=7, bold=True))
        axis.set_xlabel(f"{_UNIT} with it")
        axis.tick_params(axis="y", length=0)
    set_title(figure, f"{material.label}: which cheap number orders objectives as the dear one does?")
    finish(figure, handles=_legend(found), notes=_notes(found))
    return figure


_DOT: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 4.2, "color": INK, "markeredgecolor": "white"}
_BETWEEN: dict[str, Any] = {"color": "#0173b2", "linewidth": 1.6}
_WITHOUT: dict[str, Any] = {"color": "#de8f05", "linewidth": 4.5, "alpha": 0.45, "solid_capstyle": "butt"}


def _draw(axis: Axes, place: int, one: Prediction) -> None:
    if one.without:
        axis.plot([min(one.without.values()), max(one.without.values())], [place] * 2, **_WITHOUT, zorder=1)
    if not math.isnan(one.found.low):
        axis.plot([one.found.low, one.found.high], [place] * 2, **_BETWEEN, zorder=2)
    axis.plot([one.found.tau], [place], **_DOT, zorder=3)


def _signed(metric: str) -> str:
    return metric if CHEAP[metric] > 0 else f"{MINUS}{metric}"


def _legend(found: Sequence[Prediction]) -> list[Line2D]:
    handles = [Line2D([], [], label=f"{_TAU} over objectives", **_DOT)]
    if any(not math.isnan(one.found.low) for one in found):
        handles.append(Line2D([], [], label=f"{LEVEL:.0%} bootstrap interval, objectives and seeds", **_BETWEEN))
    if any(one.without for one in found):
        handles.append(Line2D([], [], label=f"{_TAU} without one objective: range", **_WITHOUT))
    return handles


def _notes(found: Sequence[Prediction]) -> list[str]:
    counts = sorted({one.found.n for one in found})
    objectives = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    none = all(math.isnan(one.found.low) for one in found)
    few = f"No interval: it needs {FEWEST} objectives with two seeds each." if none else ""
    sign = (
        f"{MINUS} before a number: less of it is taken for better."
        if any(CHEAP[one.cheap] < 0 for one in found)
        else ""
    )
    return [f"Means of {objectives} objectives, floor and ceiling left out.", sign, few]


def verdicts(material: Material) -> list[Verdict]:
    """Judge that each cheap number orders objectives as each dear one does."""
    return list(_verdicts(material))


def _verdicts(material: Material) -> Iterator[Verdict]:
    for dear in DEAR:
        found = predictions(material, dear=dear)
        adjusted = holm([one_sided(one.found.p, effect=one.found.tau) for one in found])
        for one, p in zip(found, adjusted, strict=True):
            cheap, place = in_words(_signed(one.cheap)), material.places(dear)
            verdict = judged(one, claim=f"{cheap} orders objectives as {place} does.", adjusted=p)
            yield verdict.placed(cheap, f"orders as {place} does")
        if not is_compared(material, dear):
            yield Verdict(f"Some cheap number orders objectives as {dear} does.", MISSING, f"No row has {dear}.")
    if all(is_compared(material, dear) for dear in DEAR):
        first, second = DEAR
        dears = prediction(material, second, dear=first)
        p = one_sided(dears.found.p, effect=dears.found.tau)
        claim = f"{material.places(second)} orders objectives as {material.places(first)} does: {_ALIKE}"
        yield judged(dears, claim=claim, adjusted=p)
    if not any(is_compared(material, cheap) for cheap in CHEAP):
        yield Verdict("Some cheap number orders objectives.", MISSING, f"No row has any of {', '.join(CHEAP)}.")


def judged(one: Prediction, *, claim: str, adjusted: float) -> Verdict:
    """Judge one prediction by the rule of `results.experiments.verdict`, with tau as the effect and the p of tau.

    Args:
        one: the prediction.
        claim: in words.
        adjusted: its one-sided p after the correction for the number of cheap numbers.
    """
    found = one.found
    if math.isnan(found.tau):
        few = "too few" if found.n < 3 else "one number is the same for all"
        return Verdict(claim, MISSING, f"No {_TAU} over {found.n} objectives: {few}.")
    p = one_sided(found.p, effect=found.tau)
    said = f"{_TAU} = {_two(found.tau)}{_between(found)} over {found.n} objectives"
    said += f", one-sided {p_both(p, effect=found.tau)}, after Holm's correction {p_words(adjusted)}, {_seeds(one)}."
    caveat = ""
    if math.isnan(found.low):
        outcome = UNKNOWN
        caveat = f"An interval needs {FEWEST} objectives with two seeds each."
    elif found.tau > 0 and found.low > 0 and adjusted < ALPHA:
        outcome = HELD
    else:
        outcome = OPPOSITE if found.tau < 0 and found.high < 0 and adjusted < ALPHA else NOT_HELD
    low, high = (found.tau, found.tau) if math.isnan(found.low) else (found.low, found.high)
    return Verdict(claim, outcome, said + _influence(one), caveat, found.tau, low, high, p, one.seeds, _UNIT)


def _influence(one: Prediction) -> str:
    if not one.without:
        return ""
    low, high = min(one.without.values()), max(one.without.values())
    most = one.influential
    if high - low < _SEEN:
        return f" Without any one objective it is {_two(low)} as well."
    return (
        f" Without one objective it is between {_two(low)} and {_two(high)}; most depends on {most} "
        f"({_two(one.without[most])} without it)."
    )


def _seeds(one: Prediction) -> str:
    return f"{one.seeds} seed{'s' if one.seeds != 1 else ''} each"


def _between(found: Agreement) -> str:
    if math.isnan(found.low):
        return ""
    return f" [{_two(found.low)}, {_two(found.high)}]"


def _two(value: float) -> str:
    return rounded(value, "{:+.2f}").replace("-", MINUS)


def _lacking(material: Material) -> str:
    if not any(is_compared(material, metric) for metric in DEAR):
        return f"neither {' nor '.join(DEAR)}"
    return "" if any(is_compared(material, metric) for metric in CHEAP) else "no cheap number"


def table(material: Material) -> Table:
    """Tabulate the cheap and the dear numbers of every row."""
    metrics = [*CHEAP, *estimates("infonce"), *DEAR]
    values = ["weight", "ratio", "superfluous_weight", "predictive_weight"]
    return table_of(material, material.rows, metrics=metrics, values=values)


_ALIKE = "as far as that goes, what holds for one holds for the other, and is no further evidence."
_RULE = (
    f"The order of all objectives but floor and ceiling is compared by Kendall's {_TAU}-b over means. A claim is held "
    f"where {_TAU} is above 0 with p < {ALPHA:g}, one-sided and after Holm's correction for all cheap numbers that are "
    f"compared with the same dear one, and so is its {LEVEL:.0%} bootstrap interval over objectives and the seeds of "
    "each, in brackets; it is the opposite where both are so below 0.",
    "What tau is without one objective is said, and decides nothing.",
    "p and interval take the objectives for independent ones. They are not: several are infonce with a term beside it, "
    "and lie close to it in every number. So p is too small, by how much is not known.",
    f"With fewer than {FEWEST} objectives, or one seed of some, there is no interval and nothing can be told.",
    "That the two dear numbers agree was added to the claims after the numbers had been seen.",
)

EXPERIMENT = Experiment(
    name="predictors",
    title="Which cheap number predicts the dear ones?",
    claim=(
        "Objectives are usually compared by linear accuracy. If that, or a number that needs no labels, orders them as "
        "detection and segmentation do, the dear tasks need not be run."
    ),
    source="A question of this project; no single paper claims it.",
    measured=(
        "Kendall's tau between the objectives' means in a cheap and in a dear number, with an interval over objectives "
        "and seeds, and without each objective in turn."
    ),
    shown=(
        "Agreement of each cheap number with detection and with segmentation: tau over all objectives, its interval, "
        "and the range in which it lies if one objective is left out."
    ),
    rule=_RULE,
    pooled=False,
    draw=draw,
    table=table,
    verdicts=verdicts,
    corrected=True,
)
