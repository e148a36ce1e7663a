"""Which cells a config's table shows: those planned last for each row and task, under one protocol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmark.cells import Cell, write_json
from benchmark.config import BenchConfig


def remember(runs: Path, config: BenchConfig, chains: Sequence[Sequence[Cell]]) -> set[str]:
    """Note the planned cells in `runs/plans/<config>.json`, beside those of earlier calls with the same settings.

    An earlier plan under other settings is forgotten (its cells stay): two protocols never meet in one mean.

    Returns:
        Keys of all cells that belong to the config's table now.
    """
    settings = {name: value for name, value in asdict(config).items() if name not in ("logging", "objectives")}
    protocol = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:16]
    path = runs / "plans" / f"{chains[0][0].config}.json"
    earlier = json.loads(path.read_text()) if path.exists() else {}
    rows = earlier.get("cells", {}) if earlier.get("protocol") == protocol else {}
    for cell in (cell for chain in chains for cell in chain):
        if (
            cell.kind == "pretrain" and rows.get(cell.name) != cell.key
        ):  # what rested on another backbone is not current
            rows = {name: key for name, key in rows.items() if not name.startswith(f"{cell.name} on ")}
        rows[cell.name] = cell.key
    write_json(path, {"protocol": protocol, "cells": rows})
    return set(rows.values())


def current_keys(runs: Path) -> set[str] | None:
    """Keys of the cells of every config's table; None where nothing was ever planned (cells from elsewhere)."""
    plans = [json.loads(path.read_text()) for path in sorted((runs / "plans").glob("*.json"))]
    return {key for plan in plans for key in plan["cells"].values()} if plans else None
