"""Modes of torch that a training sets for the whole process, and that whoever is measured next has not asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def modes_restored() -> Iterator[None]:
    """Leave torch's deterministic mode, and whether it fills new tensors then, as they were.

    That cuDNN looks for the fastest kernels stays on: what is measured beside a training of ours gains by it too.
    """
    deterministic = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    fills = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(deterministic, warn_only=warns)
        torch.utils.deterministic.fill_uninitialized_memory = fills  # type: ignore[attr-defined]
