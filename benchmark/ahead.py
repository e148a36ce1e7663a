"""On a GPU: the views of the next step are made while the step before is computed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from benchmark.step_batches import Batch


def made_ahead(batches: Iterator[Batch], make: Callable[[Batch], Batch], *, device: torch.device) -> Generator[Batch]:
    """Make every batch in a thread, on a stream of its own, while the caller is busy with the one before.

    A batch is begun when the device is through with the last but one: whatever the device is asked for, it lags behind
    by two steps at most, and no more than three batches are in its memory.

    Args:
        batches: as they come; asked for in the thread.
        make: what is made of each. Its random numbers must not depend on when it is called.
        device: where `make` works; on a CPU there is a thread alone.
    """
    stream, threads = torch.cuda.Stream(device) if device.type == "cuda" else None, torch.get_num_threads()
    # What makes views on a CPU are many small operations, which a team of threads for each makes slower.
    with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as thread:
        before: torch.cuda.Event | None = None
        coming = thread.submit(_made, batches, make, stream, before)
        while (made := coming.result()) is not None:
            torch.set_num_threads(threads)  # what the thread has set holds for all that begin later
            coming = thread.submit(_made, batches, make, stream, before)
            if stream is not None:
                _hand_over(made, stream)
            yield made
            if stream is not None:
                before = torch.cuda.Event(blocking=True)
                before.record(torch.cuda.current_stream(device))


def _made(
    batches: Iterator[Batch],
    make: Callable[[Batch], Batch],
    stream: torch.cuda.Stream | None,
    before: torch.cuda.Event | None,
) -> Batch | None:
    """The next batch; None after the last."""
    if before is not None:
        before.synchronize()
    batch = next(batches, None)
    if batch is None or stream is None:
        return None if batch is None else make(batch)
    with torch.cuda.device(stream.device), torch.cuda.stream(stream):
        return make(batch)


def _hand_over(made: Any, stream: torch.cuda.Stream) -> None:
    """Let the caller's stream wait for the other, and keep the memory until the caller's is through with it."""
    current = torch.cuda.current_stream(stream.device)
    current.wait_stream(stream)
    for leaf in tree_leaves(made):
        if isinstance(leaf, torch.Tensor) and leaf.is_cuda:
            leaf.record_stream(current)
