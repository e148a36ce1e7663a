"""From the batch of a step to what an objective sees of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from objectives.contract import Views

if TYPE_CHECKING:
    from benchmark.step_batches import Batch
    from benchmark.views.channel_split import ChannelSplit
    from benchmark.views.making import Policy
    from benchmark.views.policy import ViewPolicy


class ViewMaker(nn.Module):
    """From a batch of uint8 images to two views on the device.

    Args:
        policy: makes both views.
        labels: the objective is shown the labels.
        factors: the objective is shown the factors that the views were drawn from, where there are any.
        puzzle: cuts the images into patches; None = the objective looks at none.
        split: splits the views into channels; None = both have all.
    """

    anchor: Tensor

    def __init__(
        self, policy: Policy, *, labels: bool, factors: bool, puzzle: ViewPolicy | None, split: ChannelSplit | None
    ) -> None:
        super().__init__()
        self.policy, self.puzzle, self.split = policy, puzzle, split
        self.labels, self.factors = labels, factors
        self.register_buffer("anchor", torch.empty(0), persistent=False)

    def forward(self, batch: Batch, training: bool = False) -> Batch:
        """Return what `make` makes of the batch, unless that has been done ahead."""
        return batch if "views" in batch else self.make(batch)

    def make(self, batch: Batch) -> Batch:
        """Return {"views", "step"} from {"images" (N, 3, H, W) uint8, "labels", "index" (N,), "step"}."""
        device, step = self.anchor.device, batch["step"]
        images, index = batch["images"].to(device, non_blocking=True), batch["index"]
        with torch.autocast(device.type, enabled=False):  # views are the same in every precision
            x1, x2 = (self.policy(images, step=step, index=index, view=view) for view in (0, 1))
            if self.split is not None:
                x1, x2 = self.split(x1, x2, step=step, index=index)
            patches = None if self.puzzle is None else self.puzzle.patches(images, step=step, index=index)
        labels = batch["labels"].to(device, non_blocking=True) if self.labels else None
        factors = self._shown(step=step, index=index) if self.factors else None
        return {"views": Views(x1, x2, labels, patches, factors), "step": step}

    def _shown(self, *, step: int, index: Tensor) -> tuple[Tensor, Tensor] | None:
        first, second = (self.policy.shown(step=step, index=index.cpu(), view=view) for view in (0, 1))
        if first is None or second is None:
            return None
        return first.to(self.anchor.device), second.to(self.anchor.device)
