import math
from dataclasses import replace
from typing import Any, cast

import pytest
import references
import torch
import torch.nn.functional as F
from agreement import assert_agree, normal
from torch import Tensor

from objectives.infomin import InfoMin, JigsawHead
from objectives.infonce import InfoNCE
from objectives.tiny_network import COUNT, DIMS, TinyNetwork, network, views


def build(*, queue: int = 8, beta: float = 0.5) -> InfoMin:
    torch.manual_seed(2)
    objective = InfoMin(DIMS, base={"type": "infonce", "temperature": 0.15, "queue": queue}, beta=beta).double()
    contrast(objective).queue = F.normalize(contrast(objective).queue, dim=1)
    return objective


def contrast(objective: InfoMin) -> InfoNCE:
    assert isinstance(objective.base, InfoNCE)
    return objective.base


def terms(objective: InfoMin | InfoNCE, net: TinyNetwork) -> dict[str, Tensor]:
    net.generator.manual_seed(3)
    return cast(dict[str, Tensor], objective(views(labelled=False), net))


def test_the_head_agrees_with_a_loop_in_value_and_gradient() -> None:
    head = JigsawHead(4, 2).double()
    (h,) = normal((3, 9, 4))
    order = torch.stack([torch.randperm(9, generator=torch.Generator().manual_seed(row)) for row in range(3)])
    wanted = references.jigsaw(h, order.tolist(), dict(head.named_parameters()))
    weight = torch.randn(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    assert_agree((head(h, order) * weight).sum(), (wanted * weight).sum(), (h, *head.parameters()))


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
def test_both_terms_agree_with_a_loop_over_the_same_keys_and_the_same_queue(beta: float) -> None:
    net, objective, batch = network().eval(), build(beta=beta).eval(), views(labelled=False)
    assert batch.patches is not None
    net.target.eval()
    found = terms(objective, net)
    key, queue = net.target.project(net.target.encode(batch.x2).h), contrast(objective).queue
    wanted = {
        "contrast": (1 - beta) * references.moco(net.project(net.encode(batch.x1).h), key, queue, temperature=0.15)
    }
    if beta > 0:
        order = torch.rand(COUNT, 9, generator=torch.Generator().manual_seed(3)).argsort(1)
        h = torch.stack([net.encode(batch.patches[:, place]).h for place in range(9)], dim=1)
        query = references.jigsaw(h, order.tolist(), dict(objective.head.named_parameters()))
        wanted["jigsaw"] = beta * references.moco(query, key, queue, temperature=0.15)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-12)


def test_without_a_queue_the_puzzle_is_contrasted_with_the_second_views_of_the_batch() -> None:
    net, objective, batch = network().eval(), build(queue=0).eval(), views(labelled=False)
    assert batch.patches is not None
    found = terms(objective, net)
    z1, z2 = (net.project(net.encode(x).h) for x in (batch.x1, batch.x2))
    order = torch.rand(COUNT, 9, generator=torch.Generator().manual_seed(3)).argsort(1)
    h = torch.stack([net.encode(batch.patches[:, place]).h for place in range(9)], dim=1)
    query = references.jigsaw(h, order.tolist(), dict(objective.head.named_parameters()))
    weights = (*net.backbone.parameters(), *net.projector.parameters(), *objective.head.parameters())
    wanted = (references.nt_xent(z1, z2, temperature=0.15) + references.nt_xent(query, z2, temperature=0.15)) / 2
    assert_agree(found["contrast"] + found["jigsaw"], wanted, weights)


@pytest.mark.parametrize("queue", [0, 8])
def test_without_the_puzzle_it_is_infonce_bit_for_bit(queue: int) -> None:
    torch.manual_seed(2)
    plain = InfoNCE(DIMS, temperature=0.15, queue=queue).double()
    torch.manual_seed(2)
    objective = InfoMin(DIMS, base={"type": "infonce", "temperature": 0.15, "queue": queue}, beta=0.0).double()
    for step in range(2):
        batch = replace(views(labelled=False, seed=step), patches=None)
        nets = network(), network()
        found, wanted = objective(batch, nets[0]), plain(batch, nets[1])
        assert list(found) == ["contrast"]
        assert torch.equal(found["contrast"], wanted["contrast"])
        assert all(map(torch.equal, nets[0].state_dict().values(), nets[1].state_dict().values()))
    assert torch.equal(contrast(objective).queue, plain.queue)
    assert not objective.needs_patches


def test_equal_projections_give_the_log_of_the_length_of_the_queue_and_one() -> None:
    net, objective = network().eval(), build(queue=6, beta=0.25)
    with torch.no_grad():
        for linear in (net.projector, net.target.projector, objective.head.join):
            linear.weight.zero_()
            linear.bias.fill_(1.0)
        contrast(objective).queue.fill_(DIMS.projection**-0.5)
    found = terms(objective, net)
    assert found["contrast"].item() == pytest.approx(0.75 * math.log(7), rel=1e-9)
    assert found["jigsaw"].item() == pytest.approx(0.25 * math.log(7), rel=1e-9)


def test_gradients_reach_the_first_view_the_patches_the_backbone_and_the_head() -> None:
    net, objective, batch = network(), build(), views(labelled=False)
    assert batch.patches is not None
    batch = replace(batch, x1=batch.x1.requires_grad_(), patches=batch.patches.requires_grad_())
    torch.stack(list(objective(batch, net).values())).sum().backward()
    reached = (batch.x1, batch.patches, *net.backbone.parameters(), *objective.parameters())
    assert all(value is not None and value.grad is not None and value.grad.abs().sum() > 0 for value in reached)


def test_keys_enter_the_queue_once() -> None:
    objective = build(queue=3 * COUNT)
    terms(objective, network())
    assert int(contrast(objective).oldest) == COUNT


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": 1.5}, r"infomin: beta must be in \[0, 1\], got 1.5"),
        ({"beta": float("nan")}, r"infomin: beta must be in \[0, 1\], got nan"),
        ({"base": "byol"}, "infomin: base must be one of infonce, got 'byol'"),
        ({"base": {"type": "infonce", "queue": -1}}, "infonce: queue must be >= 0, got -1"),
    ],
)
def test_bad_hyper_parameters_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        InfoMin(DIMS, **options)
