"""What looks at the losses of a dense task's training, and how often: on a GPU every look waits for the device."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.hooks import Hook, RuntimeInfoHook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor

from downstream import transfer
from downstream.tasks import Context

LOOKS = 10
"""Steps on a GPU between two looks at the losses, and between two lines of the log."""


class Watch(Hook):
    """Checks the backbone before the first step; reports every step, and stops at a loss that is not finite.

    On a GPU the losses stay on the device, until those of `LOOKS` steps are fetched at once; before a checkpoint is
    saved they are looked at too, so that none is saved after a loss that is not finite.

    Args:
        context: of the task.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._interval = 1 if context.device == "cpu" else LOOKS
        self._unseen: list[tuple[int, dict[str, Tensor]]] = []

    def before_train(self, runner: Runner) -> None:
        """Check that the model has the pretrained backbone."""
        if runner.iter:
            return  # a run that goes on was checked when it began
        transfer.check(runner.model, file=self._context.backbone, spec=self._context.spec)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep the losses of a step; look at them every so many steps and after the last."""
        step = batch_idx + 1
        terms = {name: torch.as_tensor(value).detach() for name, value in (outputs or {}).items() if "loss" in name}
        self._unseen.append((step, terms))
        if step % self._interval == 0 or step == runner.max_iters:
            self._look(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Look before weights are saved."""
        self._look(runner)

    def _look(self, runner: Runner) -> None:
        unseen, self._unseen = self._unseen, []
        values = [value.float() for _, terms in unseen for value in terms.values()]
        numbers = iter(torch.stack(values).tolist() if values else [])
        for step, names in unseen:
            terms = {name: next(numbers) for name in names}
            if not all(math.isfinite(value) for value in terms.values()):
                listed = ", ".join(f"{name}={value:.3g}" for name, value in terms.items())
                raise FloatingPointError(f"loss is not finite at step {step} ({listed})")
            self._context.report(step, runner.max_iters, terms)


@HOOKS.register_module()
class SparseInformation(RuntimeInfoHook):
    """mmengine's hook that hands the losses to the log, of one step in `LOOKS`: it waits for the device at each."""

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Hand over the losses of every so many steps."""
        if (batch_idx + 1) % LOOKS == 0:
            super().after_train_iter(runner, batch_idx, data_batch, outputs)
