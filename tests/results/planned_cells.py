"""Stores of finished cells as the benchmark lays them out for a real config, with numbers that a test gives."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmark.cells import Cell
from benchmark.config import load
from benchmark.plan import plan
from benchmark.preflight import Data
from downstream.imagefolder import ImageSet
from objectives.registry import load_objectives

load_objectives()
_ENVIRONMENT = {
    "device": "cpu",
    "commit": "0" * 12,
    "packages": {},
    "python": "3.11.7",
    "threads": 1,
    "created": "2030-01-31T12:00:00+00:00",
}
_IMAGES = ImageSet(torch.zeros(2, 3, 8, 8, dtype=torch.uint8), torch.arange(2), ("a", "b"), "pixels")

Values = Mapping[tuple[str, str], Sequence[float]]
"""(row, task) -> one value per seed."""


def write_planned(
    runs: Path,
    name: str,
    values: Values,
    *,
    images: int,
    metric: str,
    overrides: Sequence[str] = (),
    selections: Sequence[str] = ("last", "selected", "oracle"),
) -> Path:
    """Write the cells of rows of a config.

    Args:
        runs: the folder.
        name: the config.
        values: test numbers, the same for every selection.
        images: pretraining images that there are.
        metric: what every task measures.
        overrides: of the config.
        selections: those to store.
    """
    config = load(name, overrides)
    data = Data(_IMAGES, {task: f"data of {task}" for task in config.tasks})
    for (row, task), numbers in values.items():
        chains = plan(config, name, rows=[row], seeds=range(len(numbers)), tasks=[task], data=data)
        for chain, value in zip(chains, numbers, strict=True):
            training = chain[0].inputs.get("training")
            seen = round(training["epochs"] * (images // training["batch"])) * training["batch"] if training else 0
            for cell in chain:
                place = {"dataset": config.tasks[task].dataset, "metric": metric, "split": "test", "value": value}
                metrics = [{**place, "selection": selection} for selection in selections]
                _write(runs, cell, metrics=[] if cell.kind == "pretrain" else metrics, images=seen)
    return runs


def _write(runs: Path, cell: Cell, *, metrics: list[dict[str, Any]], images: int) -> None:
    fields = {
        **{name: getattr(cell, name) for name in ("key", "kind", "config", "objective", "seed", "task", "family")},
        "upstream": cell.upstream,
        "inputs": cell.inputs,
        "schema": 2,
        "modules": {},
        "status": "done",
        "reason": None,
        "metrics": metrics,
        "costs": dict.fromkeys(("wall_s", "images_per_s", "peak_memory_bytes", "parameters")) | {"images": images},
        "environment": _ENVIRONMENT,
    }
    folder = runs / "cells" / cell.key
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cell.json").write_text(json.dumps(fields))
