"""InfoNCE on a GPU: its kernel, the default there, beside blocks of the matrix, the plain form, and compiled forms.

Forward and backward of N pairs of 128 numbers. Compiled forms are traced and compiled before they are timed, which
takes each process seconds; the kernel is compiled once for a machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.perf.comparison import Comparison, alternate
from benchmark.perf.losses import TEMPERATURE, Loss
from benchmark.perf.rates import now
from objectives.infonce import info_nce
from objectives.log_partition import log_partition

_PART = "InfoNCE on a GPU"
_COUNTS, _WIDTH = (512, 4096, 16_384), 128
_BLOCK = 4096  # rows and columns of what the kernel stands for where it does not run
_TIMES = 10  # passes of a turn
_DEVICE = "cuda"
_NO_GPU = "no GPU here; where there is one: make perf PARTS=loss_gpu"


def ours(z1: Tensor, z2: Tensor) -> Tensor:
    """The loss of projections (N, D) and (N, D) as objectives compute it."""
    return info_nce(z1, z2, temperature=TEMPERATURE)


def plain(z1: Tensor, z2: Tensor) -> Tensor:
    """The same with the whole matrix in memory."""
    z = F.normalize(torch.cat((z1, z2)), dim=1)
    positives = torch.arange(len(z), device=z.device).roll(len(z1))
    cosines = (z @ z.T / TEMPERATURE).masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -torch.inf)
    return F.cross_entropy(cosines, positives)


def in_blocks(z1: Tensor, z2: Tensor) -> Tensor:
    """The same in blocks of the matrix, as without a kernel."""
    z1, z2 = F.normalize(z1, dim=1), F.normalize(z2, dim=1)
    positives = (z1 * z2).sum(dim=1).mean() / TEMPERATURE
    return log_partition(torch.cat((z1, z2)), temperature=TEMPERATURE, block=_BLOCK).mean() - positives


def forms(**how: Any) -> dict[str, Loss]:
    """Other forms by name, compiled ones as `how` says to torch.compile."""
    return {
        f"blocks of {_BLOCK}": in_blocks,
        "the plain form": plain,
        "the plain form, compiled": torch.compile(plain, dynamic=False, **how),
        f"blocks of {_BLOCK}, compiled": torch.compile(in_blocks, dynamic=False, **how),
    }


def measure() -> Iterator[Comparison]:
    """Time and peak memory beside every other form, at three sizes; without a GPU a row for each says so."""
    if not torch.cuda.is_available():
        what = f"time and peak memory, forward and backward, N = {_COUNTS[1]}, D = {_WIDTH}"
        yield from (Comparison(_PART, what, "s", (), (), name, more=False, note=_NO_GPU) for name in forms())
        return
    for count in _COUNTS:
        yield from _compare(count)


def _compare(count: int) -> Iterator[Comparison]:
    arms: dict[str, Loss] = {"ours": ours, **forms()}
    for kind, unit, measured in (("time", "s", _seconds), ("peak memory above the inputs", "MB", _megabytes)):
        what = f"{kind}, forward and backward, N = {count}, D = {_WIDTH}"
        found = alternate({name: partial(measured, loss, count) for name, loss in arms.items()})
        for name in list(arms)[1:]:
            yield Comparison(_PART, what, unit, found["ours"], found[name], name, more=False)


def _seconds(loss: Loss, count: int) -> float:
    inputs = _inputs(count)
    started = now(_DEVICE)
    for _ in range(_TIMES):
        torch.autograd.grad(loss(*inputs), inputs)
    return (now(_DEVICE) - started) / _TIMES


def _megabytes(loss: Loss, count: int) -> float:
    inputs = _inputs(count)
    torch.cuda.reset_peak_memory_stats(_DEVICE)
    before = torch.cuda.memory_allocated(_DEVICE)
    torch.autograd.grad(loss(*inputs), inputs)
    return (torch.cuda.max_memory_allocated(_DEVICE) - before) / 1e6


def _inputs(count: int) -> tuple[Tensor, Tensor]:
    stream = torch.Generator(_DEVICE).manual_seed(0)
    first, second = (torch.randn(count, _WIDTH, generator=stream, device=_DEVICE).requires_grad_() for _ in range(2))
    return first, second
