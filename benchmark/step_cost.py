"""What one image costs an objective: floating-point operations, forward passes, parameters of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmark.config import BenchConfig
from benchmark.data.factor_shapes.factors import LEVELS
from benchmark.pretrain import build_parts
from benchmark.views import ViewConfig
from objectives.contract import JIGSAW_SIDE, Objective, Views
from objectives.registry import OBJECTIVES

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


def describe_costs(config: BenchConfig, *, images: int, classes: int) -> Iterator[str]:
    """A line for every row that a config names, or for every objective that trains: what its pretraining costs.

    Args:
        config: the bench config.
        images: pretraining images.
        classes: number of their classes, 0 if unlabelled.
    """
    yield f"{'row':<18} {'FLOPs/image':>11} {'passes':>6} {'own parameters':>14} {'FLOPs in all':>12}"
    for name in config.rows or sorted(OBJECTIVES.module_dict):
        row = config.row(name)
        if OBJECTIVES.get(row.objective).trains:
            cost = step_cost(row.objective, row.config, classes=classes)
            whole = cost.flops_per_image * images * row.config.training.epochs
            passes, own = f"{cost.forward_passes:g}", cost.objective_parameters
            yield f"{name:<18} {cost.flops_per_image:>11.2e} {passes:>6} {own:>14} {whole:>12.1e}"


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
    factors = (torch.zeros(_IMAGES, len(LEVELS), dtype=torch.int64),) * 2 if objective.needs_factors else None
    return Views(x1, x2, labels, patches, factors)
