"""Cells -> one long DataFrame of numbers, and one of pretraining curves. Tables and figures start from these alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from results.confounds import confounds
from results.store.cells import Cell, Score, read_cells
from results.store.current import current
from results.store.recipes import recipe

COSTS = ("wall_s", "images", "images_per_s", "flops", "peak_memory_bytes")
COLUMNS = [
    *("config", "objective", "seed", "recipe", "kind", "task", "family"),
    *("dataset", "metric", "split", "selection", "value"),
    *(*COSTS, "device"),
    *(f"pretrain_{name}" for name in COSTS),
    *("commit", "created", "key", "upstream", "status", "reason", "stale", "confounds", "shared", "folder"),
]
CURVE_COLUMNS = ["config", "objective", "seed", "step", "name", "value"]


def load(runs: Path, *, keys: Collection[str] | None = None, stale: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Load all numbers of a directory of cells in long form.

    A finished evaluation gives one row per number, and a pretraining one per number that is known of its views. A
    pretraining without any and a failed evaluation give one row without a value, so that costs and reasons are there
    too. `pretrain_*` are the costs of the pretraining an evaluation started from,
    its time with that of preparing its views; a preparation has no row.

    Args:
        runs: folder that holds `cells/<key>/cell.json`, or `<key>/cell.json`; from any machine, of any schema.
        keys: keys of the cells that count; None = all. One per config, objective, seed and task is kept
            (`results.store.current.current`).
        stale: key -> what has changed since, of cells that stand in where nothing newer is.

    Returns:
        Frame with `COLUMNS`. objective: name of the row. recipe: `results.store.recipes.recipe` of its pretraining.
        value: fractions in [0, 1], or the unit at the end of the metric's name. wall_s: seconds; images: training
        images seen; flops: of all of them, forward and backward; peak_memory_bytes. stale: what has changed since, ""
        for what counts. confounds: `results.confounds.confounds` of the row, joined, "" for none. shared: the factors
        that both views of its pretraining had in common, joined by ", ", "" for none; None where that is not known.
        folder: of the cell, as text.

    Raises:
        ValueError: the folder is missing or a cell is malformed; one line that names the file.
    """
    cells, stale = read_cells(runs), stale or {}
    earlier = {cell.key: cell for cell in cells if cell.kind != "evaluate"}
    counted = current(cells, keys=keys, stale=stale)
    found = confounds(counted)
    rows = [
        _row(cell, score=score, earlier=earlier)
        | {"stale": stale.get(cell.key, ""), "confounds": "; ".join(found.get(cell.config, {}).get(cell.objective, []))}
        for cell in counted
        if cell.kind != "prepare"
        for score in cell.scores or (None,)
    ]
    numbers = ["value", *COSTS, *(f"pretrain_{name}" for name in COSTS)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"seed": "int64", **dict.fromkeys(numbers, "float64")})


def load_scalars(runs: Path, *, keys: Collection[str] | None = None) -> pd.DataFrame:
    """Load the pretraining curves of a runs folder.

    Args:
        runs: folder that holds `cells/<key>/scalars.csv`; a pretraining without one has no curve.
        keys: as for `load`.

    Returns:
        Frame with `CURVE_COLUMNS`, in the order of the files.

    Raises:
        ValueError: a cell or a scalars.csv is malformed; one line that names the file.
    """
    curves = [
        _curve(cell)
        for cell in current(read_cells(runs), keys=keys)
        if cell.kind == "pretrain" and (cell.folder / "scalars.csv").exists()
    ]
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=CURVE_COLUMNS)


def _row(cell: Cell, *, score: Score | None, earlier: Mapping[str, Cell]) -> dict[str, object]:
    upstream = earlier.get(cell.upstream or "") if cell.kind == "evaluate" else None
    pretrained = cell if cell.kind == "pretrain" else upstream
    row: dict[str, object] = {
        "config": cell.config,
        "objective": cell.objective,
        "seed": cell.seed,
        "recipe": "" if pretrained is None else recipe(pretrained),
        "kind": cell.kind,
        "task": cell.task,
        "family": cell.family,
        **_costs(cell),
        "device": cell.environment.device,
        "commit": cell.environment.commit,
        "created": cell.environment.created,
        "key": cell.key,
        "upstream": cell.upstream,
        "status": cell.status,
        "reason": cell.reason,
        "shared": None if pretrained is None else _shared(pretrained),
        "folder": str(cell.folder),
    }
    if score is not None:
        row |= asdict(score)
    if upstream is not None:
        costs = _costs(upstream) | {"wall_s": _wall_s(upstream, earlier=earlier)}
        row |= {f"pretrain_{name}": value for name, value in costs.items()}
    return row


def _shared(pretrained: Cell) -> str | None:
    """What a pretraining's config says of the factors that its views share."""
    views = pretrained.inputs.get("views")
    factors = views.get("factors") if isinstance(views, Mapping) else None
    shared = factors.get("shared") if isinstance(factors, Mapping) else None
    return ", ".join(map(str, shared)) if isinstance(shared, list | tuple) else None


def _costs(cell: Cell) -> dict[str, float | None]:
    """What a cell cost, by the names of `COSTS`."""
    costs = cell.costs
    known = costs.images is not None and costs.flops_per_image is not None
    return {
        "wall_s": costs.wall_s,
        "images": costs.images,
        "images_per_s": costs.images_per_s,
        "flops": (costs.images or 0) * (costs.flops_per_image or 0) if known else None,
        "peak_memory_bytes": costs.peak_memory_bytes,
    }


def _wall_s(pretrained: Cell, *, earlier: Mapping[str, Cell]) -> float | None:
    """Seconds of a pretraining and of the preparation it started from; None where one was not measured."""
    if pretrained.upstream is None:
        return pretrained.costs.wall_s
    prepared = earlier.get(pretrained.upstream)
    parts = [pretrained.costs.wall_s, None if prepared is None else prepared.costs.wall_s]
    return None if None in parts else sum(part for part in parts if part is not None)


def _curve(cell: Cell) -> pd.DataFrame:
    path = cell.folder / "scalars.csv"
    allowed = "columns step (whole), name (text), value (number) are expected"
    try:
        curve = pd.read_csv(
            path,
            dtype={"step": "int64", "name": str, "value": "float64"},
            keep_default_na=False,  # a loss term may be called "null"; only a value may be nan
            na_values={"value": ["nan"]},
        )
    except ValueError as error:
        raise ValueError(f"{path}: {allowed}, got {str(error).splitlines()[0]}") from None
    if list(curve.columns) != ["step", "name", "value"] or not isinstance(curve.index, pd.RangeIndex):
        raise ValueError(f"{path}: {allowed}, got others")
    return curve.assign(config=cell.config, objective=cell.objective, seed=cell.seed)[CURVE_COLUMNS]
