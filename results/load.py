"""Cells -> one long DataFrame of numbers, and one of pretraining curves. Tables and figures start from these alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from results.cells import Cell, Score, current, read_cells
from results.confounds import confounds

COLUMNS = [
    *("config", "objective", "seed", "kind", "task", "family"),
    *("dataset", "metric", "split", "selection", "value"),
    *("wall_s", "images_per_s", "peak_memory_bytes", "device"),
    *("pretrain_wall_s", "pretrain_images_per_s", "pretrain_peak_memory_bytes"),
    *("commit", "created", "key", "upstream", "status", "reason", "confounds"),
]
CURVE_COLUMNS = ["config", "objective", "seed", "step", "name", "value"]


def load(runs: Path, *, keys: Collection[str] | None = None) -> pd.DataFrame:
    """Load all numbers of a runs folder in long form.

    A finished evaluation gives one row per number. A pretraining and a failed evaluation give one row without a value,
    so that costs and reasons are there too. `pretrain_*` are the costs of the pretraining an evaluation started from,
    its time with that of preparing its views; a preparation has no row.

    Args:
        runs: folder that holds `cells/<key>/cell.json`.
        keys: keys of the cells that count; None = all. The newest per config, objective, seed and task is kept
            (`results.cells.current`).

    Returns:
        Frame with `COLUMNS`; value: fractions in [0, 1]; wall_s: seconds; images_per_s; peak_memory_bytes; confounds:
        `results.confounds.confounds` of the row, joined, "" for none.

    Raises:
        ValueError: the folder is missing or a cell is malformed; one line that names the file.
    """
    cells = read_cells(runs, keys=keys)
    earlier, counted = {cell.key: cell for cell in cells if cell.kind != "evaluate"}, current(cells, keys=keys)
    found = confounds(counted)
    rows = [
        _row(cell, score=score, earlier=earlier)
        | {"confounds": "; ".join(found.get(cell.config, {}).get(cell.objective, []))}
        for cell in counted
        if cell.kind != "prepare"
        for score in cell.scores or (None,)
    ]
    numbers = ["value", *(name for name in COLUMNS if name.endswith(("wall_s", "per_s", "bytes")))]
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
        for cell in current(read_cells(runs, keys=keys), keys=keys)
        if cell.kind == "pretrain" and (cell.folder / "scalars.csv").exists()
    ]
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=CURVE_COLUMNS)


def _row(cell: Cell, *, score: Score | None, earlier: Mapping[str, Cell]) -> dict[str, object]:
    row: dict[str, object] = {
        "config": cell.config,
        "objective": cell.objective,
        "seed": cell.seed,
        "kind": cell.kind,
        "task": cell.task,
        "family": cell.family,
        "wall_s": cell.costs.wall_s,
        "images_per_s": cell.costs.images_per_s,
        "peak_memory_bytes": cell.costs.peak_memory_bytes,
        "device": cell.environment.device,
        "commit": cell.environment.commit,
        "created": cell.environment.created,
        "key": cell.key,
        "upstream": cell.upstream,
        "status": cell.status,
        "reason": cell.reason,
    }
    if score is not None:
        row |= {
            "dataset": score.dataset,
            "metric": score.metric,
            "split": score.split,
            "selection": score.selection,
            "value": score.value,
        }
    upstream = earlier.get(cell.upstream or "")
    if cell.kind == "evaluate" and upstream is not None:
        row |= {
            "pretrain_wall_s": _wall_s(upstream, earlier=earlier),
            "pretrain_images_per_s": upstream.costs.images_per_s,
            "pretrain_peak_memory_bytes": upstream.costs.peak_memory_bytes,
        }
    return row


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
