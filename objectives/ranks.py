"""What makes a loss the same on one process and on several that share a batch, each holding as many images.

Gradients are averaged over the processes afterwards, as DistributedDataParallel does it. A term that is a mean over
images needs nothing. A term in which images meet (negatives, correlations) gathers first, and noise is drawn for the
whole batch. Without torch.distributed every function here returns what it is given.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import once_differentiable


def ranks() -> int:
    """Number of processes that share a batch."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def gather(rows: Tensor) -> Tensor:
    """Put the rows of all processes behind one another, in the order of the ranks.

    The gradient is that of the sum of what all processes compute: with the mean that follows it is the gradient of a
    loss that every process computes from all rows.

    Args:
        rows: (N, ...), the same shape on every process.

    Returns:
        (ranks * N, ...).
    """
    if ranks() == 1:
        return rows
    gathered: Tensor = _Gather.apply(rows)
    return gathered


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        parts = [torch.empty_like(rows) for _ in range(ranks())]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total.chunk(ranks())[dist.get_rank()]


def draw_normal(shape: tuple[int, ...] | torch.Size, *, generator: torch.Generator) -> Tensor:
    """Standard normal float32 numbers for this process's rows, (N, ...); every process holds an equal generator."""
    return own_rows(torch.randn(ranks() * shape[0], *shape[1:], generator=generator, device=generator.device))


def draw_uniform(shape: tuple[int, ...] | torch.Size, *, generator: torch.Generator) -> Tensor:
    """Uniform float32 numbers in [0, 1), likewise."""
    return own_rows(torch.rand(ranks() * shape[0], *shape[1:], generator=generator, device=generator.device))


def own_rows(rows: Tensor) -> Tensor:
    """This process's rows, (N, ...), of (ranks * N, ...) that every process holds; `gather` is the way back."""
    return rows if ranks() == 1 else rows.chunk(ranks())[dist.get_rank()]
