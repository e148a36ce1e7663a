"""Backbone and projector: the half of a pretraining that is the same for every objective."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from downstream.backbone import Backbone, BackboneSpec
from downstream.projector import Projector
from objectives.contract import Features


class _Encoder(nn.Module):
    """A backbone and a projector."""

    def __init__(self, backbone: Backbone, projector: nn.Module) -> None:
        super().__init__()
        self.backbone, self.projector = backbone, projector

    def encode(self, x: Tensor) -> Features:
        """Map views (N, 3, H, W) to pooled stage outputs (N, C_i) and h (N, F)."""
        first, second, third, fourth = (stage.mean(dim=(2, 3)) for stage in self.backbone.stages(x))
        return Features(stages=(first, second, third, fourth), h=fourth)

    def project(self, h: Tensor) -> Tensor:
        """Map features h (N, F) to projections z (N, D), not normalised."""
        z: Tensor = self.projector(h)
        return z


class PretrainNetwork(_Encoder):
    """The `Network` of the objective contract.

    Args:
        spec: the backbone.
        hidden: width of the projector's hidden layer; 0 = that of the features.
        projection: D.
        norm: batch norm after the hidden layer.
        device: where the objective's random stream lives.
    """

    def __init__(self, spec: BackboneSpec, *, hidden: int, projection: int, norm: bool, device: str) -> None:
        backbone, features = Backbone(spec), spec.stage_dims[-1]
        hidden = hidden or features
        projector = Projector(features=features, hidden=hidden, projection=projection, norm=norm)
        super().__init__(backbone, projector)
        self.generator = torch.Generator(device)
        self._target: _Encoder | None = None

    @property
    def target(self) -> _Encoder:
        """The moving average of backbone and projector; its batch norms have statistics of their own."""
        assert self._target is not None, "the objective reads the target without needs_target"
        return self._target

    def add_target(self) -> None:
        """Start the target as a copy of what is there now."""
        self._target = _Encoder(copy.deepcopy(self.backbone), copy.deepcopy(self.projector)).requires_grad_(False)

    @torch.no_grad()
    def update_target(self, momentum: float) -> None:
        """Let every weight of the target keep the share `momentum` and take the rest from the network."""
        online = [*self.backbone.parameters(), *self.projector.parameters()]
        get_ema_multi_avg_fn(momentum)([*self.target.parameters()], online, 0)  # all in one call of a kernel
