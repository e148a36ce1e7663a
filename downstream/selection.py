"""Of several settings or epochs, the one that counts: chosen on validation data, never on the test split."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from downstream.tasks import Metric

_FILE = "choices.json"


@dataclass(frozen=True)
class Series:
    """The scores of one number under several settings, or after every epoch.

    Attributes:
        metric: name of the number.
        of: what differs: "penalty", "k" or "epoch".
        settings: its values.
        validation: scores on the validation data, one for each setting.
        test: scores on the test split, likewise; they choose nothing but the "oracle". Empty where only what was
            chosen was tested.
        lowest: whether the lowest score is the best, as of a loss.
    """

    metric: str
    of: str
    settings: Sequence[float]
    validation: Sequence[float]
    test: Sequence[float]
    lowest: bool = False

    @property
    def chosen(self) -> int:
        """Place of the best validation score; of several, the earliest."""
        return self.validation.index(min(self.validation) if self.lowest else max(self.validation))

    @property
    def at_edge(self) -> bool:
        """Whether a wider grid might hold a better setting; epochs have no such edge, the schedule ends with them."""
        chosen = self.settings[self.chosen]
        return self.of != "epoch" and len(self.settings) > 1 and chosen in (min(self.settings), max(self.settings))


def select(dataset: str, series: Series) -> list[Metric]:
    """What is stored as numbers of a series.

    Args:
        dataset: name as tables show it.
        series: the scores.
    """
    metric, tested, chosen = series.metric, series.test, series.chosen
    return [
        Metric(dataset, metric, "val", "selected", series.validation[chosen]),
        Metric(dataset, metric, "test", "last", tested[-1]),
        Metric(dataset, metric, "test", "selected", tested[chosen]),
        Metric(dataset, metric, "test", "oracle", max(tested)),
    ]


def write_choices(folder: Path, series: Sequence[Series], *, images: Mapping[str, int]) -> None:
    """Write `choices.json`, whole or not at all: what was chosen among what, and every score; say where an edge was.

    Args:
        folder: where to; made if it is not there.
        series: one for each number.
        images: how many there were of each part of the data.
    """
    edges: dict[str, list[str]] = {}
    for each in series:
        if each.at_edge:
            edges.setdefault(each.of, []).append(f"{each.metric} ({each.settings[each.chosen]:g})")
    for of, names in edges.items():
        print(f"the chosen {of} is at the edge of its grid: {', '.join(names)}")
    found = {
        each.metric: {
            "of": each.of,
            "settings": list(each.settings),
            "validation": list(each.validation),
            "test": list(each.test),
            "chosen": each.settings[each.chosen],
            "at_edge": each.at_edge,
        }
        for each in series
    }
    folder.mkdir(exist_ok=True)
    temporary = folder / f"{_FILE}.tmp"
    with temporary.open("w") as file:
        json.dump({"images": dict(images), "series": found}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / _FILE)
