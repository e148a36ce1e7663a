"""What cells of several seeds have in common: all that was hashed into them and into those above them, but the seed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol


class Keyed(Protocol):
    """What a lineage is made of; cells as planned and cells as read both have it."""

    @property
    def kind(self) -> str:
        """One of "prepare", "pretrain" and "evaluate"."""

    @property
    def config(self) -> str:
        """Name of the bench config."""

    @property
    def objective(self) -> str:
        """Name of the row."""

    @property
    def task(self) -> str | None:
        """Name of the task."""

    @property
    def upstream(self) -> str | None:
        """Key of the cell that this one starts from."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What was hashed."""


def lineages(cells: Mapping[str, Keyed]) -> dict[str, str]:
    """Give the cells that differ in their seed alone, all the way up, the same name.

    Args:
        cells: key -> cell. Of a cell whose upstream is not among them nothing is known further up.

    Returns:
        key -> 16 hex digits.
    """
    found: dict[str, str] = {}

    def lineage(key: str) -> str:
        if key not in found:
            cell = cells[key]
            above = lineage(cell.upstream) if cell.upstream is not None and cell.upstream in cells else ""
            inputs = {name: value for name, value in cell.inputs.items() if name != "seed"}
            content = [cell.kind, cell.config, cell.objective, cell.task, above, inputs]
            text = json.dumps(content, sort_keys=True)
            found[key] = hashlib.sha256(text.encode()).hexdigest()[:16]
        return found[key]

    for key in cells:
        lineage(key)
    return found
