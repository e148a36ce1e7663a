"""All that a process needs to compute one cell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark import cells
from benchmark.cells import Cell
from benchmark.config import BenchConfig
from benchmark.places import Places


@dataclass(frozen=True)
class Job:
    """One cell and what its computation depends on.

    Attributes:
        cell: what to compute.
        config: the resolved config.
        places: where to read and write.
        device: torch device string.
        plugins: modules that register objectives from outside the project.
        live: show a bar that is redrawn rather than lines.
        checkpoint: file of the row that was pretrained elsewhere, None where there is none.
        since: when the user's call began, in seconds since the epoch.
        anew: compute the cell also if it was done before that.
    """

    cell: Cell
    config: BenchConfig
    places: Places
    device: str
    plugins: tuple[str, ...]
    live: bool
    checkpoint: Path | None = None
    since: float = 0.0
    anew: bool = False

    @property
    def folder(self) -> Path:
        """The cell's folder."""
        return cells.folder(self.places.runs, self.cell.key)
