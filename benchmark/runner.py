"""mmengine's Runner as every training of this package uses it: quiet, on the model's device, resumed where it was."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader, Dataset, Sampler

from benchmark.ahead import made_ahead
from benchmark.data_parallel import average_gradients

# mmengine's own hooks for logging, timing and run-time information transfer a value to the host at every step.
_QUIET = ("runtime_info", "timer", "sampler_seed", "logger", "checkpoint")


def train(
    model: BaseModel,
    batches: Dataset[Any],
    *,
    optimiser: Any,
    schedule: Any,
    hooks: Sequence[Hook],
    seed: int,
    work_dir: Path,
    several: bool,
    workers: int,
    make: Callable[[Any], Any] | None = None,
) -> None:
    """Train a model for one step a batch.

    If `work_dir` holds `checkpoint.pth`, the training goes on from there.

    Args:
        model: the model, on its device.
        batches: item t is the batch of step t; as many as there are steps.
        optimiser: mmengine's wrapper of the optimiser, or of several.
        schedule: mmengine's schedules of it.
        hooks: what accompanies the training.
        seed: seed of the process's own random streams.
        work_dir: folder of the checkpoint and of TensorBoard's files.
        several: this is one of several processes, and average the gradients of all.
        workers: processes that make batches ahead; 0 = this one makes them.
        make: what a GPU does with a batch while it computes the step before (`benchmark.ahead`); None = nothing.
    """
    checkpoint, on_gpu = work_dir / "checkpoint.pth", _device(model).type == "cuda"
    loader = _InOrder(batches, workers=workers, make=make, device=_device(model))
    runner = _Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=loader,
        train_cfg={"by_epoch": False, "max_iters": len(batches)},  # type: ignore[arg-type]
        optim_wrapper=optimiser,
        param_scheduler=schedule,
        default_hooks=dict.fromkeys(_QUIET),
        custom_hooks=list(hooks),
        visualizer={"type": "Visualizer", "vis_backends": [{"type": "TensorboardVisBackend"}]},
        load_from=str(checkpoint) if checkpoint.exists() else None,
        resume=checkpoint.exists(),
        launcher="pytorch" if several else "none",
        # CUDA has no deterministic form of some kernels. All batches have one shape: cuDNN looks for fast kernels once.
        randomness={"seed": seed, "deterministic": not on_gpu},
        env_cfg={"cudnn_benchmark": on_gpu},
        log_level="WARNING",
        experiment_name=str(work_dir),
    )
    # Else torch fills every new tensor where algorithms are deterministic, for code that reads what nobody has written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    with closing(loader), closing(runner.visualizer):  # either has a thread of its own
        runner.train()


class _InOrder(DataLoader[Any]):
    """All batches in their order; a training that goes on makes none of those that it has seen."""

    def __init__(
        self, batches: Dataset[Any], *, workers: int, make: Callable[[Any], Any] | None, device: torch.device
    ) -> None:
        super().__init__(
            batches,
            batch_size=1,  # mmengine asks for it, before it skips
            sampler=_Steps(len(batches)),  # type: ignore[arg-type]
            collate_fn=operator.itemgetter(0),
            num_workers=workers,
            pin_memory=device.type == "cuda",  # what is not pinned waits for all that the GPU has been asked for
        )
        self._make, self._device, self._ahead = make, device, ExitStack()

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        batches = super().__iter__()
        if self._make is None or self._device.type != "cuda":
            return batches
        return self._ahead.enter_context(closing(made_ahead(batches, self._make, device=self._device)))

    def close(self) -> None:
        """End the thread, and free what it has of the GPU: a process forked with that in it aborts."""
        self._ahead.close()


class _Steps(Sampler[int]):
    """The steps of a training that are left."""

    def __init__(self, count: int) -> None:
        self.count, self.first = count, 0

    def skip(self, count: int) -> None:
        """Leave out the first steps."""
        self.first += count

    def __len__(self) -> int:
        return self.count - self.first

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.count))


class _Runner(Runner):
    """mmengine's Runner, with the model left on the device where it is; its own choice ignores the user's."""

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        return average_gradients(model, _device(model)) if self.distributed else model


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
