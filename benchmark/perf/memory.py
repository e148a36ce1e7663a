"""Memory as the growth of a fresh process's peak."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from benchmark.environment import peak_memory_bytes

Work = tuple[Callable[[], object], Callable[[], object]]
"""A small piece of work that comes first, and the one that is measured."""


def growth_bytes(prepare: Callable[..., Work], *given: Any) -> int:
    """Bytes by which a piece of work raises the peak of a process of its own, after a small one.

    Args:
        prepare: from what is given to both pieces of work; a function of a module. What it makes does not count.
        given: what it gets; can be pickled.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_report, args=(theirs, prepare, given))
    process.start()
    theirs.close()  # a process that dies then ends the wait
    try:
        grown: int = ours.recv()
    finally:
        process.join()
    return grown


def _report(pipe: Connection, prepare: Callable[..., Work], given: tuple[Any, ...]) -> None:
    small, whole = prepare(*given)
    small()
    before = peak_memory_bytes("cpu")
    whole()
    pipe.send(peak_memory_bytes("cpu") - before)
