"""What one image costs an objective: floating-point operations, forward passes, parameters of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmark.config import BenchConfig
from benchmark.pretrain import build_parts
from objectives.contract import Views

_IMAGES = 8


@dataclass(frozen=True)
class StepCost:
    """Costs that follow from objective and config alone, whatever the machine.

    Attributes:
        flops_per_image: of matrix products and convolutions, forward and backward, at a batch of eight; without the
            backward pass of InfoNCE's matrix, which torch does not count.
        forward_passes: views that go through a backbone (the target's too) per image.
        objective_parameters: of the objective's own layers.
    """

    flops_per_image: int
    forward_passes: float
    objective_parameters: int


def step_cost(objective: str, config: BenchConfig, *, classes: int) -> StepCost:
    """Count one step of an objective on random views, on a network of its own.

    Args:
        objective: registry name.
        config: the row's config.
        classes: number of classes of the pretraining images, 0 if unlabelled.
    """
    parts = build_parts(objective, config, seed=0, classes=classes, device="cpu")
    if not parts.objective.trains:
        return StepCost(0, 0.0, 0)
    passed: list[int] = []

    def count(_module: Any, _inputs: Any, output: Tensor) -> None:
        passed.append(len(output))

    encoders = [parts.network, *([parts.network.target] if parts.objective.needs_target else [])]
    for encoder in encoders:
        encoder.backbone.conv1.register_forward_hook(count)
    shape, stream = (_IMAGES, 3, config.views.size, config.views.size), torch.Generator().manual_seed(0)
    x1, x2 = (torch.randn(shape, generator=stream) for _ in range(2))
    labels = torch.arange(_IMAGES) % classes if parts.objective.needs_labels else None
    with FlopCounterMode(display=False) as counter:
        terms = parts.objective(Views(x1, x2, labels), parts.network)
        torch.stack(list(terms.values())).sum().backward()
    own = sum(parameter.numel() for parameter in parts.objective.parameters())
    return StepCost(counter.get_total_flops() // _IMAGES, sum(passed) / _IMAGES, own)
