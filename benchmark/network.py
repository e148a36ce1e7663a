"""Backbone and projector: the half of a pretraining that is the same for every objective."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from downstream.backbone import Backbone, BackboneSpec
from objectives.contract import Features


class PretrainNetwork(nn.Module):
    """The `Network` of the objective contract.

    Args:
        spec: the backbone.
        hidden: width of the projector's hidden layer; 0 = that of the features.
        projection: D.
        device: where the objective's random stream lives.
    """

    def __init__(self, spec: BackboneSpec, *, hidden: int, projection: int, device: str) -> None:
        super().__init__()
        features = spec.stage_dims[-1]
        self.backbone = Backbone(spec)
        # SimCLR's projector (Chen et al. 2020, arXiv 2002.05709, §4.2), with its released code's hidden BN.
        self.projector = nn.Sequential(
            nn.Linear(features, hidden or features, bias=False),
            nn.BatchNorm1d(hidden or features),
            nn.ReLU(inplace=True),
            nn.Linear(hidden or features, projection),
        )
        self.generator = torch.Generator(device)

    def encode(self, x: Tensor) -> Features:
        """Map views (N, 3, H, W) to pooled stage outputs (N, C_i) and h (N, F)."""
        first, second, third, fourth = (stage.mean(dim=(2, 3)) for stage in self.backbone.stages(x))
        return Features(stages=(first, second, third, fourth), h=fourth)

    def project(self, h: Tensor) -> Tensor:
        """Map features h (N, F) to projections z (N, D), not normalised."""
        z: Tensor = self.projector(h)
        return z
