"""What `make perf` measures: the parts by name, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module

from benchmark.perf.comparison import Comparison

PARTS = (
    "loop",
    "loop_gpu",
    "views",
    "decoding",
    "loss",
    "loss_gpu",
    "objectives",
    "probe",
    "knn",
    "dense",
    "ranks",
    "bench_memory",
)
"""Modules of this package with a function `measure()`, which gives comparisons, best as they are found."""


def modules() -> Mapping[str, str]:
    """The module of every part, by its name."""
    return {part: f"benchmark.perf.{part}" for part in PARTS}


def measure_of(module: str) -> Callable[[], Iterable[Comparison]]:
    """What measures the part of that module."""
    measure: Callable[[], Iterable[Comparison]] = import_module(module).measure
    return measure
