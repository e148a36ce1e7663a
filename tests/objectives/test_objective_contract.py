"""What the harness relies on, checked for every registered objective."""

import inspect
from dataclasses import replace

import pytest
import torch
from tiny_network import DIMS, gradients, network, views
from torch import Tensor

from objectives.contract import BaseLoss, Objective
from objectives.registry import OBJECTIVES, load_objectives

load_objectives()
NAMES = sorted(name for name, kind in OBJECTIVES.module_dict.items() if kind.__module__.startswith("objectives."))
DRAWING = {"mrcl", "superinfo"}  # their masks and their noise differ between the views
TRAINING = [name for name in NAMES if OBJECTIVES.get(name).trains]


def build(name: str) -> Objective:
    torch.manual_seed(2)
    objective = OBJECTIVES.get(name)(DIMS).double()
    assert isinstance(objective, Objective)
    return objective


def compute(name: str, *, noise: int = 3, labelled: bool | None = None) -> tuple[dict[str, Tensor], list[Tensor]]:
    """Terms, and gradients of the backbone."""
    objective, net = build(name), network()
    net.generator.manual_seed(noise)
    needed = objective.needs_labels if labelled is None else labelled
    terms = objective(views(labelled=needed), net)
    torch.stack(list(terms.values())).sum().backward()
    return terms, gradients(net.backbone)


def test_the_objectives_of_the_project_are_registered() -> None:
    papers = {"barlow_twins", "byol", "infocl", "infonce", "mrcl", "superinfo"}
    assert papers | {"random", "supervised"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_objective_is_registered_under_the_name_of_its_file(name: str) -> None:
    assert OBJECTIVES.get(name).__module__ == f"objectives.{name}"


@pytest.mark.parametrize("name", NAMES)
def test_an_objective_is_a_direct_subclass_with_keyword_only_defaults(name: str) -> None:
    kind = OBJECTIVES.get(name)
    assert kind.__bases__ in ((Objective,), (BaseLoss,))
    dims, *options = inspect.signature(kind).parameters.values()
    assert dims.name == "dims"
    assert all(option.kind is option.KEYWORD_ONLY and option.default is not option.empty for option in options)
    assert len(options) <= 8


@pytest.mark.parametrize("name", TRAINING)
def test_terms_are_named_finite_scalars(name: str) -> None:
    terms, _ = compute(name)
    assert terms
    assert all(isinstance(key, str) and term.shape == () and term.isfinite() for key, term in terms.items())


@pytest.mark.parametrize("name", TRAINING)
def test_gradients_reach_every_layer_of_the_backbone(name: str) -> None:
    _, reached = compute(name)
    assert all(gradient.isfinite().all() for gradient in reached)
    assert all(gradient.abs().sum() > 0 for gradient in reached)


@pytest.mark.parametrize("name", TRAINING)
def test_gradients_reach_every_layer_of_the_objective(name: str) -> None:
    objective, net = build(name), network()
    terms = objective(views(labelled=objective.needs_labels), net)
    torch.stack(list(terms.values())).sum().backward()
    assert all(parameter.grad is not None for parameter in objective.parameters())


@pytest.mark.parametrize("name", TRAINING)
def test_an_objective_minimises_what_it_returns(name: str) -> None:
    objective, net = build(name), network()
    batch = views(labelled=objective.needs_labels)
    optimiser = torch.optim.Adam([*net.parameters(), *objective.parameters()], lr=1e-2)
    losses = []
    for _ in range(20):
        net.generator.manual_seed(0)
        loss = torch.stack(list(objective(batch, net).values())).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("name", NAMES)
def test_only_the_supervised_ceiling_asks_for_labels(name: str) -> None:
    assert build(name).needs_labels == (name == "supervised")


@pytest.mark.parametrize("name", [name for name in TRAINING if name != "supervised"])
def test_labels_change_nothing_unless_they_are_asked_for(name: str) -> None:
    (without, bare), (with_labels, labelled) = compute(name, labelled=False), compute(name, labelled=True)
    assert without == with_labels
    assert all(map(torch.equal, bare, labelled))


@pytest.mark.parametrize("name", TRAINING)
def test_the_same_noise_gives_the_same_bits_whatever_the_global_stream_did(name: str) -> None:
    first, reached = compute(name)
    objective, net = build(name), network()
    torch.rand(17)
    net.generator.manual_seed(3)
    before = torch.get_rng_state()
    again = objective(views(labelled=objective.needs_labels), net)
    torch.stack(list(again.values())).sum().backward()
    assert first == again
    assert all(map(torch.equal, reached, gradients(net.backbone)))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", TRAINING)
def test_an_objective_leaves_the_views_as_they_are(name: str) -> None:
    objective = build(name)
    batch = views(labelled=objective.needs_labels)
    objective(batch, network())
    fresh = views(labelled=objective.needs_labels)
    assert torch.equal(batch.x1, fresh.x1)
    assert torch.equal(batch.x2, fresh.x2)


@pytest.mark.parametrize("name", [name for name in TRAINING if name not in DRAWING])
def test_the_order_of_the_images_in_a_batch_does_not_matter(name: str) -> None:
    objective = build(name)
    batch = views(labelled=objective.needs_labels)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    labels = None if batch.labels is None else batch.labels[order]
    shuffled = replace(batch, x1=batch.x1[order], x2=batch.x2[order], labels=labels)
    terms, permuted = objective(batch, network()), objective(shuffled, network())
    assert all(torch.allclose(terms[key], permuted[key], rtol=1e-12) for key in terms)


@pytest.mark.parametrize("name", [name for name in TRAINING if name not in DRAWING])
def test_the_two_views_play_the_same_part(name: str) -> None:
    objective = build(name)
    batch = views(labelled=objective.needs_labels)
    terms = objective(batch, network())
    swapped = objective(replace(batch, x1=batch.x2, x2=batch.x1), network())
    assert all(torch.allclose(terms[key], swapped[key], rtol=1e-12) for key in terms)


def test_the_floor_has_nothing_to_minimise() -> None:
    assert build("random")(views(labelled=False), network()) == {}
    assert not OBJECTIVES.get("random").trains
    assert list(build("random").parameters()) == []
