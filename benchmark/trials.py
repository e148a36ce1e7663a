"""Things that may take their process with them, tried one after the other in another process."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from benchmark.processes import INTERRUPTED, end_with_parent
from benchmark.progress import progress_lines

_PATIENCE = 10.0  # seconds for a process that has let go of its pipe to end

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def tried(
    work: Callable[[Item], Answer],
    items: Sequence[Item],
    *,
    name: Callable[[Item], str],
    limit_s: float,
    say: Callable[[str], None],
) -> Iterator[tuple[Item, Answer | None, str]]:
    """Call `work` on every item in a process, and in a new one on what is left where that ended.

    Args:
        work: a function of a module; what it returns can be pickled, and is never None.
        items: what it is called on.
        name: how an item is called in progress lines.
        limit_s: seconds that one item may take.
        say: prints one line.

    Yields:
        An item, what `work` returned, and ""; or None and how the process ended.
    """
    waiting = list(items)
    while waiting:
        for outcome in _in_one_process(work, tuple(waiting), name=name, limit_s=limit_s, say=say):
            waiting.pop(0)
            yield outcome


def _in_one_process(
    work: Callable[[Item], Answer],
    waiting: Sequence[Item],
    *,
    name: Callable[[Item], str],
    limit_s: float,
    say: Callable[[str], None],
) -> Iterator[tuple[Item, Answer | None, str]]:
    """Go on until all is done or the process ends; at least one outcome."""
    receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_work_off, args=(work, waiting, sender))
    with _ended(process):
        sender.close()
        for item in waiting:
            with progress_lines(name(item), say):
                in_time = receiver.poll(limit_s)
                answer = _answer(receiver) if in_time else None
            if answer is None:
                end = _how_it_ended(process) if in_time else f"took more than {limit_s:.0f} s"
                break
            yield item, answer, ""
        else:
            return
    yield item, None, end


@contextmanager
def _ended(process: Any) -> Iterator[None]:
    """Start a process, and leave none behind."""
    process.start()
    try:
        yield
    finally:
        process.join(0.5)
        process.kill()
        process.join()


def _answer(receiver: Connection) -> Any:
    """What the process has to say; None if it ended."""
    try:
        return receiver.recv()
    except EOFError:
        return None


def _how_it_ended(process: Any) -> str:
    process.join(_PATIENCE)
    if process.exitcode is None:
        return "said no more"
    if process.exitcode == INTERRUPTED:
        raise KeyboardInterrupt
    return f"was killed by signal {-process.exitcode}" if process.exitcode < 0 else f"ended with {process.exitcode}"


def _work_off(work: Callable[[Item], Answer], items: Sequence[Item], sender: Connection) -> None:
    """What the process does."""
    end_with_parent()
    try:
        for item in items:
            sender.send(work(item))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # nobody wants to know any more
        return
