"""A process that is set up as a pretraining's is, and one that is set up as Python and torch come."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial

import torch

from benchmark.allocator import keep_freed_memory
from objectives.registry import load_objectives

Arm = Callable[[], float]
"""Does the work once and returns its own measurement."""
Inside = Callable[..., Arm]
"""Makes an arm of a function and its arguments; every turn calls the function in the same process."""


@contextmanager
def pretraining_process(device: str = "cpu") -> Iterator[Inside]:
    """Yield what makes arms that run in a process that keeps the memory that it frees.

    On a GPU it is the part's own process: what differs is how memory on the CPU is had, and images would be sent.

    Args:
        device: torch device string.
    """
    if device != "cpu":
        yield partial
        return
    with _process(keeping=True) as inside:
        yield inside


@contextmanager
def plain_process() -> Iterator[Inside]:
    """Yield what makes arms that run in a process of their own as well, which does not."""
    with _process(keeping=False) as inside:
        yield inside


@contextmanager
def _process(*, keeping: bool) -> Iterator[Inside]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, _set_up, (torch.get_num_threads(), keeping)) as pool:

        def inside(work: Callable[..., float], *given: object, **named: object) -> Arm:
            return partial(_turn, pool, partial(work, *given, **named))

        yield inside


def _turn(pool: ProcessPoolExecutor, work: Arm) -> float:
    return pool.submit(work).result()


def _set_up(threads: int, keeping: bool) -> None:
    torch.set_num_threads(threads)
    load_objectives()
    if keeping:
        keep_freed_memory()
