"""The ceiling: cross-entropy on the labels of the pretraining images, on the same views and budget."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from objectives.contract import BaseLoss, Dims, Network, Views
from objectives.registry import OBJECTIVES


@OBJECTIVES.register_module("supervised")
class Supervised(BaseLoss):
    """Classify both views of an image from h by one linear layer."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        if dims.classes < 2:
            raise ValueError(f"supervised: the pretraining images must have labels of >= 2 classes, got {dims.classes}")
        self.needs_labels = True
        self.classifier = nn.Linear(dims.features, dims.classes)

    def compare(self, h1: Tensor, h2: Tensor, views: Views, net: Network) -> dict[str, Tensor]:
        """Return {"cross_entropy": mean over both views, in nats}."""
        assert views.labels is not None
        losses = [F.cross_entropy(self.classifier(h), views.labels) for h in (h1, h2)]
        return {"cross_entropy": (losses[0] + losses[1]) / 2}
