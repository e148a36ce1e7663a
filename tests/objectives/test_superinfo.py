from typing import Any

import pytest
import references
import torch
from agreement import normal
from torch import Tensor

from objectives.contract import Objective, Views
from objectives.infocl import InfoCL
from objectives.infonce import InfoNCE
from objectives.superinfo import SuperInfo, rate, symmetrised_kl
from objectives.tiny_network import DIMS, gradients, network, views


def build(**options: Any) -> SuperInfo:
    torch.manual_seed(4)
    return SuperInfo(DIMS, **options).double()


def test_the_rate_is_the_divergence_from_the_standard_normal() -> None:
    (mean,) = normal((4, 3))
    per_image = [sum(references.gaussian_kl(mu, 0.3, 0.0, 1.0) for mu in row) for row in mean.tolist()]
    value = rate(mean, sigma=0.3)
    assert value.item() == pytest.approx(sum(per_image) / 4, rel=1e-9)
    torch.testing.assert_close(torch.autograd.grad(value, mean)[0], mean.detach() / 4, rtol=1e-9, atol=0)


def test_the_rate_agrees_with_torch_distributions() -> None:
    (mean,) = normal((4, 3))
    wanted = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, 0.7), torch.distributions.Normal(torch.zeros_like(mean), 1.0)
    )
    torch.testing.assert_close(rate(mean, sigma=0.7), wanted.sum(1).mean(), rtol=1e-6, atol=0)


def test_the_symmetrised_divergence_is_the_mean_of_both_directions() -> None:
    mean1, mean2 = normal((4, 3), (4, 3))
    wanted = 0.0
    for a, b in zip(mean1.flatten().tolist(), mean2.flatten().tolist(), strict=True):
        wanted += (references.gaussian_kl(a, 0.3, b, 0.3) + references.gaussian_kl(b, 0.3, a, 0.3)) / 2
    value = symmetrised_kl(mean1, mean2, sigma=0.3)
    assert value.item() == pytest.approx(wanted / 4, rel=1e-9)
    (found,) = torch.autograd.grad(value, mean1)
    torch.testing.assert_close(found, (mean1 - mean2).detach() / (4 * 0.3**2), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bound", ["rate", "mib"])
def test_the_loss_is_the_one_written_out(bound: str) -> None:
    objective, net, batch = (
        build(bound=bound, superfluous=0.3, predictive=2.0, sigma=0.2),
        network(),
        views(labelled=False),
    )
    net.generator.manual_seed(5)
    terms = objective(batch, net)

    same, noise = network(), torch.Generator().manual_seed(5)
    mu1, mu2 = (same.encode(x).h for x in (batch.x1, batch.x2))
    h1, h2 = (mu + 0.2 * torch.randn(mu.shape, generator=noise).double() for mu in (mu1, mu2))
    contrast = references.nt_xent(same.project(h1), same.project(h2), temperature=0.5)
    torch.testing.assert_close(terms["contrast"], contrast, rtol=1e-9, atol=0)
    crossed = [
        references.mean_squared_error(objective.decoder(h).detach(), x) for h, x in ((h1, batch.x2), (h2, batch.x1))
    ]
    torch.testing.assert_close(terms["predictive"], 2 * (crossed[0] + crossed[1]), rtol=1e-9, atol=0)
    superfluous = 0.0
    for a, b in zip(mu1.flatten().tolist(), mu2.flatten().tolist(), strict=True):
        if bound == "rate":
            superfluous += references.gaussian_kl(a, 0.2, 0, 1) + references.gaussian_kl(b, 0.2, 0, 1)
        else:
            superfluous += (references.gaussian_kl(a, 0.2, b, 0.2) + references.gaussian_kl(b, 0.2, a, 0.2)) / 2
    assert terms["superfluous"].item() == pytest.approx(0.3 * superfluous / len(mu1), rel=1e-9)


def step(objective: Objective) -> tuple[Tensor, list[Tensor]]:
    net = network().float()
    net.generator.manual_seed(6)
    batch = views(labelled=False)
    total = torch.stack(list(objective.float()(Views(batch.x1.float(), batch.x2.float(), None), net).values())).sum()
    total.backward()
    return total, gradients(net)


def test_without_weights_and_noise_it_is_its_base_bit_for_bit() -> None:
    value, found = step(build(superfluous=0.0, predictive=0.0, sigma=0.0))
    plain, wanted = step(InfoNCE(DIMS))
    assert torch.equal(value, plain)
    assert all(map(torch.equal, found, wanted))


def test_the_mib_bound_alone_is_infocls_control_in_another_unit() -> None:
    """|mu1 - mu2|^2 / (2 sigma^2) against the mean over F features: a factor of F / (2 sigma^2) between the weights."""
    sigma, weight = 0.1, 5e-4
    value = build(bound="mib", superfluous=weight * 2 * sigma**2 / DIMS.features, predictive=0.0, sigma=sigma)
    net, batch = network(), views(labelled=False)
    terms, control = value(batch, net), InfoCL(DIMS, regularizer="mib", weight=weight).double()(batch, network())
    torch.testing.assert_close(terms["superfluous"], control["mib"], rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bound": "club"}, "superinfo: bound must be one of rate, mib, got 'club'"),
        ({"superfluous": -1.0}, "superinfo: superfluous must be >= 0 and finite, got -1.0"),
        ({"predictive": -1.0}, "superinfo: predictive must be >= 0 and finite, got -1.0"),
        ({"sigma": 0.0}, "superinfo: sigma must be > 0, or 0 with superfluous = 0, got 0.0"),
        ({"sigma": -1.0}, "superinfo: sigma must be > 0, or 0 with superfluous = 0, got -1.0"),
    ],
)
def test_bad_hyper_parameters_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        build(**options)
