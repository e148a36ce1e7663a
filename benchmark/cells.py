"""Cells: one computed artefact each, found by the hash of everything that can change its numbers."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from downstream.held_folders import is_held as is_held
from downstream.held_folders import lock as lock

SCHEMA = 2
"""Raised when a record gets another form; `results.store.cells` reads the older ones too."""
PROTOCOL = 1
"""Raised when the meaning of a number changes though no source that enters the key does."""


@dataclass(frozen=True)
class Cell:
    """One preparation of views, one pretraining, or one evaluation of one pretrained backbone.

    Attributes:
        kind: "prepare", "pretrain" or "evaluate".
        config: name of the bench config.
        objective: name of the row: an objective, or a variant that the config names.
        seed: seed of the whole row.
        task: name of the task in the config, None for all but evaluations.
        family: family of that task, likewise.
        upstream: key of the pretraining that an evaluation reads, of the preparation that a pretraining reads; or None.
        inputs: everything that can change the cell's numbers; plain JSON values.
    """

    kind: str
    config: str
    objective: str
    seed: int
    task: str | None
    family: str | None
    upstream: str | None
    inputs: dict[str, Any]

    @property
    def key(self) -> str:
        """First 16 hex digits of the sha256 of config name, upstream key and inputs."""
        content = {"protocol": PROTOCOL, "kind": self.kind, "config": self.config, "upstream": self.upstream}
        content["inputs"] = self.inputs
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """How the cell is called in progress lines and errors: "mrcl seed 0", "mrcl seed 0 on voc"."""
        row = f"{self.objective} seed {self.seed}"
        if self.kind == "prepare":
            return f"{row} views"
        return row if self.task is None else f"{row} on {self.task}"


def folder(runs: Path, key: str) -> Path:
    """Where the cell `key` lies below the runs folder."""
    return runs / "cells" / key


def pretraining(chain: Sequence[Cell]) -> Cell:
    """The pretraining of a chain: its first cell, or its second where views are prepared."""
    return next(cell for cell in chain if cell.kind == "pretrain")


def colour_file(runs: Path, key: str) -> Path:
    """Where a preparation leaves the weights of its colour space."""
    return folder(runs, key) / "colour.pth"


def projector_file(runs: Path, key: str) -> Path:
    """Weights of the projector that a pretraining cell trained beside its backbone."""
    return folder(runs, key) / "projector.pth"


def backbone_file(runs: Path, key: str) -> Path:
    """Where a pretraining leaves its weights."""
    return folder(runs, key) / "backbone.pth"


def is_done(runs: Path, key: str) -> bool:
    """Whether the cell has been computed to its end."""
    record = read_record(runs, key)
    return record is not None and record["status"] == "done"


def is_settled(runs: Path, key: str, *, since: float, anew: bool) -> bool:
    """Whether there is nothing left to compute for a call that began at `since`.

    Args:
        runs: results.
        key: of the cell.
        since: seconds since the epoch; what another process has computed from then on counts, also where it failed.
        anew: what was done before does not count.
    """
    record = read_record(runs, key)
    if record is None or record["status"] == "skipped":
        return False
    try:
        recent = (folder(runs, key) / "cell.json").stat().st_mtime >= since
    except FileNotFoundError:
        return False
    return recent or (record["status"] == "done" and not anew)


def read_record(runs: Path, key: str) -> dict[str, Any] | None:
    """The cell's record, or None if it has not been computed."""
    try:
        record = json.loads((folder(runs, key) / "cell.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return record if isinstance(record, dict) and "status" in record else None  # a damaged one is computed again


@dataclass(frozen=True)
class Outcome:
    """What came of computing a cell.

    Attributes:
        metrics: numbers, as the record holds them.
        costs: what it cost.
        environment: with what it was computed.
        modules: digest of every module that computed it.
        reason: why it failed, one line; None if it is done.
    """

    metrics: list[dict[str, Any]]
    costs: dict[str, Any]
    environment: dict[str, Any]
    modules: dict[str, str]
    reason: str | None


def write_record(runs: Path, cell: Cell, outcome: Outcome) -> None:
    """Write `cell.json` as the last act of a cell."""
    _write(runs, cell, outcome, status="failed" if outcome.reason else "done")


def write_skip(runs: Path, cell: Cell, *, environment: dict[str, Any], reason: str) -> None:
    """Write that a cell which is not done cannot be computed here, and why; a later call tries again."""
    with lock(folder(runs, cell.key)):
        if not is_done(runs, cell.key):  # by another process, meanwhile
            _write(runs, cell, Outcome([], {}, environment, {}, reason), status="skipped")


def _write(runs: Path, cell: Cell, outcome: Outcome, *, status: str) -> None:
    record = {"schema": SCHEMA, "key": cell.key, "status": status, **asdict(cell), **asdict(outcome)}
    write_json(folder(runs, cell.key) / "cell.json", record)


def write_json(path: Path, content: Any) -> None:
    """Write JSON to `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("w") as file:
        json.dump(content, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
