"""A process that is set up as a cell's is, for what is measured of ours on a CPU.

What it is compared with runs in the part's own process, set up as Python and torch come.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial

import torch

from benchmark.environment import prepare_process
from objectives.registry import load_objectives

Arm = Callable[[], float]
"""Does the work once and returns its own measurement."""


Inside = Callable[..., Arm]
"""Makes an arm of a function and its arguments; every turn calls the function in the same process."""


@contextmanager
def cell_process(device: str = "cpu") -> Iterator[Inside]:
    """Yield what makes arms that run in such a process.

    On a GPU it is the part's own process: what differs is how memory on the CPU is had, and images would be sent.

    Args:
        device: torch device string.
    """
    if device != "cpu":
        yield partial
        return
    with _process(_set_up, device) as inside:
        yield inside


@contextmanager
def plain_process() -> Iterator[Inside]:
    """Yield what makes arms that run in a process where nothing but the threads is set up."""
    with _process(_leave) as inside:
        yield inside


@contextmanager
def _process(set_up: Callable[..., None], *given: str) -> Iterator[Inside]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, set_up, (torch.get_num_threads(), *given)) as pool:
        yield lambda work, *given, **named: partial(_turn, pool, partial(work, *given, **named))


def _turn(pool: ProcessPoolExecutor, work: Arm) -> float:
    return pool.submit(work).result()


def _set_up(threads: int, device: str) -> None:
    prepare_process(device, threads=threads)
    load_objectives()


def _leave(threads: int) -> None:
    torch.set_num_threads(threads)
    load_objectives()
