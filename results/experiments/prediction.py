"""How well cheap numbers order objectives as dear ones do: Kendall's tau, its interval, and who it depends on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from results.experiments.material import Material, is_reference
from results.statistics.agreement import Agreement, agreement, kendall

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
_NUMBERS = ["objective", "seed", "column", "value"]
_Numbers = tuple[tuple[str, int, str, float], ...]
"""Objective, seed, metric and value."""


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


def predictions(material: Material, *, dear: str) -> list[Prediction]:
    """Compare every cheap number that is there with a dear one, over all rows but floor and ceiling."""
    cheap = [metric for metric in CHEAP if is_compared(material, metric)]
    return [prediction(material, metric, dear=dear) for metric in cheap if is_compared(material, dear)]


def prediction(material: Material, cheap: str, *, dear: str) -> Prediction:
    """Compare one number with a dear one."""
    return _prediction(_numbers(material, cheap, dear), cheap, dear)


def is_compared(material: Material, metric: str) -> bool:
    """Whether a row that is neither floor nor ceiling has that number."""
    return any(material.values(row, metric) for row in material.rows if not is_reference(row))


def without_each(numbers: pd.DataFrame, *, x: str, y: str) -> dict[str, float]:
    """Compute tau over the objectives' means without each objective in turn; those without a tau are left out.

    Args:
        numbers: frame with objective, column and value.
        x: label of one column.
        y: label of the other.
    """
    means = numbers.pivot_table(index="objective", columns="column", values="value", aggfunc="mean")
    both = means.reindex(columns=[x, y]).dropna()
    if len(both) < 4:
        return {}
    taus = {str(name): kendall(both.drop(index=name))[0] for name in both.index}
    return {name: tau for name, tau in taus.items() if not math.isnan(tau)}


def _numbers(material: Material, *metrics: str) -> _Numbers:
    """Numbers of all rows but floor and ceiling, with the signs of `CHEAP`."""
    return tuple(
        (row.name, seed, metric, CHEAP.get(metric, 1) * value)
        for row in material.rows
        if not is_reference(row)
        for metric in metrics
        for seed, value in material.values(row, metric).items()
    )


@lru_cache(maxsize=1_000)  # the bootstrap takes a second, and figure and verdicts ask for the same
def _prediction(numbers: _Numbers, cheap: str, dear: str) -> Prediction:
    frame = pd.DataFrame(list(numbers), columns=_NUMBERS).assign(stale="")
    seeds = int(frame.groupby("objective")["seed"].nunique().max()) if len(frame) else 0
    return Prediction(cheap, dear, agreement(frame, x=cheap, y=dear), without_each(frame, x=cheap, y=dear), seeds)
