import re

import pytest
import references
import torch
import torch.nn.functional as F
from agreement import assert_agree, normal

from objectives.barlow_twins import BarlowTwins, barlow_twins, cross_correlation
from objectives.tiny_network import DIMS, network, views


@pytest.mark.parametrize("part", [0, 1])
def test_value_and_gradient_agree_with_a_loop_in_float64(part: int) -> None:
    z1, z2 = normal((6, 4), (6, 4))
    value, wanted = barlow_twins(cross_correlation(z1, z2))[part], references.barlow_twins(z1, z2)[part]
    assert_agree(value, wanted, (z1, z2))


def test_the_gradient_agrees_with_finite_differences() -> None:
    assert torch.autograd.gradcheck(lambda a, b: barlow_twins(cross_correlation(a, b)), normal((5, 3), (5, 3)))


def test_uncorrelated_dimensions_of_equal_views_cost_nothing() -> None:
    z = 100 * torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], dtype=torch.float64)
    invariance, redundancy = barlow_twins(cross_correlation(z, z))
    assert invariance.item() == pytest.approx(0, abs=1e-12)
    assert redundancy.item() == pytest.approx(0, abs=1e-12)


def test_a_dimension_said_twice_costs_two() -> None:
    z = 100 * torch.tensor([[1.0, 1.0], [-1.0, -1.0]], dtype=torch.float64)
    assert barlow_twins(cross_correlation(z, z))[1].item() == pytest.approx(2, rel=1e-6)


@pytest.mark.parametrize("directions", [False, True])
def test_the_terms_carry_their_weights(directions: bool) -> None:
    net, batch = network(), views(labelled=False)
    terms = BarlowTwins(DIMS, redundancy=0.3, directions=directions, scale=2.0)(batch, net)
    same = network()
    z1, z2 = (same.project(same.encode(x).h) for x in (batch.x1, batch.x2))
    if directions:
        z1, z2 = (DIMS.projection**0.5 * F.normalize(z, dim=1) for z in (z1, z2))
    invariance, redundancy = references.barlow_twins(z1, z2)
    torch.testing.assert_close(terms["invariance"], 2 * invariance, rtol=1e-9, atol=0)
    torch.testing.assert_close(terms["redundancy"], 2 * 0.3 * redundancy, rtol=1e-9, atol=0)


def test_batches_that_do_not_fit_are_refused() -> None:
    message = "z1 and z2 must both be (N, D) with N >= 2; got (1, 3) and (1, 3)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        cross_correlation(torch.zeros(1, 3), torch.zeros(1, 3))


def test_a_negative_weight_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^barlow_twins: redundancy must be >= 0 and finite, got -1$"):
        BarlowTwins(DIMS, redundancy=-1)
