"""Sweeps: rows of a config that differ in one or two numbers alone, and which of them validation data choose."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pandas as pd

from results.order import column_order
from results.store.cells import Cell, read_cells
from results.store.current import current
from results.store.units import is_score
from results.suggestions import unknown

Leaf = float | int | str | bool | None
Leaves = Mapping[str, Leaf]
"""Dotted path -> value: a row's inputs."""
_DIGITS = 12  # means that agree in so many digits are equal


@dataclass(frozen=True)
class Sweep:
    """Rows of one objective that differ in nothing but one or two numbers.

    Attributes:
        config: name of the config.
        objective: registry name of what was trained.
        parameters: dotted paths into the inputs of a pretraining, by name: ("arguments.superfluous_weight",).
        rows: name of a row -> its values, one per parameter; by value. No two rows have the same values.
    """

    config: str
    objective: str
    parameters: tuple[str, ...]
    rows: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Choice:
    """The row of a sweep that validation data choose.

    Attributes:
        row: its name.
        values: one per parameter of the sweep.
        task: whose validation numbers chose.
        dataset: of that task.
        metric: of that task.
        val: mean validation score over the compared seeds, a fraction.
        test: mean test score of the same row and seeds; NaN if there is none. It had no part in the choice.
        n: seeds over which rows were compared.
        left_out: rows that were not compared, since they lack a validation score for one of these seeds.
        unused: seeds with a validation score of a compared row that had no part, since another compared row lacks it.
    """

    row: str
    values: tuple[float, ...]
    task: str
    dataset: str
    metric: str
    val: float
    test: float
    n: int
    left_out: tuple[str, ...]
    unused: tuple[int, ...]


def load_sweeps(runs: Path, *, keys: Collection[str] | None = None, stale: Collection[str] = ()) -> list[Sweep]:
    """Find the sweeps among the cells of a runs folder that count.

    Args:
        runs: folder of cells.
        keys: as for `results.store.loading.load`.
        stale: keys of cells that stand in where nothing newer is.

    Raises:
        ValueError: the folder is missing or a cell is malformed; one line that names the file.
    """
    return find_sweeps(current(read_cells(runs), keys=keys, stale=stale))


def find_sweeps(cells: Collection[Cell]) -> list[Sweep]:
    """Find rows whose pretraining has equal inputs but for row, seed and exactly one number, or two.

    Two numbers make a sweep where they span a grid: two values of each in all four combinations. The rows of a grid are
    no sweeps of one number besides. Of rows with the same values the one with the most seeds stands, then the first by
    name. A row whose seeds differ in their inputs is in no sweep.

    Args:
        cells: those that count (`results.store.current.current`); all but pretrainings are passed over.

    Returns:
        Sorted by config, objective and parameters.
    """
    configs: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.kind == "pretrain" and "objective" in cell.inputs:
            configs[cell.config].append(cell)
    found = [sweep for config, own in configs.items() for sweep in _of_config(config, own)]
    return sorted(found, key=lambda sweep: (sweep.config, sweep.objective, sweep.parameters, list(sweep.rows)))


def choose(frame: pd.DataFrame, sweep: Sweep, *, task: str | None = None) -> Choice:
    """Choose the row with the highest mean validation score; test scores have no part in it.

    Rows are compared over the seeds that all of them have. Where there is no such seed, they are compared over seeds
    that as many of them as possible have, and the others are left out, as is a row without any score. Equal means go to
    the smaller value. Stale scores do not count.

    Args:
        frame: of `results.store.loading.load`.
        sweep: of `find_sweeps`.
        task: whose first metric chooses; None = the first task in the order of tables with validation scores.

    Raises:
        ValueError: there are no validation scores, of that task, or no seed for which two rows have one; one line.
    """
    rows = frame[(frame["config"] == sweep.config) & frame["objective"].isin(list(sweep.rows))]
    rows = rows[(rows["kind"] == "evaluate") & rows["value"].notna() & rows["selection"].isin(["selected", "last"])]
    rows = rows[rows["stale"] == ""]
    scores = [is_score(str(name), family=str(of)) for name, of in zip(rows["metric"], rows["family"], strict=True)]
    rows = rows[pd.Series(scores, rows.index, dtype=bool)]
    place = _place(rows[rows["split"] == "val"], task=task)
    rows = rows[(rows[list(place)] == pd.Series(place)).all(axis=1)]
    scored = {
        str(name): dict(zip(own["seed"], own["value"], strict=True))
        for name, own in rows[rows["split"] == "val"].groupby("objective")
    }
    seeds = _seeds(scored)
    means = {
        name: round(math.fsum(values[seed] for seed in seeds) / len(seeds), _DIGITS)
        for name, values in scored.items()
        if seeds <= set(values)
    }
    row = min(means, key=lambda name: (-means[name], sweep.rows[name]))
    compared = {seed for name in means for seed in scored[name]}
    test = rows[(rows["split"] == "test") & (rows["objective"] == row) & rows["seed"].isin(seeds)]
    return Choice(
        row=row,
        values=sweep.rows[row],
        task=place["task"],
        dataset=place["dataset"],
        metric=place["metric"],
        val=means[row],
        test=float(test["value"].mean()) if len(test) == len(seeds) else math.nan,
        n=len(seeds),
        left_out=tuple(name for name in sweep.rows if name not in means),
        unused=tuple(sorted(compared - seeds)),
    )


def describe(sweep: Sweep, choice: Choice) -> str:
    """Say in a sentence or two what was chosen, by what, and what was not compared."""
    values = ", ".join(f"{path} = {value:g}" for path, value in zip(sweep.parameters, choice.values, strict=True))
    test = "no test score" if math.isnan(choice.test) else f"test {100 * choice.test:.1f} %"
    left_out = f" Not compared, for want of seeds: {', '.join(choice.left_out)}." if choice.left_out else ""
    return (
        f"{sweep.config}: {values} ({choice.row}) is chosen by {choice.dataset} {choice.metric} on validation data: "
        f"{100 * choice.val:.1f} %, {seeds_in_words(choice)}; {test}.{left_out}"
    )


def seeds_in_words(choice: Choice) -> str:
    """Say over which seeds rows were compared: "mean of 2 seeds", "one seed, without 1 and 2, which not all have"."""
    said = f"mean of {choice.n} seeds" if choice.n > 1 else "one seed"
    unused = " and ".join(filter(None, [", ".join(map(str, choice.unused[:-1])), *map(str, choice.unused[-1:])]))
    return f"{said}, without {unused}, which not all have" if unused else said


def _of_config(config: str, cells: Collection[Cell]) -> Iterator[Sweep]:
    """Find the sweeps of one config: grids first, then what is in no grid."""
    rows = _rows(cells)
    seeds = Counter(cell.objective for cell in cells)
    gridded: list[set[str]] = []
    for parameters in sorted(_differences(rows), key=lambda paths: (-len(paths), paths)):
        for names in _alike(rows, parameters):
            values = {name: tuple(_numbers(rows[name], parameters)) for name in names}
            if any(set(names) <= grid for grid in gridded) or (len(parameters) == 2 and not _spans_grid(values)):
                continue
            if len(parameters) == 2:
                gridded.append(set(names))
            standing = {
                values[name]: name for name in sorted(sorted(names, reverse=True), key=lambda name: seeds[name])
            }
            by_value = {standing[value]: value for value in sorted(standing)}
            yield Sweep(config, str(rows[names[0]]["objective"]), parameters, by_value)


def _rows(cells: Collection[Cell]) -> dict[str, Leaves]:
    """The inputs of every row, without what names it and its seed."""
    found: dict[str, list[Leaves]] = defaultdict(list)
    for cell in cells:
        inputs = {name: value for name, value in cell.inputs.items() if name not in ("row", "seed")}
        found[cell.objective].append(_each_once(dict(_leaves(inputs, path=""))))
    return {name: same[0] for name, same in found.items() if all(leaves == same[0] for leaves in same)}


def _each_once(leaves: dict[str, Leaf]) -> Leaves:
    """Without the size of views that the input repeats, and with the chunks, which a key leaves out where one does."""
    if "views.size" in leaves:
        leaves.pop("input.0", None)
    if any(path.startswith("training.") for path in leaves):
        leaves.setdefault("training.chunks", 1)
    return leaves


def _leaves(value: object, *, path: str) -> Iterator[tuple[str, Leaf]]:
    """Flatten mappings and lists: ("views.crop_scale.0", 0.4)."""
    if isinstance(value, Mapping):
        inner: Iterable[tuple[object, object]] = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    else:
        assert value is None or isinstance(value, str | bool | int | float)
        yield path, value
        return
    for name, below in inner:
        yield from _leaves(below, path=f"{path}.{name}" if path else str(name))


def _differences(rows: Mapping[str, Leaves]) -> set[tuple[str, ...]]:
    """Paths in which some pair of rows differs, where these are one number or two."""
    found = set()
    for one, other in combinations(rows.values(), 2):
        if one.keys() == other.keys():
            paths = tuple(sorted(path for path in one if one[path] != other[path]))
            if len(paths) in (1, 2) and all(_is_number(row[path]) for row in (one, other) for path in paths):
                found.add(paths)
    return found


def _alike(rows: Mapping[str, Leaves], parameters: Collection[str]) -> list[list[str]]:
    """Groups of rows, by name, that have a number in each parameter and are equal in all else."""
    groups: dict[frozenset[tuple[str, Leaf]], list[str]] = defaultdict(list)
    for name in sorted(rows):
        if all(_is_number(rows[name].get(path)) for path in parameters):
            groups[frozenset(leaf for leaf in rows[name].items() if leaf[0] not in parameters)].append(name)
    return [names for names in groups.values() if len({tuple(_numbers(rows[name], parameters)) for name in names}) > 1]


def _spans_grid(values: Mapping[str, tuple[float, ...]]) -> bool:
    points = set(values.values())
    return any(
        x1 != x2 and y1 != y2 and {(x1, y2), (x2, y1)} <= points
        for (x1, y1), (x2, y2) in combinations(sorted(points), 2)
    )


def _is_number(value: Leaf) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(leaves: Leaves, parameters: Iterable[str]) -> Iterator[float]:
    for path in parameters:
        value = leaves[path]
        assert isinstance(value, int | float)
        yield float(value)


def _place(validation: pd.DataFrame, *, task: str | None) -> dict[str, str]:
    """Pick the number that chooses: the first in the order of tables, of that task or of all."""
    tasks = list(dict.fromkeys(validation["task"]))
    if not tasks:
        raise ValueError("sweep: a task with validation scores is expected, got none")
    if task is not None and task not in tasks:
        raise unknown("task with validation scores", task, sorted(tasks))
    kept = validation if task is None else validation[validation["task"] == task]
    name = ["family", "task", "dataset", "metric"]
    places = kept[name].drop_duplicates().astype(str).to_dict("records")
    first = min(places, key=lambda place: column_order(*(place[part] for part in name)))
    found = {part: str(first[part]) for part in name}
    selections = set(kept.loc[(kept[name] == pd.Series(found)).all(axis=1), "selection"])
    return {**found, "selection": "selected" if "selected" in selections else "last"}


def _seeds(scored: Mapping[str, Mapping[int, float]]) -> frozenset[int]:
    """The seeds of all rows, else those that most rows have; of several such sets the largest.

    Raises:
        ValueError: no two rows share a seed.
    """
    own = {name: frozenset(values) for name, values in scored.items()}
    shared = [seeds for seeds in (one & other for one, other in combinations(own.values(), 2)) if seeds]
    if not shared:
        got = ", ".join(f"{name} (seed {', '.join(map(str, sorted(own[name])))})" for name in sorted(own))
        raise ValueError(f"sweep: at least two rows with a validation score for the same seed are expected, got {got}")

    def rank(seeds: frozenset[int]) -> tuple[int, int, list[int]]:
        return sum(seeds <= those for those in own.values()), len(seeds), sorted(seeds)

    return frozenset.intersection(*own.values()) or max(shared, key=rank)
