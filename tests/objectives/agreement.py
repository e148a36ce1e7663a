"""Comparing a loss with its reference, in value and in gradient."""

from __future__ import annotations

import torch
from torch import Tensor


def assert_agree(value: Tensor, wanted: Tensor, inputs: tuple[Tensor, ...]) -> None:
    """Equal to 1e-9 in float64, relative to the largest entry of each."""
    assert value.dtype == torch.float64
    torch.testing.assert_close(value, wanted, rtol=1e-9, atol=1e-12)
    for found, expected in zip(torch.autograd.grad(value, inputs), torch.autograd.grad(wanted, inputs), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))


def normal(*shapes: tuple[int, ...], seed: int = 0) -> tuple[Tensor, ...]:
    """Float64 leaves that want a gradient."""
    stream = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=stream, dtype=torch.float64).requires_grad_() for shape in shapes)
