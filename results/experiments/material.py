"""What an experiment's figure, table and verdicts are made from: rows with their recipes, and numbers by seed."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

import results
from results.experiments.recipe import INFOCL, WEIGHTS, Recipe, recipe_values
from results.figures.theme import markers, palette
from results.order import CEILING, FLOOR, REFERENCE, column_order, objective_label, objective_order
from results.store.cells import Cell, read_cells
from results.store.current import current
from results.store.units import FACTORS

Seeds = Mapping[int, float]
"""Seed -> number."""
TASK_FACTOR = "shape"
"""The factor that the classes of these data are."""
KNOWN = "known_shared_nats"
"""What both views of a pretraining are known to have in common, in nats; a number of the pretraining itself."""
RETENTION = "linear_retention"
"""What a linear probe of the features can say of all factors, as a share of their entropy."""
SHARED = f"{RETENTION}_shared"
"""Of the factors that the views of the row share."""
NON_SHARED = f"{RETENTION}_non_shared"
_QUICK = "-quick"
_ACCURACY = re.compile(r"linear_(\w+)_top1")


@dataclass(frozen=True)
class Row:
    """A row of a config.

    Attributes:
        config: name of the config.
        name: of the row.
        recipe: the values that experiments sweep.
        inputs: of its pretraining.
    """

    config: str
    name: str
    recipe: Recipe
    inputs: Mapping[str, object]

    def __hash__(self) -> int:
        """Rows are told apart by config and name."""
        return hash((self.config, self.name))


@dataclass(frozen=True)
class Named:
    """Numbers of one row, with what a sentence calls it.

    Attributes:
        name: as in "rc at weight 1".
        values: seed -> number, a fraction.
        validation: likewise on validation data; empty where nothing is to be chosen.
    """

    name: str
    values: Seeds
    validation: Seeds


@dataclass(frozen=True)
class Material:
    """The cells of an experiment.

    Attributes:
        label: name of its config.
        frame: rows of `results.store.loading.load` of its configs; what is stale is not among them.
        stale: how many stale numbers were left out.
        cells: its cells that count, those that are not done included.
        rows: in the order of tables.
        derived: names of rows whose loss is derived here.
    """

    label: str
    frame: pd.DataFrame
    stale: int
    cells: tuple[Cell, ...]
    rows: tuple[Row, ...]
    derived: frozenset[str]

    def of(self, *methods: str) -> list[Row]:
        """The rows of some methods."""
        return [row for row in self.rows if row.recipe.method in methods]

    @property
    def reference(self) -> Row | None:
        """The row of plain infonce; the first of several."""
        return next(iter(self.of(REFERENCE)), None)

    @property
    def methods(self) -> list[str]:
        """Every method once, in the order of tables."""
        return objective_order(row.recipe.method for row in self.rows)

    @cached_property
    def colours(self) -> Mapping[str, Any]:
        """Method -> colour."""
        return palette(self.methods)

    @cached_property
    def markers(self) -> Mapping[str, str]:
        """Method -> marker."""
        return markers(self.methods)

    def label_of(self, method: str) -> str:
        """Write a method: "mrcl (derived)", "infocl rc"; a row that is told labels is no ceiling of other factors."""
        if method == CEILING and self.tells_labels_alone:
            return f"{CEILING} by {TASK_FACTOR}"
        own = {row.recipe.method for row in self.rows if row.name in self.derived}
        label = objective_label(method, derived=own)
        return f"{INFOCL} {label}" if method in WEIGHTS else label

    @property
    def tells_labels_alone(self) -> bool:
        """Whether there is a supervised row that is told labels, and not every factor."""
        return any(row.recipe.told == "labels" for row in self.of(CEILING))

    def values(self, row: Row, metric: str, *, split: str = "test") -> Seeds:
        """The numbers of a row.

        Args:
            row: the row.
            metric: its name. Where several tasks have it, that of the first in the order of tables.
            split: "test", "val", or "train" for what is known of a pretraining's views.
        """
        return self._numbers.get((row.config, row.name, metric, split), {})

    def named(self, row: Row | None, metric: str, *, name: str, chosen_by: str = "") -> Named:
        """The numbers of a row, with those that may choose it; none where there is no such row.

        Args:
            row: the row.
            metric: its name.
            name: what a sentence calls the row.
            chosen_by: metric of the validation numbers; "" for the same.
        """
        if row is None:
            return Named(name, {}, {})
        return Named(name, self.values(row, metric), self.values(row, chosen_by or metric, split="val"))

    def places(self, metric: str) -> str:
        """Name data set and metric: "shapes VOC AP"; the metric alone where there is no such number."""
        found = self._places.get((metric, "test"))
        return metric if found is None else f"{found[2]} {metric}"

    def has(self, metric: str) -> bool:
        """Whether any row has that number."""
        return (metric, "test") in self._places

    @property
    def factors(self) -> list[str]:
        """Factors with a linear accuracy, by name."""
        known = {str(metric) for metric in self.frame.loc[self.frame["family"] == FACTORS, "metric"].dropna()}
        return sorted(found[1] for metric in known if (found := _ACCURACY.fullmatch(metric)))

    @cached_property
    def _places(self) -> dict[tuple[str, str], tuple[str, str, str]]:
        """Metric and split -> family, task and data set of the first task that has it."""
        known = self.frame[self.frame["value"].notna()]
        names = ["metric", "split", "family", "task", "dataset"]
        found: dict[tuple[str, str], tuple[str, str, str]] = {}
        rows = known[names].fillna("").drop_duplicates().astype(str).itertuples(index=False, name=None)
        for metric, split, *place in sorted(rows, key=lambda row: column_order(row[2], row[3], row[4], row[0])):
            found.setdefault((metric, split), (place[0], place[1], place[2]))
        return found

    @cached_property
    def _numbers(self) -> dict[tuple[str, str, str, str], dict[int, float]]:
        """Config, row, metric and split -> the numbers that count."""
        found: dict[tuple[str, str, str, str], dict[int, float]] = {}
        known = self.frame[self.frame["value"].notna() & (self.frame["selection"] != "oracle")]
        names = ["config", "objective", "seed", "metric", "split", "family", "task", "dataset", "value", "selection"]
        known = known[names].sort_values("selection", kind="stable")  # "last", then "selected", which stands
        for config, name, seed, metric, split, family, task, dataset, value, _ in known.fillna("").itertuples(
            index=False, name=None
        ):
            if self._places[metric, split] == (family, task, dataset):
                found.setdefault((config, name, metric, split), {})[int(seed)] = float(value)
        return found


def load_material(
    runs: Path,
    *,
    label: str,
    pooled: bool,
    keys: Collection[str] | None,
    stale: Mapping[str, str],
    derived: Collection[str],
) -> Material:
    """Read the cells of an experiment.

    Args:
        runs: folder of cells.
        label: name of its config; one that ends with "-quick" has small cells of its own.
        pooled: take configs whose names begin with the label too.
        keys: as for `results.load`.
        stale: likewise.
        derived: rows to mark as derived.

    Raises:
        ValueError: the folder is missing or a cell is malformed; one line.
    """
    frame = results.load(runs, keys=keys, stale=stale)
    own = [_belongs(str(config), label=label, pooled=pooled) for config in frame["config"]]
    frame = frame.loc[own]  # frame[own] of no row would have no column either
    counted = current(read_cells(runs), keys=keys, stale=stale)
    cells = [cell for cell in counted if _belongs(cell.config, label=label, pooled=pooled) and cell.key not in stale]
    fresh = frame[frame["stale"] == ""]
    gone = int((frame["stale"] != "").sum())
    return Material(label, fresh, gone, tuple(cells), tuple(_rows(cells)), frozenset(derived))


def _belongs(config: str, *, label: str, pooled: bool) -> bool:
    """Whether a config is of an experiment; "reverse_u_crop" is of "reverse_u", "reverse_u-quick" is not."""
    if config == label:
        return True
    base, end = (label.removesuffix(_QUICK), _QUICK) if label.endswith(_QUICK) else (label, "")
    name = config.removesuffix(_QUICK)
    return pooled and config == name + end and name.startswith((f"{base}_", f"{base}-"))


def _rows(cells: Collection[Cell]) -> list[Row]:
    """One row per config and name: of its first pretraining by seed, the floor and ceiling at their ends."""
    inputs: dict[tuple[str, str], Mapping[str, object]] = {}
    for cell in sorted(cells, key=lambda cell: (cell.kind != "pretrain", cell.seed, cell.key)):
        inputs.setdefault((cell.config, cell.objective), cell.inputs if cell.kind == "pretrain" else {})
    found = [Row(config, name, recipe_values(own, row=name), own) for (config, name), own in inputs.items()]
    order = {name: place for place, name in enumerate(objective_order(row.recipe.method for row in found))}
    return sorted(found, key=lambda row: (row.config, order[row.recipe.method], _values(row.recipe), row.name))


def _values(recipe: Recipe) -> tuple[float, ...]:
    """Swept numbers, to sort by: of objectives, where what a row has not comes first, then of views, where it is last.

    Rows so stand view policy by view policy: what is rendered, then patches, then crops and their colours.
    """
    numbers = (recipe.weight, recipe.superfluous_weight, recipe.predictive_weight, recipe.ratio)
    shared = len(recipe.shared) if recipe.shared is not None else math.nan
    views = (shared, recipe.distance, recipe.crop, recipe.jitter, recipe.hue_jitter, recipe.gray_probability)
    return (*(_or(number, -1.0) for number in numbers), *(_or(number, math.inf) for number in views))


def _or(number: float, other: float) -> float:
    return other if math.isnan(number) else number


def is_reference(row: Row) -> bool:
    """Whether a row is the floor or the ceiling."""
    return row.recipe.method in (FLOOR, CEILING)
