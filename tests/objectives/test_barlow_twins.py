import re

import pytest
import references
import torch
from agreement import Side, assert_agree, assert_terms_agree, normal
from torch import Tensor

from objectives.barlow_twins import BarlowTwins, barlow_twins, cross_correlation
from objectives.tiny_network import DIMS


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


def test_the_values_of_a_fixed_batch_are_pinned() -> None:
    z1 = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], dtype=torch.float64)
    z2 = torch.tensor([[2.0, 1.0], [0.0, -3.0], [0.0, 1.0], [-2.0, 1.0]], dtype=torch.float64)
    invariance, redundancy = barlow_twins(cross_correlation(z1, z2))
    # All means are 0, the variances 1 and 1, 2 and 3, the covariances ((1, -1), (1, 1)). With e = 1e-5:
    # C = ((1/sqrt((1 + e)(2 + e)), -1/sqrt((1 + e)(3 + e))), (1/sqrt((1 + e)(2 + e)), 1/sqrt((1 + e)(3 + e)))).
    # (1 - C_11)^2 + (1 - C_22)^2, and C_12^2 + C_21^2 = 1/((1 + e)(3 + e)) + 1/((1 + e)(2 + e)).
    assert invariance.item() == pytest.approx(0.264425592736, rel=1e-9)
    assert redundancy.item() == pytest.approx(0.833321389025, rel=1e-9)


def written_out(side: Side, *, directions: bool) -> dict[str, Tensor]:
    """Barlow Twins (arXiv 2103.03230), eq. 1, with lambda 0.3 and the whole twice."""
    z1, z2 = (side.net.project(side.net.encode(x).h) for x in (side.batch.x1, side.batch.x2))
    if directions:
        z1, z2 = (torch.stack([DIMS.projection**0.5 * references.direction(row) for row in z]) for z in (z1, z2))
    invariance, redundancy = references.barlow_twins(z1, z2)
    return {"invariance": 2 * invariance, "redundancy": 2 * 0.3 * redundancy}


@pytest.mark.parametrize("directions", [False, True])
def test_the_weighted_terms_agree_with_a_loop_in_value_and_gradient(directions: bool) -> None:
    objective = BarlowTwins(DIMS, redundancy=0.3, directions=directions, scale=2.0)
    assert_terms_agree(objective, lambda side: written_out(side, directions=directions))


def test_batches_that_do_not_fit_are_refused() -> None:
    message = "z1 and z2 must both be (N, D) with N >= 2; got (1, 3) and (1, 3)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        cross_correlation(torch.zeros(1, 3), torch.zeros(1, 3))


def test_a_negative_weight_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^barlow_twins: redundancy must be >= 0 and finite, got -1$"):
        BarlowTwins(DIMS, redundancy=-1)
