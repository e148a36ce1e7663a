"""Images a second of the whole pretraining loop, and of forward, backward and step alone."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.nn.functional import conv2d
from torch.utils.flop_counter import FlopCounterMode

from benchmark.config import BenchConfig
from benchmark.kinds import step_hooks
from benchmark.optimisers import build_optimiser
from benchmark.perf.torch_modes import modes_restored
from benchmark.pretrain import PretrainModel, build_parts, pretrain
from benchmark.step_cost import step_cost
from downstream.imagefolder import ImageSet
from objectives.contract import Views

_CALLS = 10


def loop_rate(config: BenchConfig, images: ImageSet, *, steps: int, device: str) -> float:
    """Images a second of the loop as `clbench pretrain` runs it, from its start to its last step.

    Args:
        config: of the pretraining; its epochs do not count.
        images: at least a batch of them.
        steps: how many.
        device: torch device string.
    """
    batch = config.training.batch
    epochs = steps / (len(images.images) // batch)
    config = replace(config, training=replace(config.training, epochs=epochs))
    parts = build_parts("infonce", config, seed=0, classes=0, device=device)
    with tempfile.TemporaryDirectory() as folder, modes_restored():
        clock = _Clock(device)
        beside = step_hooks(Path(folder), config.logging, batch=batch, report=clock.report)
        pretrain(parts, images, config, seed=0, work_dir=Path(folder), hooks=[clock, *beside])
        assert clock.steps == steps
        return steps * batch / clock.seconds


class _Clock(Hook):
    """Times the loop from its start to its last step."""

    def __init__(self, device: str) -> None:
        self.device, self.seconds, self.steps = device, 0.0, 0

    def before_train(self, runner: Runner) -> None:
        self.seconds = -now(self.device)

    def after_train(self, runner: Runner) -> None:
        self.seconds += now(self.device)
        self.steps = runner.iter

    def report(self, step: int, total: int, terms: dict[str, float]) -> None:
        """Take the progress and show nothing."""


def bare_rate(config: BenchConfig, *, steps: int, device: str) -> float:
    """Images a second of forward, backward and step on the same two random batches of views.

    Args:
        config: of the pretraining.
        steps: how many.
        device: torch device string.
    """
    batch, size = config.training.batch, config.views.size
    parts = build_parts("infonce", config, seed=0, classes=0, device=device)
    model = PretrainModel(parts, config, seed=0, steps=steps).train()
    optimiser = build_optimiser(model, config.training)
    x1, x2 = (torch.randn(batch, 3, size, size, device=device) for _ in range(2))
    started = now(device)
    for _ in range(steps):
        with optimiser.optim_context(model):
            loss = torch.stack(list(parts.objective(Views(x1, x2, None), parts.network).values())).sum()
        optimiser.update_params(loss)
    return steps * batch / (now(device) - started)


def ceiling_rate(config: BenchConfig) -> float:
    """Images a second on the CPU if all operations of a step ran at the speed of one large convolution.

    That is of 256 channels, 3 x 3, on 64 maps of 16 x 16 with channels last. Batch norms, activations, views and the
    optimiser would take no time.

    Args:
        config: of the pretraining.
    """
    weight, x = torch.randn(256, 256, 3, 3), torch.randn(64, 256, 16, 16)
    weight, x = (each.contiguous(memory_format=torch.channels_last) for each in (weight, x))
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        conv2d(x, weight, padding=1)
        started = now("cpu")
        for _ in range(_CALLS):
            conv2d(x, weight, padding=1)
        seconds = now("cpu") - started
    speed: float = counter.get_total_flops() / (_CALLS + 1) * _CALLS / seconds
    per_image: int = step_cost("infonce", config, classes=0).flops_per_image
    return speed / per_image


def now(device: str) -> float:
    """Seconds of a clock, when the device has done what it was asked to."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    return time.perf_counter()
