"""Which images every step of a training sees, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.data import Dataset

from benchmark.seeds import derived_seed
from objectives.ranks import own_rows

if TYPE_CHECKING:
    from downstream.imagefolder import ImageSet

Batch = dict[str, Any]


class StepBatches(Dataset[Batch]):
    """Item t is this process's share of the batch of step t: which images that holds follows from (seed, t) alone.

    The share is that of the process that makes it, once and for all: a loader's process need not know of the others.

    Args:
        images: what is drawn from; every epoch is a permutation of them, in whole batches.
        batch: images per step, of all processes together.
        steps: how many batches there are.
        seed: of the order.
    """

    def __init__(self, images: ImageSet, *, batch: int, steps: int, seed: int) -> None:
        self.images, self.batch, self.steps, self.seed = images, batch, steps, seed
        self.order: tuple[int, Tensor] = (-1, torch.empty(0))
        self.places = own_rows(torch.arange(batch))

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Batch:
        epoch, position = divmod(step, len(self.images.images) // self.batch)
        if self.order[0] != epoch:
            stream = torch.Generator().manual_seed(derived_seed(self.seed, "order", epoch))
            self.order = (epoch, torch.randperm(len(self.images.images), generator=stream))
        index = self.order[1][position * self.batch + self.places]
        labels = self.images.labels[index]
        return {"images": self.images.images[index], "labels": labels, "index": index, "step": step}
