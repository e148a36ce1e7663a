from typing import Any

import pytest
import references
import torch
from agreement import Side, assert_agree, assert_terms_agree, normal
from torch import Tensor

from objectives.contract import Objective, Views
from objectives.infocl import InfoCL
from objectives.infonce import InfoNCE
from objectives.superinfo import SuperInfo, rate, symmetrised_kl
from objectives.tiny_network import DIMS, gradients, network, views


def build(**options: Any) -> SuperInfo:
    torch.manual_seed(4)
    return SuperInfo(DIMS, **options).double()


def test_the_rate_agrees_with_a_loop_in_float64() -> None:
    (mean,) = normal((4, 3))
    assert_agree(rate(mean, sigma=0.3), references.rate(mean, sigma=0.3), (mean,))


def test_the_symmetrised_divergence_agrees_with_a_loop_in_float64() -> None:
    means = normal((4, 3), (4, 3))
    assert_agree(symmetrised_kl(*means, sigma=0.3), references.symmetrised_kl(*means, sigma=0.3), means)


def test_the_divergences_of_a_fixed_batch_are_pinned() -> None:
    mean1, mean2 = torch.tensor([[1.0, 2.0], [0.0, -1.0]]).double(), torch.tensor([[0.0, 0.0], [3.0, -1.0]]).double()
    # |mu|^2 is 5 and 1, 3 on average: (3 + 2 (0.25 - 1 - 2 ln 0.5)) / 2 = 0.75 + 2 ln 2.
    assert rate(mean1, sigma=0.5).item() == pytest.approx(2.136294361, rel=1e-9)
    # |mu1 - mu2|^2 is 5 and 9, 7 on average: 7 / (2 * 0.25).
    assert symmetrised_kl(mean1, mean2, sigma=0.5).item() == pytest.approx(14, rel=1e-9)


def test_the_rate_agrees_with_torch_distributions() -> None:
    (mean,) = normal((4, 3))
    wanted = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, 0.7), torch.distributions.Normal(torch.zeros_like(mean), 1.0)
    )
    torch.testing.assert_close(rate(mean, sigma=0.7), wanted.sum(1).mean(), rtol=1e-6, atol=0)


def written_out(side: Side, *, bound: str) -> dict[str, Tensor]:
    """The loss with weights 0.3 and 2 and sigma 0.2."""
    assert isinstance(side.objective, SuperInfo)
    net, batch, decoder = side.net, side.batch, side.objective.decoder
    mu1, mu2 = (net.encode(x).h for x in (batch.x1, batch.x2))
    h1, h2 = (mu + 0.2 * torch.randn(mu.shape, generator=net.generator).double() for mu in (mu1, mu2))
    if bound == "rate":
        superfluous = references.rate(mu1, sigma=0.2) + references.rate(mu2, sigma=0.2)
    else:
        superfluous = references.symmetrised_kl(mu1, mu2, sigma=0.2)
    first = references.mean_squared_error(decoder(h1), batch.x2)
    second = references.mean_squared_error(decoder(h2), batch.x1)
    return {
        "contrast": references.nt_xent(net.project(h1), net.project(h2), temperature=0.5),
        "superfluous": 0.3 * superfluous,
        "predictive": 2 * (first + second),
    }


@pytest.mark.parametrize("bound", ["rate", "mib"])
def test_the_whole_loss_agrees_with_the_one_written_out_in_value_and_gradient(bound: str) -> None:
    objective = build(bound=bound, superfluous_weight=0.3, predictive_weight=2.0, sigma=0.2)
    assert_terms_agree(objective, lambda side: written_out(side, bound=bound))


def step(objective: Objective) -> tuple[Tensor, list[Tensor]]:
    net = network().float()
    net.generator.manual_seed(6)
    batch = views(labelled=False)
    total = torch.stack(list(objective.float()(Views(batch.x1.float(), batch.x2.float(), None), net).values())).sum()
    total.backward()
    return total, gradients(net)


def test_without_weights_and_noise_it_is_its_base_bit_for_bit() -> None:
    value, found = step(build(superfluous_weight=0.0, predictive_weight=0.0, sigma=0.0))
    plain, wanted = step(InfoNCE(DIMS))
    assert torch.equal(value, plain)
    assert all(map(torch.equal, found, wanted))


def test_the_mib_bound_alone_is_infocls_control_in_another_unit() -> None:
    """|mu1 - mu2|^2 / (2 sigma^2) against the mean over F features: a factor of F / (2 sigma^2) between the weights."""
    sigma, weight = 0.1, 5e-4
    value = build(
        bound="mib", superfluous_weight=weight * 2 * sigma**2 / DIMS.features, predictive_weight=0.0, sigma=sigma
    )
    net, batch = network(), views(labelled=False)
    terms, control = value(batch, net), InfoCL(DIMS, regularizer="mib", weight=weight).double()(batch, network())
    torch.testing.assert_close(terms["superfluous"], control["mib"], rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bound": "club"}, "superinfo: bound must be one of rate, mib, got 'club'"),
        ({"superfluous_weight": -1.0}, "superinfo: superfluous_weight must be >= 0 and finite, got -1.0"),
        ({"predictive_weight": -1.0}, "superinfo: predictive_weight must be >= 0 and finite, got -1.0"),
        ({"sigma": 0.0}, "superinfo: sigma must be > 0, or 0 with superfluous_weight = 0, got 0.0"),
        ({"sigma": -1.0}, "superinfo: sigma must be > 0, or 0 with superfluous_weight = 0, got -1.0"),
    ],
)
def test_bad_hyper_parameters_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        build(**options)
