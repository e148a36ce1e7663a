"""On a GPU: the views of the next step are made while the step before is computed."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields, is_dataclass

import torch

from benchmark.step_batches import Batch


def made_ahead(batches: Iterator[Batch], make: Callable[[Batch], Batch], *, device: torch.device) -> Generator[Batch]:
    """Make every batch in a thread, on a stream of its own, while the caller is busy with the one before.

    A batch is begun when the device is through with the last but one: whatever the device is asked for, it lags behind
    by two steps at most, and no more than three batches are in its memory.

    Args:
        batches: as they come; asked for in the thread.
        make: what is made of each. Its random numbers must not depend on when it is called.
        device: where `make` works; on a CPU, which only tests ask for, there is a thread alone.
    """
    stream, threads = torch.cuda.Stream(device) if device.type == "cuda" else None, torch.get_num_threads()
    # What makes views on a CPU are many small operations, which a team of threads for each makes slower.
    with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as thread:
        before: torch.cuda.Event | None = None
        if stream is not None:
            stream.wait_stream(torch.cuda.current_stream(device))  # what `make` needs may be on its way
        coming = thread.submit(_made, batches, make, stream, before)
        while (made := _as_before(coming, threads)) is not None:
            coming = thread.submit(_made, batches, make, stream, before)
            if stream is not None:
                _hand_over(made, stream)
            yield made
            if stream is not None:
                before = torch.cuda.Event(blocking=True)
                before.record(torch.cuda.current_stream(device))


def _as_before(coming: Future[Batch | None], threads: int) -> Batch | None:
    """What comes of the thread. The number of threads that it has set for itself holds for all that begin later."""
    try:
        return coming.result()
    finally:
        torch.set_num_threads(threads)


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


def _hand_over(made: Batch, stream: torch.cuda.Stream) -> None:
    """Let the caller's stream wait for the other, and keep the memory until the caller's is through with it."""
    current = torch.cuda.current_stream(stream.device)
    current.wait_stream(stream)
    for tensor in tensors_of(made):
        if tensor.is_cuda:
            tensor.record_stream(current)


def tensors_of(made: object) -> Iterator[torch.Tensor]:
    """The tensors in dictionaries, sequences and dataclasses of any depth."""
    if isinstance(made, torch.Tensor):
        yield made
    elif isinstance(made, dict | list | tuple):
        for each in made.values() if isinstance(made, dict) else made:
            yield from tensors_of(each)
    elif is_dataclass(made):
        yield from tensors_of([getattr(made, field.name) for field in fields(made)])
