"""What `make perf` measures: the parts by name, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from benchmark.perf.comparison import Comparison

PARTS = ("loop", "views", "loss", "probe")
"""Modules of this package with a function `measure() -> list[Comparison]`."""


def measure_of(part: str) -> Callable[[], list[Comparison]]:
    """What measures a part."""
    measure: Callable[[], list[Comparison]] = import_module(f"benchmark.perf.{part}").measure
    return measure
