"""InfoNCE of a batch in seven launches, forwards and backwards: small batches cost a GPU launches, not arithmetic.

Forwards: one kernel for directions and the cosines of positives, two for the denominators, two for the mean. Backwards:
one for the denominators' gradient, one that adds the positives' and leads both through the normalisation.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

from objectives.kernels.blocks import blocks_on, padded_width
from objectives.kernels.log_partition import backwards, forwards

_SHORTEST = tl.constexpr(1e-12)  # rows are divided by no less, as by torch.nn.functional.normalize


def try_out(device: torch.device, width: int) -> None:
    """Compute what is known with every kernel, forwards and backwards; whatever stands in the way is raised."""
    z = torch.eye(2, width, device=device).requires_grad_()
    loss = nt_xent(z, z.detach(), temperature=1.0)
    (gradient,) = torch.autograd.grad(loss, z)
    # Two pairs at right angles: each anchor has its positive at 1 and two negatives at 0.
    torch.testing.assert_close(loss, torch.full_like(loss, math.log(math.e + 2) - 1))
    torch.testing.assert_close(gradient, z.detach().flip(0) / (math.e + 2))  # away from the other image's views


def nt_xent(z1: Tensor, z2: Tensor, *, temperature: float) -> Tensor:
    """Return what `objectives.infonce.info_nce` does, on one process.

    Args:
        z1: (N, D), N >= 2; half precision or float32, on a GPU (anywhere under Triton's interpreter).
        z2: (N, D), of the same type.
        temperature: T > 0.

    Returns:
        Scalar in nats, float32.
    """
    result: Tensor = _NtXent.apply(z1, z2, temperature)
    return result


class _NtXent(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
        z1, z2 = z1.contiguous(), z2.contiguous()
        rows = 2 * len(z1)
        parts = z1.new_empty(3, rows, padded_width(z1.shape[1]), dtype=torch.bfloat16)
        inverse, terms = (z1.new_empty(shape, dtype=torch.float32) for shape in ((rows,), (2, rows)))
        with torch.cuda.device_of(z1):
            _direct_kernel[_grid(parts)](
                z1, z2, parts, inverse, terms[1], len(z1), 1 / temperature, **_options(z1, parts)
            )
        forwards(parts, temperature, blocks_on(z1.device, parts.shape[2]), out=terms[0])
        ctx.save_for_backward(z1, z2, parts, inverse, terms)
        ctx.temperature = temperature
        return terms.sum() / rows

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        z1, z2, parts, inverse, terms = ctx.saved_tensors
        rows, width = 2 * len(z1), z1.shape[1]
        blocks = blocks_on(z1.device, parts.shape[2])
        shares = backwards(parts, terms[0], gradient.expand(rows), width, ctx.temperature, blocks)
        changes = torch.empty_like(z1), torch.empty_like(z2)
        with torch.cuda.device_of(z1):
            _lead_kernel[_grid(parts)](
                z1, z2, inverse, shares, gradient, *changes, len(z1), len(shares), 1 / rows, 2 / ctx.temperature,
                **_options(z1, parts),
            )  # fmt: skip
        return *changes, None


def _grid(parts: Tensor) -> tuple[int]:
    return (triton.cdiv(parts.shape[1] // 2, 1024 // parts.shape[2]),)


def _options(z: Tensor, parts: Tensor) -> dict[str, int]:
    return {"width": z.shape[1], "padded": parts.shape[2], "rows": 1024 // parts.shape[2]}


def _direct(
    z1: tl.tensor, z2: tl.tensor, parts: tl.tensor, inverse: tl.tensor, cosines: tl.tensor, count: tl.tensor,
    scale: tl.tensor, width: tl.constexpr, padded: tl.constexpr, rows: tl.constexpr,
) -> None:  # fmt: skip
    row, number = tl.program_id(0) * rows + tl.arange(0, rows), tl.arange(0, padded)
    place, own = row[:, None] * width + number, (row[:, None] < count) & (number < width)
    a = tl.load(z1 + place, mask=own, other=0.0).to(tl.float32)
    b = tl.load(z2 + place, mask=own, other=0.0).to(tl.float32)
    inverse_a = 1 / tl.maximum(tl.sqrt_rn(tl.sum(a * a, 1)), _SHORTEST)
    inverse_b = 1 / tl.maximum(tl.sqrt_rn(tl.sum(b * b, 1)), _SHORTEST)
    a, b = a * inverse_a[:, None], b * inverse_b[:, None]
    cosine = -scale * tl.sum(a * b, 1)
    tl.store(inverse + row, inverse_a, mask=row < count)
    tl.store(inverse + count + row, inverse_b, mask=row < count)
    tl.store(cosines + row, cosine, mask=row < count)
    tl.store(cosines + count + row, cosine, mask=row < count)
    for part in tl.static_range(3):
        target = parts + (2 * part * count + row[:, None]) * padded + number
        rounded_a, rounded_b = a.to(tl.bfloat16), b.to(tl.bfloat16)
        tl.store(target, rounded_a, mask=row[:, None] < count)
        tl.store(target + count * padded, rounded_b, mask=row[:, None] < count)
        a, b = a - rounded_a.to(tl.float32), b - rounded_b.to(tl.float32)


def _lead(
    z1: tl.tensor, z2: tl.tensor, inverse: tl.tensor, shares: tl.tensor, gradient: tl.tensor,
    change1: tl.tensor, change2: tl.tensor, count: tl.tensor, parts: tl.tensor, scale: tl.tensor, pull: tl.tensor,
    width: tl.constexpr, padded: tl.constexpr, rows: tl.constexpr,
) -> None:  # fmt: skip
    row, number = tl.program_id(0) * rows + tl.arange(0, rows), tl.arange(0, padded)
    place, own = row[:, None] * width + number, (row[:, None] < count) & (number < width)
    inverse_a = tl.load(inverse + row, mask=row < count, other=0.0)[:, None]
    inverse_b = tl.load(inverse + count + row, mask=row < count, other=0.0)[:, None]
    a = tl.load(z1 + place, mask=own, other=0.0).to(tl.float32) * inverse_a
    b = tl.load(z2 + place, mask=own, other=0.0).to(tl.float32) * inverse_b
    given = tl.load(gradient)
    da, db = -given * pull * b, -given * pull * a
    for part in range(parts):
        share = shares + 2 * part * count * width + place
        da += tl.load(share, mask=own, other=0.0)
        db += tl.load(share + count * width, mask=own, other=0.0)
    along_a = tl.where(inverse_a < 0.99 / _SHORTEST, tl.sum(a * da, 1)[:, None], 0.0)
    along_b = tl.where(inverse_b < 0.99 / _SHORTEST, tl.sum(b * db, 1)[:, None], 0.0)
    tl.store(change1 + place, scale * inverse_a * (da - a * along_a), mask=own)
    tl.store(change2 + place, scale * inverse_b * (db - b * along_b), mask=own)


_direct_kernel = triton.jit(do_not_specialize=["count"])(_direct)
_lead_kernel = triton.jit(do_not_specialize=["count", "parts"])(_lead)
