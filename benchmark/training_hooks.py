"""What accompanies a pretraining step by step: scalars, the watch for divergence, checkpoints. Changes no number."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_reduce, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn


class Scalars(Hook):
    """Collect the loss terms on the device, and every `interval` steps write, report and check them in one transfer.

    A row also ends where a checkpoint is written: a training that goes on from there begins its next row with it.
    Of several processes that share the batch the first writes the means over all; each of them raises.

    Raises:
        FloatingPointError: a term was not finite; names the step and the terms, before a checkpoint is written.
    """

    priority = "ABOVE_NORMAL"

    def __init__(
        self,
        path: Path,
        *,
        interval: int,
        checkpoint: int,
        images: int,
        report: Callable[[int, int, dict[str, float]], None],
    ) -> None:
        self.path, self.intervals, self.images, self.report = path, (interval, checkpoint), images, report
        self.pending: list[dict[str, Tensor]] = []
        self.since = time.perf_counter()

    def before_train(self, runner: Runner) -> None:
        """Drop the rows that a killed run wrote after its last checkpoint."""
        self.since = time.perf_counter()
        if not is_main_process():
            return
        rows = []
        if runner.iter and self.path.exists():
            with self.path.open(newline="") as file:
                found = [row for row in csv.reader(file) if len(row) == 3 and row[0].isdigit()]  # a kill tears lines
            rows = [row for row in found if int(row[0]) <= runner.iter]
        with self.path.open("w", newline="") as file:
            csv.writer(file).writerows([["step", "name", "value"], *rows])

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Tensor] | None = None,
    ) -> None:
        """Keep the terms of this step."""
        assert outputs is not None
        self.pending.append(outputs)
        step = batch_idx + 1
        if step == runner.max_iters or any(step % interval == 0 for interval in self.intervals):
            self._flush(runner, step)

    def _flush(self, runner: Runner, step: int) -> None:
        names = list(self.pending[0])
        values = torch.stack([torch.stack([terms[name] for name in names]) for terms in self.pending])
        all_reduce(values, op="mean")  # what is not finite on one process is not finite in the mean
        values = values.cpu()
        broken = (~values.isfinite().all(dim=1)).nonzero()
        if len(broken):
            first = int(broken[0])
            terms = ", ".join(f"{name}={value:g}" for name, value in zip(names, values[first].tolist(), strict=True))
            raise FloatingPointError(f"loss is not finite at step {step - len(values) + first + 1} ({terms})")
        now = time.perf_counter()
        means = dict(zip(names, values.mean(dim=0).tolist(), strict=True))
        means["images_per_s"] = len(values) * self.images / (now - self.since)
        means["learning_rate"] = runner.optim_wrapper.get_lr()["lr"][0]
        self.pending, self.since = [], now
        if not is_main_process():
            return
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerows([step, name, value] for name, value in means.items())
        runner.visualizer.add_scalars(means, step=step)
        self.report(step, runner.max_iters, means)


class AtomicCheckpoint(Hook):
    """Keep one checkpoint, whole at any moment: written beside the old one, then renamed over it."""

    priority = "VERY_LOW"

    def __init__(self, path: Path, *, interval: int) -> None:
        self.path, self.interval = path, interval

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Save every `interval` steps, unless the training has diverged."""
        if (batch_idx + 1) % self.interval == 0 and is_main_process() and _is_finite(runner.model):
            temporary = self.path.with_suffix(".tmp")
            runner.save_checkpoint(str(temporary.parent), temporary.name, by_epoch=False)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(self.path)


def _is_finite(model: nn.Module) -> bool:
    """Whether no weight is infinite or not a number; one transfer from the device."""
    return bool(torch.stack([value.isfinite().all() for value in model.state_dict().values()]).all())
