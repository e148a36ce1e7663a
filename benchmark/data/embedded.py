"""The data that the project makes itself: which a config asks for, and where they go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.data import factor_shapes, shapes

if TYPE_CHECKING:
    from benchmark.config import DataConfig

KINDS = ("shapes", "factor_shapes")
"""Names of the embedded data sets."""


def kind_of(data: DataConfig) -> str | None:
    """Which embedded data a config asks for; None where the data are the user's own."""
    if data.shapes is not None:
        return "shapes"
    return None if data.factors is None else "factor_shapes"


def make(data: DataConfig, tree: Path, *, say: Callable[[str], None] = lambda _: None) -> None:
    """Write the embedded data that a config asks for to `tree`, unless they are there.

    Raises:
        ValueError: `tree` holds something else; one line.
    """
    kind = kind_of(data)
    if kind is not None:
        say(f"data: {kind} at {tree}")
    if data.shapes is not None:
        shapes.ensure(data.shapes, tree)
    if data.factors is not None:
        factor_shapes.ensure(data.factors, tree)
