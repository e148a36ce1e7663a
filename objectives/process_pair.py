"""A function on two processes of this machine, which gather from each other over gloo."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

_Result = TypeVar("_Result")


def on_two_processes(function: Callable[..., _Result], *arguments: Any) -> list[_Result]:
    """What a function gives on each of two processes with one thread each.

    Args:
        function: called with the process's rank, 0 or 1, and the arguments; a name of a module, so that it can be
            pickled.
        arguments: what else it is called with; pickled.

    Raises:
        ProcessRaisedException: if it raises on either process.
    """
    with tempfile.TemporaryDirectory() as folder:
        spawn(_process, args=(function, arguments, folder), nprocs=2)
        return [torch.load(Path(folder) / f"rank{rank}", weights_only=False) for rank in range(2)]


def _process(rank: int, function: Callable[..., Any], arguments: tuple[Any, ...], folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    result = function(rank, *arguments)
    dist.barrier()  # one that leaves while the other still connects to it ends that one
    dist.destroy_process_group()
    torch.save(result, Path(folder) / f"rank{rank}")
