from typing import Any

import pytest
import references
import torch
from agreement import assert_agree, normal
from torch import Tensor

from objectives.contract import Features, Objective, Views
from objectives.infocl import InfoCL, information_bound
from objectives.infonce import info_nce
from objectives.registry import OBJECTIVES, load_objectives
from objectives.tiny_network import COUNT, DIMS, gradients, network, views

load_objectives()
BASES = ("barlow_twins", "byol", "infonce", "supervised")


def build(**options: Any) -> InfoCL:
    torch.manual_seed(4)
    return InfoCL(DIMS, **options).double()


def features(*, noise: int | None = None, sigma: float = 0.1) -> tuple[list[Tensor], list[Tensor], Views]:
    """Pooled stages of the tiny network for both views, noisy as the objective draws it if `noise` seeds it."""
    net, batch = network(), views(labelled=False)
    stages = [list(net.encode(x).stages) for x in (batch.x1, batch.x2)]
    stream = torch.Generator().manual_seed(noise or 0)
    for view in stages:
        for index, mean in enumerate(view):
            eps = torch.randn(mean.shape, generator=stream).double()
            view[index] = mean + sigma * eps if noise is not None else mean
    return stages[0], stages[1], batch


def test_the_bound_agrees_with_a_loop_in_float64() -> None:
    noisy, mean = normal((5, 3), (5, 3))
    assert_agree(information_bound(noisy, mean, rho=0.3), references.lbe(noisy, mean, rho=0.3), (noisy, mean))


def test_equal_features_give_minus_the_log_of_their_number() -> None:
    ones = torch.ones(6, 4, dtype=torch.float64)
    assert information_bound(ones, ones, rho=0.05).item() == pytest.approx(-float(torch.tensor(6.0).double().log()))


def test_rc_reconstructs_both_views_with_one_decoder() -> None:
    net, batch, objective = network(), views(labelled=False), build(weight=3.0)
    terms = objective(batch, net)
    first, second, _ = features()
    assert objective.decoder is not None
    errors = [
        references.mean_squared_error(objective.decoder(h).detach(), x)
        for h, x in ((first[-1], batch.x1), (second[-1], batch.x2))
    ]
    torch.testing.assert_close(terms["rc"], 3 * (errors[0] + errors[1]), rtol=1e-9, atol=0)


def test_lbe_bounds_every_weighted_stage_and_contrasts_noisy_features() -> None:
    net, batch = network(), views(labelled=False)
    net.generator.manual_seed(11)
    terms = build(regularizer="lbe", weight=0.7, sigma=0.2, rho=0.3, stages=(0.0, 0.25, 0.5, 1.0))(batch, net)
    clean1, clean2, _ = features()
    noisy1, noisy2, _ = features(noise=11, sigma=0.2)
    bound = sum(
        share
        * references.lbe(torch.cat((noisy1[stage], noisy2[stage])), torch.cat((clean1[stage], clean2[stage])), rho=0.3)
        for stage, share in ((1, 0.25), (2, 0.5), (3, 1.0))
    )
    torch.testing.assert_close(terms["lbe"], -0.7 * torch.as_tensor(bound), rtol=1e-9, atol=0)
    same = network()
    z1, z2 = same.project(noisy1[-1]), same.project(noisy2[-1])
    torch.testing.assert_close(terms["contrast"], references.nt_xent(z1, z2, temperature=0.5), rtol=1e-9, atol=0)


@pytest.mark.parametrize("regularizer", ["ip", "mib"])
def test_ip_and_mib_pull_the_clean_features_together(regularizer: str) -> None:
    net, batch = network(), views(labelled=False)
    net.generator.manual_seed(2)
    terms = build(regularizer=regularizer, weight=0.5)(batch, net)
    first, second, _ = features()
    wanted = 0.5 * references.mean_squared_error(first[-1], second[-1])
    torch.testing.assert_close(terms[regularizer], wanted, rtol=1e-9, atol=0)
    same = network()
    clean = info_nce(same.project(first[-1]), same.project(second[-1]), temperature=0.5)
    assert torch.allclose(terms["contrast"], clean, rtol=1e-9) == (regularizer == "ip")


def test_the_noise_control_has_the_terms_of_its_base_alone() -> None:
    assert set(build(regularizer="noise")(views(labelled=False), network())) == {"contrast"}


def step(objective: Objective) -> tuple[Tensor, list[Tensor]]:
    """The sum of the terms in single precision, and the gradient of the network."""
    net = network().float()
    net.generator.manual_seed(6)
    batch = views(labelled=True)
    halved = Views(batch.x1.float(), batch.x2.float(), batch.labels)
    total = torch.stack(list(objective.float()(halved, net).values())).sum()
    total.backward()
    return total, gradients(net)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("regularizer", ["rc", "lbe", "ip", "mib", "noise"])
def test_without_weight_and_noise_it_is_its_base_bit_for_bit(base: str, regularizer: str) -> None:
    value, found = step(build(base=base, regularizer=regularizer, weight=0.0, sigma=0.0))
    torch.manual_seed(4)
    plain, wanted = step(OBJECTIVES.get(base)(DIMS))
    assert torch.equal(value, plain)
    assert all(map(torch.equal, found, wanted))


def test_the_base_takes_its_arguments() -> None:
    base = {"type": "infonce", "temperature": 0.2}
    value, _ = step(build(base=base, weight=0.0))
    plain, _ = step(OBJECTIVES.get("infonce")(DIMS, temperature=0.2))
    assert torch.equal(value, plain)


def test_what_the_base_needs_is_asked_for() -> None:
    assert build(base="byol").needs_target
    assert build(base="supervised").needs_labels
    assert build(base="byol").target_momentum(0.0) == pytest.approx(0.996)
    assert not build().needs_target
    assert not build().needs_labels


def test_the_noise_has_the_deviation_asked_for_and_differs_between_the_stages() -> None:
    objective = build(regularizer="noise", sigma=0.3)
    zeros = Features(stages=tuple(torch.zeros(4000, 7) for _ in range(4)), h=torch.zeros(4000, 7))  # type: ignore[arg-type]
    drawn = objective._sample(zeros, torch.Generator().manual_seed(0))
    assert drawn.h is drawn.stages[-1]
    assert drawn.h.std().item() == pytest.approx(0.3, rel=0.02)
    assert not torch.equal(drawn.stages[0], drawn.stages[1])
    assert COUNT > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base": "infonc"}, "infocl: base must be one of barlow_twins, byol, infonce, supervised, got 'infonc'"),
        ({"base": "random"}, "infocl: base must be one of barlow_twins, byol, infonce, supervised, got 'random'"),
        ({"regularizer": "ae"}, "infocl: regularizer must be one of rc, lbe, ip, mib, noise, got 'ae'"),
        ({"weight": -0.5}, "infocl: weight must be >= 0 and finite, got -0.5"),
        ({"sigma": -0.1}, "infocl: sigma must be >= 0 and finite, got -0.1"),
        ({"rho": 0.0}, "infocl: rho must be > 0 and finite, got 0.0"),
        ({"stages": (1.0, 1.0)}, r"infocl: stages must be four weights >= 0, not all 0, got \(1.0, 1.0\)"),
    ],
)
def test_bad_hyper_parameters_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        build(**options)
