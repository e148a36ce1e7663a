"""The denominator of in-batch contrastive losses, in memory linear in the batch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from objectives.kernels.trying import runs

_ON_CPU = 512  # rows and columns of a block of the matrix; 1 MB in float32, which stays in a core's cache
_ELSEWHERE = 4096  # 64 MB, which a GPU is busy with for longer than a launch takes
_WIDEST = 256  # numbers of a row of which a kernel's blocks fit in a processor's shared memory


def log_partition(z: Tensor, *, temperature: float, block: int | None = None) -> Tensor:
    """Return log sum over k != i of exp(z_i . z_k / T) for every row i.

    The (M, M) matrix of products is symmetric: each block above its diagonal serves for two, and is computed anew for
    the gradient rather than kept. On a GPU a kernel does the same with blocks that never leave the processor, as
    precisely and faster (docs/performance.md).

    Args:
        z: (M, D), M >= 2; of one type, float32 or float64.
        temperature: T > 0.
        block: rows and columns of a block, which change time and memory alone; None chooses them for the device, or
            the kernel where it suits.

    Returns:
        (M,) in nats.
    """
    if block is None and suits_kernel(z.device.type, z.dtype, z.shape[1]) and kernel_runs(z.device, z.shape[1]):
        from objectives.kernels import log_partition as kernel

        return kernel.log_partition(z, temperature=temperature)
    if block is None:
        block = _ON_CPU if z.device.type == "cpu" else _ELSEWHERE
    result: Tensor = _LogPartition.apply(z, temperature, block)
    return result


def suits_kernel(device_type: str, dtype: torch.dtype, width: int) -> bool:
    """Whether the kernel is for such rows: float32 on a GPU, of up to 256 numbers; torch.compile traces blocks."""
    on_gpu = device_type == "cuda" and not torch.compiler.is_compiling()
    return on_gpu and dtype == torch.float32 and width <= _WIDEST


@cache
def kernel_runs(device: torch.device, width: int) -> bool:
    """Whether the kernels of InfoNCE run there, tried once."""

    def trial() -> None:
        from objectives.kernels.nt_xent import try_out

        try_out(device, width)

    return runs(trial, what=f"log_partition: blocks stand in for the kernel on {device}")


class _LogPartition(torch.autograd.Function):
    """Blocks forwards, and the same blocks again backwards.

    With s_ik = z_i . z_k / T, the result L and its gradient g: dz_i = sum over k of w_ik z_k / T, where
    w_ik = g_i exp(s_ik - L_i) + g_k exp(s_ik - L_k) is symmetric.
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, temperature: float, block: int) -> Tensor:
        result = z.new_full((len(z),), -torch.inf)
        parts = result.split(block)
        for row, column, s in _blocks(z, temperature, block):
            torch.logaddexp(parts[row], s.logsumexp(1), out=parts[row])
            if row != column:
                torch.logaddexp(parts[column], s.logsumexp(0), out=parts[column])
        ctx.save_for_backward(z, result)
        ctx.temperature, ctx.block = temperature, block
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (z, result), block = ctx.saved_tensors, ctx.block
        change, rows = torch.zeros_like(z), z.split(block)
        changes, sums = change.split(block), result.split(block)
        shares = (gradient / ctx.temperature).split(block)
        for row, column, s in _blocks(z, ctx.temperature, block):
            weights = (s - sums[column]).exp_().mul_(shares[column])
            weights.addcmul_(s.sub_(sums[row].unsqueeze(1)).exp_(), shares[row].unsqueeze(1))
            changes[row].addmm_(weights, rows[column])
            if row != column:
                changes[column].addmm_(weights.T, rows[row])
        return change, None, None


def _blocks(z: Tensor, temperature: float, block: int) -> Iterator[tuple[int, int, Tensor]]:
    """Blocks (row, column <= row) of z_i . z_k / T, -inf on the diagonal."""
    rows, scaled = z.split(block), (z / temperature).split(block)
    for row in range(len(rows)):
        for column in range(row + 1):
            s = scaled[row] @ rows[column].T
            yield row, column, s.fill_diagonal_(-torch.inf) if row == column else s
