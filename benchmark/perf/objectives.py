"""What a training step of every objective costs beside one of InfoNCE: time, and the growth of a process's peak memory.

A step is a whole one (views, both passes, optimiser, target) of the network and batch of configs/bench/shapes.py on
random images. All forms take turns in time; in memory each has a process of its own, after a small step.
Where a form takes much more, the note says what follows from its own network: operations, passes, layers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from benchmark.config import BenchConfig, load
from benchmark.optimisers import build_optimiser
from benchmark.perf.comparison import ROUNDS, Comparison, alternate
from benchmark.perf.memory import Work, growth_bytes
from benchmark.pretrain import PretrainModel, build_parts
from benchmark.step_cost import StepCost, step_cost
from objectives.infocl import REGULARIZERS
from objectives.registry import OBJECTIVES, load_objectives

_PART = "Objectives"
_OTHER = "infonce"
_CLASSES = 2
_MUCH = 1.5  # times the cost of InfoNCE, above which there is a reason to give
_SMALL = 4  # images of the step before the one whose memory is measured


@dataclass(frozen=True)
class FormOfLoss:
    """An objective with arguments.

    Attributes:
        objective: registry name.
        arguments: of the objective, over those of the config.
    """

    objective: str
    arguments: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As the page has it."""
        return " ".join([self.objective, *map(str, self.arguments.values())])

    def config(self, config: BenchConfig) -> BenchConfig:
        """The config with these arguments."""
        arguments = {**config.objectives.get(self.objective, {}), **self.arguments}
        return replace(config, objectives={**config.objectives, self.objective: arguments})


def forms() -> list[FormOfLoss]:
    """Every registered objective that trains, and InfoCL with each of its regularisers."""
    load_objectives()
    names = [name for name, kind in sorted(OBJECTIVES.module_dict.items()) if kind.trains and name != "infocl"]
    return [FormOfLoss(name, {}) for name in names] + [
        FormOfLoss("infocl", {"regularizer": regularizer}) for regularizer in REGULARIZERS
    ]


def measure() -> list[Comparison]:
    """Compare every form with InfoNCE."""
    return compare(load("shapes"), forms(), rounds=ROUNDS)


def compare(config: BenchConfig, among: Iterable[FormOfLoss], *, rounds: int) -> list[Comparison]:
    """Compare forms with InfoNCE in time and memory.

    Args:
        config: of network, views and batch.
        among: the forms; InfoNCE itself may be one of them.
        rounds: in time.
    """
    plain = FormOfLoss(_OTHER, {})
    every = [plain, *(form for form in among if form != plain)]
    times = alternate({form.name: _timed_step(form, config) for form in every}, rounds=rounds)
    memory = {form.name: (peak_bytes(form, config) / 1e6,) for form in every}
    found = []
    for form in every[1:]:
        for numbers, unit, what in ((times, "ms/step", "time"), (memory, "MB", "memory")):
            label = f"{what} of a step of {config.training.batch} images of {form.name}"
            sides = numbers[form.name], numbers[plain.name], plain.name
            one = Comparison(_PART, label, unit, *sides, more=False, cost=True)
            found.append(replace(one, note=reason(form, config)) if one.ratio > _MUCH else one)
    return found


def reason(form: FormOfLoss, config: BenchConfig) -> str:
    """What a step of a form does more than one of InfoNCE, counted on its own network."""
    cost, plain = _cost(form, config), _cost(FormOfLoss(_OTHER, {}), config)
    objective = build_parts(form.objective, form.config(config), seed=0, classes=_CLASSES, device="cpu").objective
    passing = [
        "two views",
        *["nine patches"] * objective.needs_patches,
        *["the target's views"] * objective.needs_target,
    ]
    layers = [name for name, child in objective.named_children() if any(True for _ in child.parameters())]
    words = [
        f"{cost.flops_per_image / plain.flops_per_image:.2f} x the operations of {_OTHER}",
        f"{cost.forward_passes:g} forward passes an image instead of {plain.forward_passes:g} ({', '.join(passing)})",
    ]
    own = f"own layers ({', '.join(layers)}) of {cost.objective_parameters} parameters"
    return "; ".join([*words, *[own] * bool(layers)])


def peak_bytes(form: FormOfLoss, config: BenchConfig) -> int:
    """Growth of a fresh process's peak memory by a step of the config's batch, after a step of four images."""
    return growth_bytes(_steps, form, config)


def _steps(form: FormOfLoss, config: BenchConfig) -> Work:
    load_objectives()
    return _step(form, config, images=_SMALL), _step(form, config, images=config.training.batch)


def _timed_step(form: FormOfLoss, config: BenchConfig) -> Callable[[], float]:
    step = _step(form, config, images=config.training.batch)

    def milliseconds() -> float:
        started = time.perf_counter()
        step()
        return 1e3 * (time.perf_counter() - started)

    return milliseconds


def _step(form: FormOfLoss, config: BenchConfig, *, images: int) -> Callable[[], None]:
    """A function that takes the next step of a training of its own on random images, always the same ones."""
    config = form.config(config)
    parts = build_parts(form.objective, config, seed=0, classes=_CLASSES, device="cpu")
    model = PretrainModel(parts, config, seed=0, steps=1).train()
    optimiser = build_optimiser(model, config.training)
    size, index = config.data.image_size, torch.arange(images)
    pixels = torch.randint(0, 256, (images, 3, size, size), dtype=torch.uint8)
    batch = {"images": pixels, "labels": index % _CLASSES, "index": index, "step": 0}

    def step() -> None:
        model.train_step(batch, optimiser)
        if parts.objective.needs_target:
            parts.network.update_target(parts.objective.target_momentum(0.0))

    return step


def _cost(form: FormOfLoss, config: BenchConfig) -> StepCost:
    return step_cost(form.objective, form.config(config), classes=_CLASSES)
