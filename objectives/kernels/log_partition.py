"""The denominator of in-batch contrastive losses without its matrix, as Triton kernels.

A program holds a block of rows and runs over blocks of columns, as in Dao et al. 2022, arXiv 2205.14135. Forwards it
keeps a maximum and a sum per row; backwards it computes the products anew. No product leaves the processor. Where there
are too few blocks of rows to keep a GPU busy, several programs share the columns of each, and what they find is put
together afterwards in a fixed order, so that equal inputs give equal bits. Logarithms are to base 2 inside.

A float32 number is the sum of three bfloat16 ones (8 bits each), and a product of two the sum of the six products of
those that reach float32's last bit: tensor cores make six of them sooner than other units make one, and either side
is read from memory as it is multiplied. [Henry et al. 2019, arXiv 1904.06376]
"""

from __future__ import annotations

import math
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

from objectives.kernels.blocks import Blocks, blocks_on, padded_width, processors

_LOWEST = tl.constexpr(-3.0e38)  # in the place of -inf, where differences are taken
_LN2 = tl.constexpr(math.log(2))


def log_partition(z: Tensor, *, temperature: float, blocks: Blocks | None = None) -> Tensor:
    """Return log sum over k != i of exp(z_i . z_k / T) for every row i.

    Its precision is float32's.

    Args:
        z: (M, D), M >= 2; float32, on a GPU (anywhere under Triton's interpreter).
        temperature: T > 0.
        blocks: None chooses them for the GPU and D.

    Returns:
        (M,) in nats.
    """
    chosen = blocks or blocks_on(z.device, padded_width(z.shape[1]))
    result: Tensor = _LogPartition.apply(z, temperature, chosen)
    return result


class _LogPartition(torch.autograd.Function):
    """With s_ik = z_i . z_k / T, the result L and its gradient g: dz_i is the sum over k of w_ik z_k / T.

    There w_ik = g_i exp(s_ik - L_i) + g_k exp(s_ik - L_k).
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, temperature: float, blocks: Blocks) -> Tensor:
        parts = split(z.contiguous())
        result = forwards(parts, temperature, blocks)
        ctx.save_for_backward(parts, result)
        ctx.width, ctx.temperature, ctx.blocks = z.shape[1], temperature, blocks
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        parts, result = ctx.saved_tensors
        shares = backwards(parts, result, gradient, ctx.width, ctx.temperature, ctx.blocks)
        return shares.sum(0), None, None


def split(z: Tensor) -> Tensor:
    """Three bfloat16 numbers for each of (M, D) float32 ones, whose sum they are: (3, M, D padded with zeros)."""
    count, width = z.shape
    parts = z.new_empty(3, count, padded_width(width), dtype=torch.bfloat16)
    block = 4096 // parts.shape[2]
    with torch.cuda.device_of(z):
        _split_kernel[(triton.cdiv(count, block),)](z, parts, count, width=width, padded=parts.shape[2], rows=block)
    return parts


def forwards(parts: Tensor, temperature: float, blocks: Blocks, *, out: Tensor | None = None) -> Tensor:
    """L (M,) of the three parts of rows, in `out` if given."""
    count = parts.shape[1]
    programs, shares, share = _cut(parts, blocks)
    partial = parts.new_empty(shares, count, dtype=torch.float32)
    result = parts.new_empty(count, dtype=torch.float32) if out is None else out
    with torch.cuda.device_of(parts):
        _sum_kernel[programs, shares](parts, partial, count, share, _scale(temperature), **_options(parts, blocks))
        _join_kernel[(triton.cdiv(count, 128),)](partial, result, count, shares, block=128)
    return result


def backwards(
    parts: Tensor, result: Tensor, gradient: Tensor, width: int, temperature: float, blocks: Blocks
) -> Tensor:
    """Gradient of rows of D numbers in shares (S, M, D) to add up, from their three parts, L (M,) and its gradient."""
    count = parts.shape[1]
    programs, shares, share = _cut(parts, blocks)
    change = parts.new_empty(shares, count, width, dtype=torch.float32)
    with torch.cuda.device_of(parts):
        _change_kernel[programs, shares](
            parts, result, gradient, change, count, share, gradient.stride(0), _scale(temperature), 1 / temperature,
            width=width, **_options(parts, blocks),
        )  # fmt: skip
    return change


def _cut(parts: Tensor, blocks: Blocks) -> tuple[int, int, int]:
    """Blocks of rows, the shares that the columns are cut into, and blocks of columns in a share."""
    rows, columns = (triton.cdiv(parts.shape[1], block) for block in (blocks.rows, blocks.columns))
    share = triton.cdiv(columns, max(1, min(columns, 2 * processors(parts.device) // rows)))
    return rows, triton.cdiv(columns, share), share


def _options(parts: Tensor, blocks: Blocks) -> dict[str, int]:
    return {
        "padded": parts.shape[2],
        "rows": blocks.rows,
        "columns": blocks.columns,
        "wide": parts.device.type == "cpu",  # the interpreter does not multiply bfloat16
        "num_warps": blocks.warps,
        "num_stages": blocks.stages,
    }


def _scale(temperature: float) -> float:
    return 1 / (temperature * math.log(2))


def _split(
    z: tl.tensor, parts: tl.tensor, count: tl.tensor, width: tl.constexpr, padded: tl.constexpr, rows: tl.constexpr
) -> None:
    row, number = tl.program_id(0) * rows + tl.arange(0, rows), tl.arange(0, padded)
    rest = tl.load(z + row[:, None] * width + number, mask=(row[:, None] < count) & (number < width), other=0.0)
    for part in tl.static_range(3):
        rounded = rest.to(tl.bfloat16)
        tl.store(parts + (part * count + row[:, None]) * padded + number, rounded, mask=row[:, None] < count)
        rest -= rounded.to(tl.float32)


def _add_product(a: tl.tensor, b: tl.tensor, total: tl.tensor, wide: tl.constexpr) -> tl.tensor:
    if wide:
        a, b = a.to(tl.float32), b.to(tl.float32)
    return tl.dot(a, b, acc=total)


def _add_products(
    a0: tl.tensor, a1: tl.tensor, a2: tl.tensor, b0: tl.tensor, b1: tl.tensor, b2: tl.tensor, total: tl.tensor,
    wide: tl.constexpr,
) -> tl.tensor:  # fmt: skip
    total = _add(a1, b1, total, wide)  # the small ones first
    total = _add(a0, b2, total, wide)
    total = _add(a2, b0, total, wide)
    total = _add(a0, b1, total, wide)
    total = _add(a1, b0, total, wide)
    return _add(a0, b0, total, wide)


def _load_parts(
    parts: tl.tensor, row: tl.tensor, number: tl.tensor, count: tl.tensor, padded: tl.constexpr
) -> tuple[tl.tensor, tl.tensor, tl.tensor]:
    place, inside = parts + row[:, None] * padded + number, row[:, None] < count
    first = tl.load(place, mask=inside, other=0.0)
    second = tl.load(place + count * padded, mask=inside, other=0.0)
    third = tl.load(place + 2 * count * padded, mask=inside, other=0.0)
    return first, second, third


def _sum(
    parts: tl.tensor, partial: tl.tensor, count: tl.tensor, share: tl.tensor, scale: tl.tensor,
    padded: tl.constexpr, rows: tl.constexpr, columns: tl.constexpr, wide: tl.constexpr,
) -> None:  # fmt: skip
    row, number = tl.program_id(0) * rows + tl.arange(0, rows), tl.arange(0, padded)
    a0, a1, a2 = _three(parts, row, number, count, padded)
    high, total = tl.full((rows,), _LOWEST, tl.float32), tl.zeros((rows,), tl.float32)
    start = tl.program_id(1) * share * columns
    for first in range(start, tl.minimum(start + share * columns, count), columns):
        column = first + tl.arange(0, columns)
        b0, b1, b2 = _three(parts, column, number, count, padded)
        s = tl.zeros((rows, columns), tl.float32)
        s = _add_all(a0, a1, a2, tl.trans(b0), tl.trans(b1), tl.trans(b2), s, wide) * scale
        s = tl.where((row[:, None] != column) & (column < count), s, float("-inf"))
        peak = tl.maximum(high, tl.max(s, 1))
        total = total * tl.exp2(high - peak) + tl.sum(tl.exp2(s - peak[:, None]), 1)
        high = peak
    tl.store(partial + tl.program_id(1) * count + row, high + tl.log2(total), mask=row < count)


def _join(partial: tl.tensor, result: tl.tensor, count: tl.tensor, shares: tl.tensor, block: tl.constexpr) -> None:
    row = tl.program_id(0) * block + tl.arange(0, block)
    high, total = tl.full((block,), _LOWEST, tl.float32), tl.zeros((block,), tl.float32)
    for part in range(shares):
        found = tl.load(partial + part * count + row, mask=row < count, other=0.0)
        peak = tl.maximum(high, found)
        total = total * tl.exp2(high - peak) + tl.exp2(found - peak)
        high = peak
    tl.store(result + row, (high + tl.log2(total)) * _LN2, mask=row < count)


def _change(
    parts: tl.tensor, result: tl.tensor, gradient: tl.tensor, change: tl.tensor, count: tl.tensor, share: tl.tensor,
    stride: tl.tensor, scale: tl.tensor, inverse: tl.tensor,
    width: tl.constexpr, padded: tl.constexpr, rows: tl.constexpr, columns: tl.constexpr, wide: tl.constexpr,
) -> None:  # fmt: skip
    row, number = tl.program_id(0) * rows + tl.arange(0, rows), tl.arange(0, padded)
    a0, a1, a2 = _three(parts, row, number, count, padded)
    high = tl.load(result + row, mask=row < count, other=0.0) / _LN2
    weight = tl.load(gradient + row * stride, mask=row < count, other=0.0) * inverse
    total = tl.zeros((rows, padded), tl.float32)
    start = tl.program_id(1) * share * columns
    for first in range(start, tl.minimum(start + share * columns, count), columns):
        column = first + tl.arange(0, columns)
        b0, b1, b2 = _three(parts, column, number, count, padded)
        highs = tl.load(result + column, mask=column < count, other=0.0) / _LN2
        weights = tl.load(gradient + column * stride, mask=column < count, other=0.0) * inverse
        s = tl.zeros((rows, columns), tl.float32)
        s = _add_all(a0, a1, a2, tl.trans(b0), tl.trans(b1), tl.trans(b2), s, wide) * scale
        w = weight[:, None] * tl.exp2(s - high[:, None]) + weights * tl.exp2(s - highs)
        w = tl.where((row[:, None] != column) & (column < count), w, 0.0)
        w0 = w.to(tl.bfloat16)
        w -= w0.to(tl.float32)
        w1 = w.to(tl.bfloat16)
        w2 = (w - w1.to(tl.float32)).to(tl.bfloat16)
        total = _add_all(w0, w1, w2, b0, b1, b2, total, wide)
    place = change + (tl.program_id(1) * count + row[:, None]) * width + number
    tl.store(place, total, mask=(row[:, None] < count) & (number < width))


_add = triton.jit(_add_product)
_add_all = triton.jit(_add_products)
_three = triton.jit(_load_parts)
_split_kernel = triton.jit(do_not_specialize=["count"])(_split)
_sum_kernel = triton.jit(do_not_specialize=["count", "share"])(_sum)
_join_kernel = triton.jit(do_not_specialize=["count", "shares"])(_join)
_change_kernel = triton.jit(do_not_specialize=["count", "share", "stride"])(_change)
