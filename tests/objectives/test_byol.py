import math

import pytest
import references
import torch
from agreement import Side, assert_agree, assert_terms_agree, normal
from torch import Tensor

from objectives.byol import BYOL, prediction_error
from objectives.tiny_network import DIMS


def test_value_and_gradient_agree_with_a_loop_in_float64() -> None:
    prediction, target = normal((4, 5), (4, 5))
    assert_agree(prediction_error(prediction, target), references.byol(prediction, target.detach()), (prediction,))


def test_no_gradient_flows_into_the_target() -> None:
    prediction, target = normal((4, 5), (4, 5))
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(prediction_error(prediction, target), target)


def test_equal_and_opposite_directions_have_closed_forms() -> None:
    (z,) = normal((4, 5))
    assert prediction_error(z, 3 * z).item() == pytest.approx(0, abs=1e-12)
    assert prediction_error(z, -0.1 * z).item() == pytest.approx(4, rel=1e-12)


def test_the_value_of_a_fixed_batch_is_pinned() -> None:
    prediction, target = torch.tensor([[3.0, 4.0], [1.0, 0.0]]), torch.tensor([[4.0, 3.0], [0.0, 2.0]])
    # The cosines are 24/25 and 0: 2 - 2 (24/25 + 0)/2.
    assert prediction_error(prediction, target).item() == pytest.approx(1.04, rel=1e-6)


def written_out(side: Side) -> dict[str, Tensor]:
    """BYOL (arXiv 2006.07733), eq. 2 in both directions; the target is a constant."""
    assert isinstance(side.objective, BYOL)
    net, batch = side.net, side.batch
    p1, p2 = (side.objective.predictor(net.project(net.encode(x).h)) for x in (batch.x1, batch.x2))
    t1, t2 = (net.target.project(net.target.encode(x).h).detach() for x in (batch.x1, batch.x2))
    return {"predict": references.byol(p1, t2) + references.byol(p2, t1)}


def test_each_view_predicts_the_target_of_the_other_in_value_and_gradient() -> None:
    torch.manual_seed(0)
    assert_terms_agree(BYOL(DIMS, hidden=7).double(), written_out)


def test_the_momentum_rises_from_its_start_to_one() -> None:
    objective = BYOL(DIMS, momentum=0.9)
    assert objective.target_momentum(0.0) == pytest.approx(0.9)
    assert objective.target_momentum(0.25) == pytest.approx(1 - 0.1 * (math.cos(math.pi / 4) + 1) / 2)
    assert objective.target_momentum(1.0) == pytest.approx(1.0)


def test_bad_hyper_parameters_are_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^byol: momentum must be in \[0, 1\], got -0.1$"):
        BYOL(DIMS, momentum=-0.1)
    with pytest.raises(ValueError, match=r"^byol: hidden must be >= 0, got -3$"):
        BYOL(DIMS, hidden=-3)
