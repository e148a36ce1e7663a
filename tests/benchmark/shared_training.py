"""Every objective trained for a few steps, on one process or, under torchrun, on two.

Command: torchrun --standalone --nproc-per-node 2 tests/benchmark/shared_training.py FOLDER
"""

from __future__ import annotations

import dataclasses
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from tiny_pretraining import COUNT, images, tiny_config
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from benchmark.config import BenchConfig
from benchmark.pretrain import Parts, build_parts, pretrain
from benchmark.training_hooks import Scalars
from objectives.registry import OBJECTIVES, load_objectives

# Gradient descent and float64: AdamW moves a weight by the full rate even where its gradient is zero but for rounding,
# and batch norms over eight values each, one after another, enlarge the rounding of float32 until the weights differ in
# their second digit.
SETTINGS = ("training.batch=8", "training.optimiser=sgd", "training.lr=0.001", "threads=1")
STEPS = 20

Subject = tuple[str, Mapping[str, Any]]


def forms() -> list[Subject]:
    """Every form of every objective of the project that trains."""
    load_objectives()
    own = {
        name: kind for name, kind in sorted(OBJECTIVES.module_dict.items()) if kind.__module__ == f"objectives.{name}"
    }
    kinds = {name: kind for name, kind in own.items() if kind.trains}
    return [
        (name, arguments)
        for name, kind in kinds.items()
        for arguments in ({}, *(form.arguments for form in kind.variants))
    ]


class FreezeBatchNorm(Hook):
    """Keeps every batch norm at its first statistics, mean 0 and variance 1: no image meets another there."""

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Put them back into evaluation mode."""
        for module in runner.model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()


class DoubleViews(Hook):
    """Makes views float64, for a network in float64."""

    def before_train(self, runner: Runner) -> None:
        """Convert what the maker of the views returns."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        model.data_preprocessor.register_forward_hook(_doubled)


def _doubled(_module: nn.Module, _arguments: Any, batch: dict[str, Any]) -> dict[str, Any]:
    shown = {field.name: getattr(batch["views"], field.name) for field in dataclasses.fields(batch["views"])}
    pixels = {name: x.double() for name, x in shown.items() if isinstance(x, Tensor) and x.is_floating_point()}
    return {**batch, "views": dataclasses.replace(batch["views"], **pixels)}


def trained(form: Subject, folder: Path, *, frozen: bool, processes: int, chunks: int = 1) -> dict[str, Tensor]:
    """Weights and buffers of network, target and objective after training; the terms are in `folder`."""
    config, parts = _start(form, steps=STEPS, processes=processes, chunks=chunks)
    terms = Scalars(folder / "scalars.csv", interval=2, checkpoint=100, images=8, report=lambda *_: None)
    hooks = [DoubleViews(), terms, *([FreezeBatchNorm()] if frozen else [])]
    pretrain(parts, images(), config, seed=0, work_dir=folder, hooks=hooks)
    return _state(parts)


def untrained(form: Subject) -> dict[str, Tensor]:
    """What all begin with."""
    return _state(_start(form, steps=1, processes=1)[1])


def _start(form: Subject, *, steps: int, processes: int, chunks: int = 1) -> tuple[BenchConfig, Parts]:
    name, arguments = form
    changes = (f"training.epochs={steps * 8 / COUNT}", f"processes={processes}", f"training.chunks={chunks}")
    config = dataclasses.replace(tiny_config(*SETTINGS, *changes), objectives={name: dict(arguments)})
    parts = build_parts(name, config, seed=0, classes=2, device="cpu")
    return config, Parts(parts.network.double(), parts.objective.double())


def _state(parts: Parts) -> dict[str, Tensor]:
    return nn.ModuleDict({"network": parts.network, "objective": parts.objective}).state_dict()


def work_dir(folder: Path, number: int, *, frozen: bool) -> Path:
    """Where `main` trains a form."""
    return folder / f"{number}-{'frozen' if frozen else 'shared'}"


def main(folder: Path) -> None:
    """Train them all and keep what the first process has."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    states = {
        (number, frozen): trained(form, work_dir(folder, number, frozen=frozen), frozen=frozen, processes=2)
        for number, form in enumerate(forms())
        for frozen in (True, False)
    }
    if is_main_process():
        torch.save(states, folder / "states.pth")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
