"""Agreement with lightly, whose losses are written and tested by others."""

import pytest
import torch
from agreement import normal
from lightly.loss import BarlowTwinsLoss, NTXentLoss
from torch import Tensor

from objectives.barlow_twins import barlow_twins, cross_correlation
from objectives.infonce import info_nce


def assert_six_digits(value: Tensor, wanted: Tensor, inputs: tuple[Tensor, ...]) -> None:
    """Equal to 1e-6 relative to the largest entry, in value and gradient."""
    torch.testing.assert_close(value, wanted, rtol=1e-6, atol=0)
    for found, expected in zip(torch.autograd.grad(value, inputs), torch.autograd.grad(wanted, inputs), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6 * float(expected.abs().max()))


@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize("count", [2, 33, 300])
def test_nt_xent_is_lightlys(count: int, temperature: float) -> None:
    z1, z2 = normal((count, 16), (count, 16))
    wanted = NTXentLoss(temperature=temperature)(z1, z2)
    assert_six_digits(info_nce(z1, z2, temperature=temperature), wanted, (z1, z2))


@pytest.mark.parametrize("count", [3, 40])
def test_barlow_twins_is_lightlys(count: int) -> None:
    z1, z2 = normal((count, 16), (count, 16))
    invariance, redundancy = barlow_twins(cross_correlation(z1, z2))
    assert_six_digits(invariance + 5e-3 * redundancy, BarlowTwinsLoss(lambda_param=5e-3)(z1, z2), (z1, z2))
