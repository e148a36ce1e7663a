"""Costs of an objective, against numbers counted by hand."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_pretraining import tiny_config
from torch import nn

from benchmark.pretrain import build_parts
from benchmark.step_cost import step_cost
from objectives.registry import load_objectives

load_objectives()


def multiplications(network: nn.Module, size: int) -> int:
    """Multiply-adds of one image through every convolution and linear layer of backbone and projector."""
    total = 0

    def count(module: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            total += output[0].numel() * module.in_channels * module.kernel_size[0] * module.kernel_size[1]
        elif isinstance(module, nn.Linear):
            total += output[0].numel() * module.in_features

    hooks = [module.register_forward_hook(count) for module in network.modules()]
    network.project(network.encode(torch.zeros(2, 3, size, size)).h)  # type: ignore[operator]
    for hook in hooks:
        hook.remove()
    return total


def test_infonce_costs_three_passes_of_the_network_for_each_view_and_a_little() -> None:
    config = tiny_config()
    cost = step_cost("infonce", config, classes=0)
    network = build_parts("infonce", config, seed=0, classes=0, device="cpu").network
    # Two operations a multiply-add; the gradient costs two passes more, but for the images of the first layer.
    assert cost.flops_per_image == pytest.approx(2 * 3 * 2 * multiplications(network, 16), rel=0.1)
    assert cost.forward_passes == 2
    assert cost.objective_parameters == 0


def test_a_target_costs_two_forward_passes_more_and_a_decoder_has_parameters() -> None:
    config = tiny_config()
    assert step_cost("byol", config, classes=0).forward_passes == 4
    mrcl = step_cost("mrcl", config, classes=0)
    decoder = build_parts("mrcl", config, seed=0, classes=0, device="cpu").objective
    assert mrcl.objective_parameters == sum(parameter.numel() for parameter in decoder.parameters()) > 0
    assert mrcl.flops_per_image > step_cost("infonce", config, classes=0).flops_per_image


def test_the_floor_costs_nothing() -> None:
    assert step_cost("random", tiny_config(), classes=0).flops_per_image == 0


@pytest.mark.parametrize(
    ("name", "arguments", "passes"),
    [("infonce", {"queue": 8}, 2), ("byol", {}, 4), ("infomin", {}, 11), ("infocl", {"base": {"type": "byol"}}, 4)],
)
def test_every_view_and_every_patch_that_is_encoded_counts_once(
    name: str, arguments: dict[str, Any], passes: float
) -> None:
    config = replace(tiny_config(), objectives={name: arguments})
    assert step_cost(name, config, classes=0).forward_passes == passes
