"""The recipe of a row: all that was hashed into its pretraining beside the objective itself, the code and the seed."""

from __future__ import annotations

import hashlib
import json

from results.store.cells import Cell

SECTIONS = ("training", "views", "model", "data", "threads", "processes")
"""Inputs of a pretraining that are its recipe."""
IMPLIED = {"processes": 1}
"""What holds in cells that are older than the setting."""


def recipe(cell: Cell) -> str:
    """Name a pretraining's recipe: equal for rows that differ in nothing but their objective.

    Returns:
        8 hex digits; "" for a row that was not trained here (the floor, a checkpoint from elsewhere).
    """
    if "training" not in cell.inputs:
        return ""
    inputs = {**IMPLIED, **cell.inputs}
    text = json.dumps({name: inputs.get(name) for name in SECTIONS}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
