"""mmengine's Runner as every training of the harness uses it: quiet, on the model's own device, resumable."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader, Dataset

from benchmark.data_parallel import average_gradients

# mmengine's own hooks for logging, timing and run-time information transfer a value to the host at every step.
_QUIET = {"runtime_info": None, "timer": None, "sampler_seed": None, "logger": None, "checkpoint": None}


@dataclass(frozen=True)
class Training:
    """What is trained, and on what.

    Attributes:
        model: as mmengine trains it, on its device.
        batches: item t is what step t needs; as many items as there are steps.
        steps: length of the training.
        optimiser: mmengine's wrapper, or one by name for each part of the model.
        schedule: mmengine's schedulers, likewise.
        hooks: what accompanies the training.
        seed: seed of what libraries draw by themselves.
        several: whether this is one of several processes that share the batches.
    """

    model: nn.Module
    batches: Dataset[Any]
    steps: int
    optimiser: Any
    schedule: Any
    hooks: Sequence[Hook]
    seed: int
    several: bool


def train(training: Training, *, work_dir: Path) -> None:
    """Train on from `work_dir/checkpoint.pth`, or from the start where there is none; TensorBoard writes there too."""
    checkpoint, device = work_dir / "checkpoint.pth", _device(training.model)
    runner = _Runner(
        model=training.model,
        work_dir=str(work_dir),
        train_dataloader=DataLoader(training.batches, batch_size=None, shuffle=False, num_workers=0),
        train_cfg={"by_epoch": False, "max_iters": training.steps},
        optim_wrapper=training.optimiser,
        param_scheduler=training.schedule,
        default_hooks=_QUIET,
        custom_hooks=list(training.hooks),
        visualizer={"type": "Visualizer", "vis_backends": [{"type": "TensorboardVisBackend"}]},
        load_from=str(checkpoint) if checkpoint.exists() else None,
        resume=checkpoint.exists(),
        launcher="pytorch" if training.several else "none",
        # CUDA has no deterministic form of some kernels.
        randomness={"seed": training.seed, "deterministic": device.type == "cpu"},
        log_level="WARNING",
        experiment_name=str(work_dir),
    )
    with closing(runner.visualizer):  # TensorBoard writes from a thread of its own
        runner.train()


class _Runner(Runner):
    """mmengine's Runner, with the model left on the device where it is; its own choice ignores the user's."""

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        return average_gradients(model, _device(model)) if self.distributed else model


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
