"""Where things are read and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """Where things are read and written.

    Attributes:
        runs: results.
        data_root: data trees.
    """

    runs: Path
    data_root: Path

    @property
    def store(self) -> Path:
        """Decoded images, kept for the next reader."""
        return self.runs / "images"
