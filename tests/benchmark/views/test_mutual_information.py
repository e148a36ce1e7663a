"""The critic's bounds against loops, and at their ends."""

import math

import pytest
import torch
from torch import Tensor

from benchmark.views.mutual_information import dv_bound, infonce_bound


def outputs(count: int = 6, seed: int = 0) -> tuple[Tensor, Tensor]:
    stream = torch.Generator().manual_seed(seed)
    z1, z2 = (torch.randn(count, 4, dtype=torch.float64, generator=stream) for _ in range(2))
    return z1, z2


def test_infonce_is_the_log_of_the_batch_less_the_mean_loss_of_both_directions() -> None:
    z1, z2 = outputs()

    def cosine(a: Tensor, b: Tensor) -> float:
        return float((a * b).sum() / (a.norm() * b.norm()))

    losses = []
    for i in range(6):
        own = math.exp(cosine(z1[i], z2[i]) / 0.3)
        losses.append(-math.log(own / sum(math.exp(cosine(z1[i], z2[j]) / 0.3) for j in range(6))))
        losses.append(-math.log(own / sum(math.exp(cosine(z1[j], z2[i]) / 0.3) for j in range(6))))
    expected = math.log(6) - sum(losses) / 12
    assert infonce_bound(z1, z2, temperature=0.3).item() == pytest.approx(expected, abs=1e-9)


def test_dv_is_the_mean_score_of_pairs_less_the_log_mean_exp_of_all_others() -> None:
    z1, z2 = outputs()
    own = [float(z1[i] @ z2[i]) for i in range(6)]
    others = [math.exp(float(z1[i] @ z2[j])) for i in range(6) for j in range(6) if i != j]
    expected = sum(own) / 6 - math.log(sum(others) / 30)
    assert dv_bound(z1, z2).item() == pytest.approx(expected, abs=1e-9)


def test_infonce_lies_between_nothing_and_the_log_of_the_batch() -> None:
    same = torch.eye(8, dtype=torch.float64)
    assert infonce_bound(same, same, temperature=0.01).item() == pytest.approx(math.log(8), abs=1e-9)
    flat = torch.ones(8, 3, dtype=torch.float64)
    assert infonce_bound(flat, flat, temperature=0.07).item() == pytest.approx(0, abs=1e-9)


def test_dv_stays_finite_where_exp_does_not() -> None:
    z1, z2 = outputs()
    assert torch.isfinite(dv_bound(100 * z1, 100 * z2))
