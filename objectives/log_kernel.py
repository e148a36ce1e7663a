"""The logarithm of sums of a Gaussian kernel over all pairs of rows, in memory linear in the rows."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Rows and columns of a block of the matrix; 1 MB in float32, which stays in a core's cache.
_BLOCK = 512


def log_kernel_sum(x: Tensor, y: Tensor, *, rho: float) -> Tensor:
    """Return log sum over l of exp(-rho |x_k - y_l|^2) for every row k.

    Neither the (M, L, D) differences nor the (M, L) distances are there as a whole: distances come from products of
    rows, block by block, and are computed anew for the gradient.

    Args:
        x: (M, D); float32 or float64.
        y: (L, D), of the same type.
        rho: precision of the kernel, > 0.

    Returns:
        (M,).
    """
    result: Tensor = _LogKernelSum.apply(x, y, rho)
    return result


class _LogKernelSum(torch.autograd.Function):
    """Blocks forwards, and the same blocks again backwards.

    With the result L, its gradient g and w_kl = 2 rho g_k exp(-rho |x_k - y_l|^2 - L_k): dx_k = sum over l of
    w_kl (y_l - x_k), and dy_l = sum over k of w_kl (x_k - y_l).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, rho: float) -> Tensor:
        result = x.new_full((len(x),), -torch.inf)
        for rows, part in zip(x.split(_BLOCK), result.split(_BLOCK), strict=True):
            for columns in y.split(_BLOCK):
                exponents = _exponents(rows, columns, rho)
                torch.logaddexp(part, exponents.clamp_max(0).logsumexp(1), out=part)
        only = [exponents] if max(len(x), len(y)) <= _BLOCK else []  # one block is kept
        ctx.save_for_backward(x, y, result, *only)
        ctx.rho = rho
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        x, y, result, *only = ctx.saved_tensors
        change_x, change_y = torch.zeros_like(x), torch.zeros_like(y)
        of_rows = [part.split(_BLOCK) for part in (x, change_x, result, 2 * ctx.rho * gradient)]
        for rows, change, sums, shares in zip(*of_rows, strict=True):
            for columns, other in zip(y.split(_BLOCK), change_y.split(_BLOCK), strict=True):
                exponents = only[0] if only else _exponents(rows, columns, ctx.rho)
                weights = (exponents - sums.unsqueeze(1)).exp_().mul_(shares.unsqueeze(1))
                weights.masked_fill_(exponents > 0, 0)  # a distance that is 0, whatever the rows
                change.addmm_(weights, columns).sub_(rows * weights.sum(1, keepdim=True))
                other.addmm_(weights.T, rows).sub_(columns * weights.sum(0).unsqueeze(1))
        return change_x, change_y, None


def _exponents(rows: Tensor, columns: Tensor, rho: float) -> Tensor:
    """-rho |x_k - y_l|^2, (rows, columns), but for rounding, which may leave it above 0."""
    products = torch.addmm(columns.square().sum(1).unsqueeze(0), rows, columns.T, beta=-rho, alpha=2 * rho)
    return products.sub_(rho * rows.square().sum(1, keepdim=True))
