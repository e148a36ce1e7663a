"""The blockwise sums of the kernel against its matrix as a whole."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck
from torch.profiler import ProfilerActivity, profile

from objectives.log_kernel import log_kernel_sum

Loss = Callable[[Tensor, Tensor], Tensor]
RHO = 0.05


def whole(x: Tensor, y: Tensor) -> Tensor:
    """The matrix of distances at once, as autograd differentiates it."""
    squares = x.square().sum(1, keepdim=True) + y.square().sum(1) - 2 * x @ y.T
    return torch.logsumexp(-RHO * squares.clamp_min(0), dim=1)


def blockwise(x: Tensor, y: Tensor) -> Tensor:
    return log_kernel_sum(x, y, rho=RHO)


def rows(count: int, *, seed: int, width: int = 32) -> Tensor:
    """Like features: not negative, of float32."""
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed)).relu_().requires_grad_()


def with_gradients(loss: Loss, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    weights = torch.linspace(0.5, 1.5, len(x), dtype=x.dtype)
    value = loss(x, y)
    return (value, *torch.autograd.grad((weights * value).mean(), (x, y)))


@pytest.mark.parametrize("count", [6, 512, 513, 1100])
def test_values_and_gradients_are_those_of_the_whole_matrix_in_float32(count: int) -> None:
    x = rows(count, seed=0)
    y = (x.detach() + 0.1 * rows(count, seed=1).detach()).requires_grad_()
    for found, wanted in zip(with_gradients(blockwise, x, y), with_gradients(whole, x, y), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)


def test_rows_of_both_sides_may_be_of_another_number() -> None:
    x, y = (rows(count, seed=count).detach().double().requires_grad_() for count in (530, 1030))
    for found, wanted in zip(with_gradients(blockwise, x, y), with_gradients(whole, x, y), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-11, atol=1e-14)


def test_the_gradient_is_that_of_differences() -> None:
    x, y = (torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    assert gradcheck(blockwise, (x.requires_grad_(), y.requires_grad_()))


def largest(loss: Loss) -> int:
    """Bytes of the largest piece of memory that a forward and backward pass asks for."""
    x, y = rows(2048, seed=0), rows(2048, seed=1)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        loss(x, y).mean().backward()
    events = seen.events()
    assert events is not None
    return max(int(event.self_cpu_memory_usage) for event in events)


def test_no_piece_of_memory_is_as_large_as_the_matrix() -> None:
    assert largest(whole) >= 2048**2 * 4
    assert largest(blockwise) <= 2 * 512**2 * 4
