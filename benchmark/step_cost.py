"""What one image costs an objective: floating-point operations, forward passes, parameters of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmark.config import BenchConfig
from benchmark.pretrain import build_parts
from benchmark.views import ViewConfig
from objectives.contract import JIGSAW_SIDE, Objective, Views

_IMAGES = 8


@dataclass(frozen=True)
class StepCost:
    """Costs that follow from objective and config alone, whatever the machine.

    Attributes:
        flops_per_image: of matrix products and convolutions, forward and backward, at a batch of eight; without the
            backward pass of InfoNCE's matrix, which torch does not count.
        forward_passes: views and patches that go through a backbone (the target's too) per image.
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
    with FlopCounterMode(display=False) as counter:
        terms = parts.objective(_views(parts.objective, config.views, classes=classes), parts.network)
        torch.stack(list(terms.values())).sum().backward()
    own = sum(parameter.numel() for parameter in parts.objective.parameters())
    return StepCost(counter.get_total_flops() // _IMAGES, sum(passed) / _IMAGES, own)


def _views(objective: Objective, config: ViewConfig, *, classes: int) -> Views:
    """White noise of the right sizes."""
    stream, cells, patch = torch.Generator().manual_seed(0), JIGSAW_SIDE**2, config.jigsaw.patch
    x1, x2 = (torch.randn(_IMAGES, 3, config.size, config.size, generator=stream) for _ in range(2))
    labels = torch.arange(_IMAGES) % classes if objective.needs_labels else None
    patches = torch.randn(_IMAGES, cells, 3, patch, patch, generator=stream) if objective.needs_patches else None
    return Views(x1, x2, labels, patches)
