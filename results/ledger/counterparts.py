"""Published numbers beside ours: which belong together, in what protocols differ, whether ours confirms them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from results.ledger.numbers import Ledger, Published
from results.ledger.protocol import EVALUATIONS, Protocol, differences
from results.ledger.protocol_of_cells import CHECKPOINT, evaluation_protocol, pretraining_protocol
from results.statistics.inference import LEVEL
from results.store.cells import Cell

NOT_COMPARABLE = "not comparable"
NO_CLAIM = {1: "one seed: no claim", 2: "two seeds: no claim"}
"""Verdict by the number of seeds, where they are too few for one."""
MATCH = "match"
MISS = "miss"

Row = Mapping[Hashable, Any]
"""A row of `results.store.loading.load`."""

_ELSEWHERE = "pretrained elsewhere, by settings that are not known here"
_ROUNDING = 1e-9  # of sums of fractions


@dataclass(frozen=True)
class Counterpart:
    """A published number and ours of the same row, data set, metric and selection.

    Attributes:
        published: the number.
        config: our config.
        values: ours, one per seed, fractions in [0, 1].
        differences: of the protocols, in words; empty where they agree in every field.
    """

    published: Published
    config: str
    values: tuple[float, ...]
    differences: tuple[str, ...]

    @property
    def mean(self) -> float:
        """Mean of ours over the seeds."""
        return statistics.fmean(self.values)

    @property
    def std(self) -> float | None:
        """Sample standard deviation of ours; None below two seeds."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    @property
    def verdict(self) -> str:
        """`NOT_COMPARABLE`, one of `NO_CLAIM`, `MATCH` or `MISS`.

        A published number is one run with noise of its own, so it is not to be looked for in an interval of our mean.
        It is a match if it lies in the prediction interval of one more run like ours, widened by half a unit of its
        last printed digit: mean +- t s sqrt(1 + 1 / n), t of Student's distribution with n - 1 degrees of freedom at
        `results.statistics.inference.LEVEL` [1]. Of perfect reproductions, normally distributed, 1 - `LEVEL` miss.

        Sources:
            [1] Hahn and Meeker, Statistical Intervals, 1991, chapter 4.
        """
        if self.differences:
            return NOT_COMPARABLE
        n, spread = len(self.values), self.std
        if spread is None or n in NO_CLAIM:
            return NO_CLAIM[n]
        beyond = float(stats.t.isf((1 - LEVEL) / 2, n - 1)) * spread * math.sqrt(1 + 1 / n)
        distance = abs(self.mean - self.published.value)
        return MATCH if distance <= beyond + self.published.rounding + _ROUNDING else MISS


def beside(frame: pd.DataFrame, *, cells: Collection[Cell], ledger: Ledger) -> list[Counterpart]:
    """Pair every published number with ours of the same row, data set, metric and selection on the test split.

    A number whose selection is not stated is paired with the one of ours that counts. Where the ledger names a config,
    its rows meet the numbers meant for it alone; those of any other config meet all.

    Args:
        frame: of `results.store.loading.load`.
        cells: of `results.store.cells.read_cells`, of the same folder.
        ledger: of `results.ledger.numbers.read_ledger`.

    Returns:
        In the order of configs and of the ledger.
    """
    by_key = {cell.key: cell for cell in cells}
    named = {published.config for published in ledger.numbers}
    found = []
    for config, numbers in _by_config(frame).items():
        for published in ledger.numbers:
            if published.config == config or config not in named:
                place = (published.objective, published.dataset, published.metric)
                for rows in numbers.get(place, {}).values():
                    if own := _chosen(rows, published.selection):
                        differing = tuple(_differences(published, own, by_key))
                        found.append(Counterpart(published, config, tuple(row["value"] for row in own), differing))
    return found


def pretraining_differences(published: Published, pretrained: Cell) -> list[str]:
    """Say in what the pretraining of a row of ours differs from that of a published number.

    Args:
        published: the number.
        pretrained: cell of kind "pretrain".
    """
    if pretrained.inputs.get("objective") == CHECKPOINT:
        return [_ELSEWHERE]
    stated = _sections(published.protocol, EVALUATIONS, among=False)
    return [
        *_method(published, pretrained),
        *_data(published, pretrained),
        *differences(stated, pretraining_protocol(pretrained)),
    ]


def _by_config(frame: pd.DataFrame) -> dict[str, dict[tuple[object, ...], dict[str, list[Row]]]]:
    """Our test numbers: config -> (objective, data set, metric) -> task -> rows, by seed."""
    tested = frame[(frame["split"] == "test") & frame["value"].notna()].sort_values(["config", "seed"])
    found: dict[str, dict[tuple[object, ...], dict[str, list[Row]]]] = {}
    for row in tested.to_dict("records"):
        place = (row["objective"], row["dataset"], row["metric"])
        found.setdefault(row["config"], {}).setdefault(place, {}).setdefault(row["task"], []).append(row)
    return found


def _chosen(rows: Sequence[Row], selection: str | None) -> list[Row]:
    """Those of that selection, or of the one that counts; one per seed."""
    counts = "selected" if any(row["selection"] == "selected" for row in rows) else "last"
    return [row for row in rows if row["selection"] == (selection or counts)]


def _differences(published: Published, own: Sequence[Row], cells: Mapping[str, Cell]) -> Iterator[str]:
    """What differs for any seed, each once; then what no setting shows."""
    found: dict[str, None] = {}
    for row in own:
        found |= dict.fromkeys(_of_seed(published, cells.get(row["key"]), cells.get(row["upstream"])))
        if row["stale"]:
            found[f"ours is stale: {row['stale']}"] = None
    yield from found
    if published.selection is None:
        yield "which epoch or setting the paper reports is not stated"
    yield from published.standing


def _of_seed(published: Published, evaluated: Cell | None, pretrained: Cell | None) -> Iterator[str]:
    if evaluated is None or pretrained is None:
        yield "the cells that say how ours was computed are not here"
        return
    ours = evaluation_protocol(evaluated, pretrained, metric=published.metric)
    if pretrained.inputs.get("objective") == CHECKPOINT:
        yield _ELSEWHERE
        yield from differences(_sections(published.protocol, EVALUATIONS, among=True), ours)
    else:
        yield from _method(published, pretrained)
        yield from _data(published, pretrained)
        yield from differences(published.protocol, {**pretraining_protocol(pretrained), **ours})


def _sections(protocol: Protocol, sections: Collection[str], *, among: bool) -> Protocol:
    return {name: value for name, value in protocol.items() if (name.partition(".")[0] in sections) == among}


def _method(published: Published, pretrained: Cell) -> Iterator[str]:
    own = pretrained.inputs.get("objective")
    if own != published.method:
        yield f"objective {own} instead of {published.method}"


def _data(published: Published, pretrained: Cell) -> Iterator[str]:
    """What is known of the pretraining images: whether the config is the paper's, and how many there were."""
    training = pretrained.inputs.get("training")
    if not isinstance(training, Mapping):
        return  # nothing was trained
    name, images = published.protocol.get("data.name"), published.protocol.get("data.images")
    if name is None:
        yield "pretraining data not stated in the paper"
    elif pretrained.config != published.config:
        yield f"pretraining data not known to be {name}"
    elif not isinstance(images, int) or not _saw(pretrained.costs.images, training, images=images):
        yield f"pretraining data not known to be the {images} images of {name}"


def _saw(seen: int | None, training: Mapping[str, object], *, images: int) -> bool:
    """Tell whether so many images an epoch were seen; the incomplete batch at the end of an epoch is left out."""
    epochs, batch = training.get("epochs"), training.get("batch")
    if seen is None or not isinstance(epochs, int | float) or not isinstance(batch, int) or epochs <= 0:
        return False
    return images - batch < seen / epochs <= images
