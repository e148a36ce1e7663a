import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from benchmark.config import TrainingConfig, load
from benchmark.optimisers import LARS, OPTIMISERS, build_optimiser, build_schedule

TRAINING = load("smoke").training


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3)).double()


def loss_of(network: nn.Module, step: int) -> Tensor:
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(step), dtype=torch.float64)
    value: Tensor = network(x).square().mean()
    return value


def norm(values: list[float]) -> float:
    return math.sqrt(sum(value * value for value in values))


def lars_by_hand(network: nn.Module, *, steps: int, options: dict[str, float], exempt: bool) -> list[list[float]]:
    """Algorithm 1 of arXiv 1708.03888 on plain numbers, with SimCLR's norm of the decayed gradient."""
    weights = [parameter.flatten().tolist() for parameter in network.parameters()]
    dims = [parameter.ndim for parameter in network.parameters()]
    velocities = [[0.0] * len(weight) for weight in weights]
    for step in range(steps):
        with torch.no_grad():
            for parameter, weight in zip(network.parameters(), weights, strict=True):
                parameter.copy_(torch.tensor(weight, dtype=torch.float64).view_as(parameter))
        grads = torch.autograd.grad(loss_of(network, step), list(network.parameters()))
        for index, grad in enumerate(grads):
            weight, velocity = weights[index], velocities[index]
            decayed = [g + options["weight_decay"] * w for g, w in zip(grad.flatten().tolist(), weight, strict=True)]
            rate = 1.0
            if (dims[index] > 1 or not exempt) and norm(weight) > 0:
                rate = options["trust"] * norm(weight) / max(norm(decayed), 1e-12)
            for place in range(len(weight)):
                velocity[place] = options["momentum"] * velocity[place] + options["lr"] * rate * decayed[place]
                weight[place] -= velocity[place]
    return weights


@pytest.mark.parametrize(("weight_decay", "exempt"), [(0.0, True), (0.1, True), (0.1, False)])
def test_lars_agrees_with_its_algorithm_written_out(weight_decay: float, exempt: bool) -> None:
    options = {"lr": 0.3, "momentum": 0.9, "weight_decay": weight_decay, "trust": 0.02}
    network = model()
    optimiser = LARS(
        network.parameters(), lr=0.3, momentum=0.9, weight_decay=weight_decay, trust=0.02, exclude_bias_and_norm=exempt
    )
    for step in range(5):
        optimiser.zero_grad()
        loss_of(network, step).backward()
        optimiser.step()
    wanted = lars_by_hand(model(), steps=5, options=options, exempt=exempt)
    for parameter, values in zip(network.parameters(), wanted, strict=True):
        assert parameter.flatten().tolist() == pytest.approx(values, rel=1e-10, abs=1e-14)


def test_lars_moves_a_weight_that_is_zero_and_leaves_one_without_gradient() -> None:
    weight, idle = (torch.zeros(2, 2, requires_grad=True) for _ in range(2))
    weight.grad = torch.ones(2, 2)
    LARS([weight, idle], lr=0.5, momentum=0.9, weight_decay=0.0).step()
    assert torch.equal(weight.detach(), torch.full((2, 2), -0.5))
    assert torch.equal(idle.detach(), torch.zeros(2, 2))


class Counting(TorchDispatchMode):
    """Counts what torch is asked to do."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.calls += 1
        return func(*args, **(kwargs or {}))


def test_lars_asks_for_the_same_few_operations_however_many_tensors_there_are() -> None:
    def operations(tensors: int) -> int:
        weights = [torch.ones(2, 2, requires_grad=True) for _ in range(tensors)]
        for weight in weights:
            weight.grad = torch.ones(2, 2)
        optimiser = LARS(weights, lr=0.5, momentum=0.9, weight_decay=0.1)
        optimiser.step()  # makes the velocities
        counting = Counting()
        with counting:
            optimiser.step()
        return counting.calls

    assert operations(2) == operations(20) < 20


def test_lars_goes_on_from_its_saved_state() -> None:
    def run(network: nn.Module, optimiser: LARS, steps: range) -> None:
        for step in steps:
            optimiser.zero_grad()
            loss_of(network, step).backward()
            optimiser.step()

    def fresh(network: nn.Module) -> LARS:
        return LARS(network.parameters(), lr=0.3, momentum=0.9, weight_decay=0.1)

    straight, stopped = model(), model()
    run(straight, fresh(straight), range(4))
    first, second = fresh(stopped), fresh(stopped)
    run(stopped, first, range(2))
    second.load_state_dict(first.state_dict())
    run(stopped, second, range(2, 4))
    assert all(map(torch.equal, straight.state_dict().values(), stopped.state_dict().values()))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_biases_and_normalisation_are_not_decayed(name: str) -> None:
    network = model()
    wrapper = build_optimiser(network, replace(TRAINING, optimiser=name, weight_decay=0.1))
    decays = {
        parameter: group["weight_decay"] for group in wrapper.optimizer.param_groups for parameter in group["params"]
    }
    wanted = {key: 0.1 if key in {"0.weight", "3.weight"} else 0.0 for key, _ in network.named_parameters()}
    assert {key: decays[parameter] for key, parameter in network.named_parameters()} == wanted


@pytest.mark.parametrize("name", OPTIMISERS)
def test_without_the_exemption_everything_is_decayed(name: str) -> None:
    wrapper = build_optimiser(model(), replace(TRAINING, optimiser=name, weight_decay=0.1, exclude_bias_and_norm=False))
    assert {group["weight_decay"] for group in wrapper.optimizer.param_groups} == {0.1}
    assert {group.get("exclude_bias_and_norm", False) for group in wrapper.optimizer.param_groups} == {False}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_parameters_with_equal_options_share_a_group(name: str) -> None:
    network = model()
    groups = build_optimiser(network, replace(TRAINING, optimiser=name, weight_decay=0.1)).optimizer.param_groups
    assert [len(group["params"]) for group in groups] == [2, 4]
    assert {id(each) for group in groups for each in group["params"]} == set(map(id, network.parameters()))


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_the_fused_optimiser_ends_where_the_plain_one_does(name: str) -> None:
    fused, by_hand = (model().float() for _ in range(2))
    for network in (fused, by_hand):  # a bias before batch norm has no gradient but rounding, which Adam would magnify
        network[0].register_parameter("bias", None)
    wrapper = build_optimiser(fused, replace(TRAINING, optimiser=name, lr=0.01, weight_decay=0.1))
    matrices, vectors = ([each for each in by_hand.parameters() if (each.ndim > 1) == wide] for wide in (True, False))
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    sgd = torch.optim.SGD(groups, lr=0.01, momentum=TRAINING.momentum)
    plain = sgd if name == "sgd" else torch.optim.AdamW(groups, lr=0.01)
    for step in range(50):
        x = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        wrapper.update_params(fused(x).square().mean())
        plain.zero_grad()
        by_hand(x).square().mean().backward()
        plain.step()
    for ours, theirs in zip(fused.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_brings_a_loss_down(name: str) -> None:
    network = model()
    rate = {"adamw": 0.02, "sgd": 0.1, "lars": 0.5}[name]
    wrapper = build_optimiser(network, replace(TRAINING, optimiser=name, lr=rate))
    losses = []
    for step in range(20):
        loss = loss_of(network, step)
        wrapper.update_params(loss)
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def rates(training: TrainingConfig, *, steps: int) -> list[float]:
    """The learning rate of every step, as the training loop gets it."""
    wrapper = build_optimiser(model(), training)
    assert isinstance(wrapper, OptimWrapper)
    schedule = build_schedule(wrapper, training, steps=steps)
    found = []
    for _ in range(steps):
        found.append(wrapper.get_lr()["lr"][0])
        wrapper.step()
        for part in schedule:
            part.step()
    return found


@pytest.mark.parametrize(
    ("steps", "warmup"), [(40, 0.25), (10, 0.1), (10, 0.2), (12, 0.0), (2, 0.1), (1, 0.0), (1, 0.9), (2, 0.8)]
)
def test_the_rate_rises_linearly_then_falls_along_a_cosine(steps: int, warmup: float) -> None:
    rising = min(round(steps * warmup), steps - 1)
    wanted = [
        (step + 1) / (rising + 1) if step < rising else _cosine(step - rising, steps - rising) for step in range(steps)
    ]
    found = rates(replace(TRAINING, lr=2.0, warmup=warmup), steps=steps)
    assert [rate / 2.0 for rate in found] == pytest.approx(wanted, rel=1e-9)


def test_a_cosine_ends_at_the_final_rate() -> None:
    found = rates(replace(TRAINING, lr=2.0, warmup=0.0, final_lr=0.1), steps=8)
    assert found == pytest.approx([2 * (0.1 + 0.9 * _cosine(step, 8)) for step in range(8)], rel=1e-9)


def _cosine(step: int, steps: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * step / steps))


def test_a_constant_schedule_stays_at_the_peak() -> None:
    found = rates(replace(TRAINING, lr=2.0, warmup=0.25, schedule="constant"), steps=12)
    assert found == pytest.approx([0.5, 1.0, 1.5, *[2.0] * 9], rel=1e-9)
