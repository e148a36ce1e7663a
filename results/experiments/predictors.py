"""Predictors: which cheap number orders objectives as detection and segmentation do?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy import stats

from results.experiments.experiment import Experiment
from results.experiments.material import Material, is_reference
from results.experiments.tabulated import table_of
from results.experiments.verdict import HELD, MISSING, NOT_HELD, OPPOSITE, UNKNOWN, Verdict, p_words
from results.figures.theme import COLUMN_WIDTH, INK, TEXT_WIDTH, finish, panels, set_title
from results.figures.wrapping import wrapped
from results.statistics.agreement import FEWEST, Agreement, agreement
from results.statistics.inference import ALPHA, LEVEL
from results.statistics.rounding import rounded
from results.tables.layout import Table

CHEAP: Mapping[str, int] = {
    "linear_top1": 1,
    "knn_top1": 1,
    "linear_retention": 1,
    "mlp_retention": 1,
    "rankme_dims": 1,
    "effective_rank_dims": 1,
    "lidar_dims": 1,
    "uniformity_nats": -1,
    "alignment_squared": -1,
    "infonce_information_nats": 1,
}
"""Cheap number -> 1 where more of it is taken for better, -1 where less is."""
DEAR = ("AP", "mIoU")
_TAU = "\N{GREEK SMALL LETTER TAU}"
_SEEN = 0.005  # of tau: less cannot be seen in two decimals
_DIGITS = 12  # means that agree in so many digits are equal


@dataclass(frozen=True)
class Prediction:
    """How well one cheap number orders the objectives of one dear one.

    Attributes:
        cheap: metric.
        dear: metric.
        found: Kendall's tau, of the cheap number with its sign; its interval is over objectives and seeds.
        without: objective -> tau over all others; empty below four objectives.
        seeds: most seeds of an objective.
    """

    cheap: str
    dear: str
    found: Agreement
    without: Mapping[str, float]
    seeds: int

    @property
    def influential(self) -> str:
        """The objective whose absence moves tau most; "" for none."""
        moves = {name: abs(tau - self.found.tau) for name, tau in self.without.items()}
        return max(moves, key=lambda name: moves[name], default="")


def predictions(material: Material) -> list[Prediction]:
    """Every pair of a cheap and a dear number of which both are there."""
    return [
        _prediction(material, cheap, dear)
        for dear in DEAR
        if material.has(dear)
        for cheap in CHEAP
        if material.has(cheap)
    ]


def _prediction(material: Material, cheap: str, dear: str) -> Prediction:
    numbers = _numbers(material, cheap, dear)
    seeds = int(numbers.groupby("objective")["seed"].nunique().max()) if len(numbers) else 0
    return Prediction(cheap, dear, agreement(numbers, x=cheap, y=dear), without_each(numbers, x=cheap, y=dear), seeds)


def _numbers(material: Material, *metrics: str) -> pd.DataFrame:
    """The numbers of all rows but floor and ceiling, in the form that `agreement` takes, with the signs of `CHEAP`."""
    rows = [
        {"objective": row.name, "seed": seed, "column": metric, "value": CHEAP.get(metric, 1) * value, "stale": ""}
        for row in material.rows
        if not is_reference(row)
        for metric in metrics
        for seed, value in material.values(row, metric).items()
    ]
    return pd.DataFrame(rows, columns=["objective", "seed", "column", "value", "stale"])


def without_each(numbers: pd.DataFrame, *, x: str, y: str) -> dict[str, float]:
    """Compute tau over the objectives' means without each objective in turn; those without a tau are left out.

    Args:
        numbers: frame with objective, column and value.
        x: label of one column.
        y: label of the other.
    """
    means = numbers.pivot_table(index="objective", columns="column", values="value", aggfunc="mean")
    both = means.reindex(columns=[x, y]).dropna().round(_DIGITS)
    if len(both) < 4:
        return {}
    taus = {str(name): _tau(both.drop(index=name)) for name in both.index}
    return {name: tau for name, tau in taus.items() if not math.isnan(tau)}


def _tau(both: pd.DataFrame) -> float:
    values = both.to_numpy(dtype=np.float64)
    return math.nan if (values == values[0]).all(axis=0).any() else float(stats.kendalltau(*values.T).statistic)


def draw(material: Material) -> Figure | str:
    """Draw tau per cheap number with its interval and what it is without one objective, a panel per dear number."""
    found = [one for one in predictions(material) if not math.isnan(one.found.tau)]
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
        axis.set_yticks(range(len(cheap)), [_signed(name) for name in cheap])
        axis.set_title(wrapped(material.places(metric), inches=width / len(dear) - 1.0, size=7, bold=True))
        axis.set_xlabel(f"Kendall's {_TAU} with it")
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
    return metric if CHEAP[metric] > 0 else f"{_MINUS}{metric}"


_MINUS = "\N{MINUS SIGN}"


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
        f"{_MINUS} before a number: less of it is taken for better."
        if any(CHEAP[one.cheap] < 0 for one in found)
        else ""
    )
    return [f"Means of {objectives} objectives, floor and ceiling left out.", sign, few]


def verdicts(material: Material) -> list[Verdict]:
    """Judge that each cheap number orders objectives as each dear one does."""
    return list(_verdicts(material))


def _verdicts(material: Material) -> Iterator[Verdict]:
    for dear in DEAR:
        for cheap in CHEAP:
            if material.has(cheap) and material.has(dear):
                yield judged(_prediction(material, cheap, dear), dear=material.places(dear))
        if not material.has(dear):
            yield Verdict(f"Some cheap number orders objectives as {dear} does.", MISSING, f"No row has {dear}.")
    if not any(material.has(cheap) for cheap in CHEAP):
        yield Verdict("Some cheap number orders objectives.", MISSING, f"No row has any of {', '.join(CHEAP)}.")


def judged(one: Prediction, *, dear: str) -> Verdict:
    """Judge one prediction by the rule of `results.experiments.verdict`, with tau as the effect and the p of tau.

    Args:
        one: the prediction.
        dear: the dear number, in words.
    """
    found = one.found
    claim = f"{_signed(one.cheap)} orders objectives as {dear} does."
    if math.isnan(found.tau):
        few = "too few" if found.n < 3 else "one number is the same for all"
        return Verdict(claim, MISSING, f"No {_TAU} over {found.n} objectives: {few}.")
    p = found.p / 2 if found.tau > 0 else 1 - found.p / 2
    other = f" (of the opposite claim {p_words(1 - p)})" if found.tau < 0 else ""
    said = f"{_TAU} = {_two(found.tau)}{_between(found)} over {found.n} objectives"
    said += f", one-sided {p_words(p)}{other}, {_seeds(one)}."
    caveat = ""
    if math.isnan(found.low):
        outcome = UNKNOWN
        caveat = f"An interval needs {FEWEST} objectives with two seeds each."
    elif found.tau > 0 and found.low > 0 and p < ALPHA:
        outcome = HELD
    else:
        outcome = OPPOSITE if found.tau < 0 and found.high < 0 and 1 - p < ALPHA else NOT_HELD
    low, high = (found.tau, found.tau) if math.isnan(found.low) else (found.low, found.high)
    return Verdict(claim, outcome, said + _influence(one), caveat, found.tau, low, high, p, one.seeds)


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
    return rounded(value, "{:+.2f}").replace("-", _MINUS)


def _lacking(material: Material) -> str:
    if not any(material.has(metric) for metric in DEAR):
        return f"neither {' nor '.join(DEAR)}"
    return "" if any(material.has(metric) for metric in CHEAP) else "no cheap number"


def table(material: Material) -> Table:
    """Tabulate the cheap and the dear numbers of every row."""
    return table_of(material, material.rows, metrics=[*CHEAP, *DEAR])


_RULE = (
    f"The order of all objectives but floor and ceiling is compared by Kendall's {_TAU}-b over means. A claim is held "
    f"where {_TAU} is above 0 with p < {ALPHA:g}, one-sided, and so is its {LEVEL:.0%} bootstrap interval over "
    "objectives and the seeds of each, in brackets; it is the opposite where both are so below 0. With fewer than "
    f"{FEWEST} objectives, or one seed of some, there is no interval and nothing can be told."
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
    rule=_RULE,
    pooled=False,
    draw=draw,
    table=table,
    verdicts=verdicts,
)
