"""Which cells a config's table shows: those planned last for each row and task, under one protocol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmark.cells import Cell, lock, pretraining, write_json
from benchmark.config import BenchConfig


def remember(runs: Path, config: BenchConfig, chains: Sequence[Sequence[Cell]]) -> set[str]:
    """Note the planned cells in `runs/plans/<config>.json`, beside those of earlier calls with the same settings.

    An earlier plan under other settings is forgotten (its cells stay), and so are a row's other seeds where its
    objective, arguments, settings or code have changed: two recipes never meet in one mean.

    Returns:
        Keys of all cells that belong to the config's table now.
    """
    settings = {name: value for name, value in asdict(config).items() if name not in ("logging", "objectives", "rows")}
    protocol = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:16]
    with lock(runs / "plans"):
        earlier = _read(_path(runs, chains[0][0].config))
        same = earlier["protocol"] == protocol
        rows, recipes = (earlier["cells"], earlier.get("recipes", {})) if same else ({}, {})
        for chain in chains:
            pretrained, recipe = pretraining(chain), _recipe(chain)
            if recipes.get(pretrained.objective) != recipe:
                rows = _without(rows, f"{pretrained.objective} seed ")
            elif rows.get(pretrained.name) != pretrained.key:
                rows = _without(rows, f"{pretrained.name} on ")
            recipes[pretrained.objective] = recipe
            rows |= {cell.name: cell.key for cell in chain}
        write_json(_path(runs, chains[0][0].config), {"protocol": protocol, "recipes": recipes, "cells": rows})
    return set(rows.values())


def current_keys(runs: Path) -> set[str] | None:
    """Keys of the cells of every config's table; None where nothing was ever planned (cells from elsewhere)."""
    plans = [_read(path) for path in sorted((runs / "plans").glob("*.json"))]
    return {key for plan in plans for key in plan["cells"].values()} if plans else None


def _path(runs: Path, config: str) -> Path:
    return runs / "plans" / f"{config}.json"


def _read(path: Path) -> dict[str, Any]:
    """A plan; one that is not there or damaged is empty, and the next call fills it again."""
    try:
        plan: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {"protocol": "", "cells": {}}
    return plan


def _recipe(chain: Sequence[Cell]) -> str:
    """Hash of what the seeds of a row have in common: objective, arguments, settings, code."""
    read = {cell.kind: cell.inputs for cell in chain if cell.kind != "evaluate"}
    shared = {kind: {name: value for name, value in inputs.items() if name != "seed"} for kind, inputs in read.items()}
    return hashlib.sha256(json.dumps(shared, sort_keys=True).encode()).hexdigest()[:16]


def _without(rows: dict[str, str], beginning: str) -> dict[str, str]:
    """Drop the cells whose names begin so."""
    return {name: key for name, key in rows.items() if not name.startswith(beginning)}
