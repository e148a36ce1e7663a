"""Which code computes a cell: its digest is part of the key, its modules are named when it has changed."""

from __future__ import annotations

from dataclasses import replace

from benchmark.cells import Cell
from benchmark.pairs import FAMILIES
from benchmark.source_digest import module_digests, source_digest
from objectives.registry import modules

IMPORTED = "checkpoint"
"""What stands for the objective in the inputs of a row that was pretrained elsewhere."""

# What reads the pretraining images: beside the loop and the objective.
_READING = ("benchmark.data.pretraining", "downstream.imagefolder")


def with_source(cell: Cell) -> Cell:
    """The cell with the digest of its code, as it is now, among its inputs."""
    return replace(cell, inputs={**cell.inputs, "source": source_of(cell)})


def source_of(cell: Cell) -> str:
    """Digest of the code that computes a cell, as it is now."""
    return source_digest(_modules(cell))


def check_source(cell: Cell) -> None:
    """Refuse to compute under a key that was made for other code.

    Raises:
        ValueError: a module was edited after the run was planned.
    """
    if source_of(cell) != cell.inputs["source"]:
        raise ValueError("the code was changed after this run was planned; give the same command again")


def modules_of(cell: Cell) -> dict[str, str]:
    """Digest of every module that computes a cell, as it is now."""
    return module_digests(_modules(cell))


def _modules(cell: Cell) -> tuple[str, ...]:
    """The modules from which the code of a cell is reached."""
    if cell.kind == "prepare":
        return ("benchmark.prepare", *_READING)
    if cell.family in FAMILIES:
        return (f"downstream.{cell.family}", "benchmark.pairs", *_READING)
    if cell.family is not None:
        return (f"downstream.{cell.family}",)
    if cell.inputs["objective"] == IMPORTED:
        return ("downstream.checkpoints",)
    own = modules(cell.inputs["objective"], cell.inputs["arguments"])
    return ("benchmark.pretrain", "benchmark.known_information", *_READING, *own)
