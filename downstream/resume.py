"""A killed training of a dense task goes on from its last checkpoint, with the images that were to come next."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.registry import DATA_SAMPLERS
from mmengine.runner import Runner
from torch.utils.data import BatchSampler, Sampler


@DATA_SAMPLERS.register_module()
class OneStream(Sampler[list[int]]):
    """One endless stream of batches: whoever iterates goes on where the last one stopped.

    Of the batch samplers that it wraps, torch's closes its sampler when an iteration is given up, and mmdet's
    AspectRatioBatchSampler then keeps a full group for ever.

    Args:
        sampler: endless stream of images.
        batch_size: images a batch.
        groups: config of a batch sampler that puts them together; None = in their order.
    """

    def __init__(self, sampler: Sampler[int], batch_size: int, groups: dict[str, Any] | None) -> None:
        self.sampler = sampler
        self._pass = -(-len(sampler) // batch_size)  # type: ignore[arg-type]
        together = {"type": BatchSampler, "drop_last": True} if groups is None else groups
        self.batches: Iterator[list[int]] = iter(
            DATA_SAMPLERS.build(together, default_args={"sampler": sampler, "batch_size": batch_size})
        )

    def __iter__(self) -> Iterator[list[int]]:
        """Yield batches of indices."""
        while True:
            yield next(self.batches)

    def __len__(self) -> int:
        """Batches in a pass over the data."""
        return self._pass


class Checkpoint(Hook):
    """Keep one checkpoint, whole at any moment: written beside the old one, then renamed over it.

    It holds the state of the random generators of this process beside what mmengine keeps. A run that goes on on a CPU
    without loader processes ends in the bits of one that never stopped; with loader processes the images come in the
    same order, their augmentation is drawn anew.

    Args:
        path: the checkpoint.
        interval: steps between two of them; 0 = none.
    """

    priority = "VERY_LOW"

    def __init__(self, path: Path, *, interval: int) -> None:
        self.path, self.interval = path, interval

    def before_train(self, runner: Runner) -> None:
        """Pass over the batches that the killed run has seen; no image of them is read."""
        # Its own generator, so that a new iterator draws nothing from the one whose state is kept.
        runner.train_dataloader.generator = torch.Generator().manual_seed(runner.seed)
        for _ in range(runner.iter):
            next(runner.train_dataloader.batch_sampler.batches)

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the random generators as they were."""
        if runner.iter:
            _set_generators(torch.load(self.path, map_location="cpu", weights_only=False)["generators"])

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Save every `interval` steps, and after the last so that a test that is killed has not to train again."""
        step = batch_idx + 1
        if self.interval and (step % self.interval == 0 or step == runner.max_iters >= self.interval):
            temporary = self.path.with_suffix(".tmp")
            runner.save_checkpoint(str(temporary.parent), temporary.name, by_epoch=False)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(self.path)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add the state of the random generators."""
        checkpoint["generators"] = _generators()


# mmdet and mmseg draw from numpy's global generator, hence the rules that are lifted here.
def _generators() -> dict[str, Any]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    numpy = np.random.get_state()  # noqa: NPY002
    return {"python": random.getstate(), "numpy": numpy, "torch": torch.get_rng_state(), "cuda": cuda}


def _set_generators(states: dict[str, Any]) -> None:
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])  # noqa: NPY002
    torch.set_rng_state(states["torch"])
    if states["cuda"] and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
