from typing import Any

import pytest
import references
import torch
from agreement import Side, assert_agree, assert_terms_agree, normal
from torch import Tensor

from objectives.contract import Features, Objective, Views
from objectives.infocl import InfoCL, information_bound
from objectives.registry import OBJECTIVES, load_objectives
from objectives.tiny_network import DIMS, gradients, network, views

load_objectives()
BASES = ("barlow_twins", "byol", "infonce", "supervised")


def build(**options: Any) -> InfoCL:
    torch.manual_seed(4)
    return InfoCL(DIMS, **options).double()


def test_the_bound_agrees_with_a_loop_in_float64() -> None:
    noisy, mean = normal((5, 3), (5, 3))
    assert_agree(information_bound(noisy, mean, rho=0.3), references.lbe(noisy, mean, rho=0.3), (noisy, mean))


def test_equal_features_give_minus_the_log_of_their_number() -> None:
    ones = torch.ones(6, 4, dtype=torch.float64)
    assert information_bound(ones, ones, rho=0.05).item() == pytest.approx(-float(torch.tensor(6.0).double().log()))


def test_the_bound_of_a_fixed_batch_is_pinned() -> None:
    noisy, mean = (torch.tensor(rows, dtype=torch.float64) for rows in ([[0.0], [2.0]], [[0.0], [1.0]]))
    # The squared distances of 0 are 0 and 1, those of 2 are 4 and 1: -(ln(1 + exp(-0.5)) + ln(exp(-2) + exp(-0.5)))/2.
    assert information_bound(noisy, mean, rho=0.5).item() == pytest.approx(-0.0877451310814, rel=1e-9)


def written_out(side: Side, *, regularizer: str) -> dict[str, Tensor]:
    """InfoCL (arXiv 2203.07004), eq. 10-16, with weight 3, sigma 0.2, rho 0.3 and the stages of the test below."""
    pixels, features = (side.batch.x1, side.batch.x2), []
    for x in pixels:
        features.append(side.net.encode(x).stages)
    seen = features
    if regularizer in ("lbe", "mib", "noise"):
        seen = []
        for stages in features:
            first, second, third, fourth = (
                mu + 0.2 * torch.randn(mu.shape, generator=side.net.generator).double() for mu in stages
            )
            seen.append((first, second, third, fourth))
    z1, z2 = (side.net.project(stages[-1]) for stages in seen)
    terms = {"contrast": references.nt_xent(z1, z2, temperature=0.5)}
    total = torch.zeros((), dtype=torch.float64)
    if regularizer == "rc":
        assert isinstance(side.objective, InfoCL)
        assert side.objective.decoder is not None
        for stages, x in zip(features, pixels, strict=True):
            total = total + references.mean_squared_error(side.objective.decoder(stages[-1]), x)
    elif regularizer == "lbe":
        for stage, share in enumerate((0.1, 0.25, 0.5, 1.0)):
            noisy, mean = (torch.cat([view[stage] for view in both]) for both in (seen, features))
            total = total - share * references.lbe(noisy, mean, rho=0.3)
    elif regularizer in ("ip", "mib"):
        total = references.mean_squared_error(features[0][-1], features[1][-1])
    return terms if regularizer == "noise" else {**terms, regularizer: 3 * total}


@pytest.mark.parametrize("regularizer", ["rc", "lbe", "ip", "mib", "noise"])
def test_the_whole_loss_agrees_with_the_one_written_out_in_value_and_gradient(regularizer: str) -> None:
    objective = build(regularizer=regularizer, weight=3.0, sigma=0.2, rho=0.3, stages=(0.1, 0.25, 0.5, 1.0))
    assert_terms_agree(objective, lambda side: written_out(side, regularizer=regularizer))


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
