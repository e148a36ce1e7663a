import math
import re

import pytest
import torch
from tiny_network import DIMS
from torch import Tensor

from objectives.infonce import InfoNCE, info_nce


def projections(count: int = 5, width: int = 4, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    stream = torch.Generator().manual_seed(seed)
    z1, z2 = (torch.randn(count, width, generator=stream, dtype=torch.float64) for _ in range(2))
    return z1.requires_grad_(), z2.requires_grad_()


def looped(z1: Tensor, z2: Tensor, *, temperature: float) -> Tensor:
    """SimCLR's eq. 1, anchor by anchor and negative by negative."""
    rows = [*z1, *z2]
    total = torch.zeros((), dtype=z1.dtype)
    for anchor in range(len(rows)):
        positive = (anchor + len(z1)) % len(rows)
        denominator = torch.zeros((), dtype=z1.dtype)
        for other in range(len(rows)):
            if other != anchor:
                denominator = denominator + torch.exp(cosine(rows[anchor], rows[other]) / temperature)
        total = total - torch.log(torch.exp(cosine(rows[anchor], rows[positive]) / temperature) / denominator)
    return total / len(rows)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum() / ((a * a).sum().sqrt() * (b * b).sum().sqrt())


@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_value_and_gradient_agree_with_a_loop_in_float64(count: int, temperature: float) -> None:
    z1, z2 = projections(count)
    value = info_nce(z1, z2, temperature=temperature)
    wanted = looped(z1, z2, temperature=temperature)
    assert value.dtype == torch.float64
    torch.testing.assert_close(value, wanted, rtol=1e-12, atol=0)
    for found, expected in zip(
        torch.autograd.grad(value, (z1, z2)), torch.autograd.grad(wanted, (z1, z2)), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-14)


def test_the_gradient_agrees_with_finite_differences() -> None:
    assert torch.autograd.gradcheck(lambda a, b: info_nce(a, b, temperature=0.5), projections(3))


@pytest.mark.parametrize("count", [2, 7, 64])
def test_equal_projections_give_the_log_of_the_number_of_other_views(count: int) -> None:
    z = torch.ones(count, 3, dtype=torch.float64)
    assert info_nce(z, z, temperature=0.3).item() == pytest.approx(math.log(2 * count - 1), rel=1e-12)


def test_orthogonal_pairs_have_a_closed_form() -> None:
    z = torch.eye(4, dtype=torch.float64)
    wanted = -math.log(math.exp(2) / (math.exp(2) + 6))
    assert info_nce(z, z, temperature=0.5).item() == pytest.approx(wanted, rel=1e-12)


def test_the_value_of_a_fixed_batch_is_pinned() -> None:
    z1 = torch.tensor([[1.0, 2.0], [-0.5, 0.25], [3.0, -1.0]])
    z2 = torch.tensor([[0.5, 1.5], [-1.0, -1.0], [2.0, 0.5]])
    assert info_nce(z1, z2, temperature=0.5).item() == pytest.approx(
        0.6183317706, rel=1e-6
    )  # computed by hand in float64


def test_the_length_of_a_projection_does_not_matter() -> None:
    z1, z2 = projections()
    torch.testing.assert_close(info_nce(7 * z1, 0.1 * z2, temperature=0.5), info_nce(z1, z2, temperature=0.5))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_lower_precisions_are_computed_in_float32(dtype: torch.dtype) -> None:
    z1, z2 = (z.detach().to(dtype) for z in projections())
    value = info_nce(z1, z2, temperature=0.1)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value.double(), info_nce(z1.double(), z2.double(), temperature=0.1), rtol=1e-5, atol=0)


@pytest.mark.parametrize("shapes", [((4, 3), (5, 3)), ((4, 3), (4, 2)), ((1, 3), (1, 3)), ((4,), (4,))])
def test_batches_that_do_not_fit_are_refused(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    first, second = shapes
    message = f"z1 and z2 must both be (N, D) with N >= 2; got {first} and {second}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        info_nce(torch.zeros(first), torch.zeros(second), temperature=1.0)


@pytest.mark.parametrize("temperature", [0.0, -0.5, float("nan")])
def test_a_temperature_that_is_not_positive_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=rf"^infonce: temperature must be > 0, got {temperature}$"):
        InfoNCE(DIMS, temperature=temperature)
