"""The ceiling: cross-entropy on what is known of the pretraining images, on the same views and budget."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from objectives.contract import BaseLoss, Dims, Network, Views
from objectives.registry import OBJECTIVES

TARGETS = ("labels", "factors")


@OBJECTIVES.register_module("supervised")
class Supervised(BaseLoss):
    """Classify both views of an image from h by one linear layer: its class, or the level of every known factor."""

    def __init__(
        self,
        dims: Dims,
        *,
        targets: str = "labels",  # or "factors", each by the levels that this very view shows
    ) -> None:
        super().__init__()
        if targets not in TARGETS:
            raise ValueError(f"supervised: targets must be one of {', '.join(TARGETS)}, got {targets!r}")
        if targets == "labels" and dims.classes < 2:
            raise ValueError(f"supervised: the pretraining images must have labels of >= 2 classes, got {dims.classes}")
        if targets == "factors" and not dims.factors:
            raise ValueError("supervised: targets 'factors' need views of known factors, views.factors.mode rendered")
        self.needs_labels, self.needs_factors = targets == "labels", targets == "factors"
        self.levels = dims.factors if self.needs_factors else (dims.classes,)
        self.classifier = nn.Linear(dims.features, sum(self.levels))

    def compare(self, h1: Tensor, h2: Tensor, views: Views, net: Network) -> dict[str, Tensor]:
        """Return {"cross_entropy": mean over both views, in nats, summed over the factors if they are the targets}."""
        if self.needs_factors:
            assert views.factors is not None
            first, second = views.factors
        else:
            assert views.labels is not None
            first = second = views.labels.unsqueeze(1)
        return {"cross_entropy": (self._cross_entropy(h1, first) + self._cross_entropy(h2, second)) / 2}

    def _cross_entropy(self, h: Tensor, targets: Tensor) -> Tensor:
        """Of features (N, F) and targets (N, K), summed over the K targets."""
        logits = self.classifier(h).split(self.levels, dim=1)
        return torch.stack([F.cross_entropy(own, targets[:, k]) for k, own in enumerate(logits)]).sum()
