"""What an objective is given and what it returns.

Symbols: N images, D projection, F feature, x pixels, h features, z projections, suffix 1/2 for the two views.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Views:
    """Two augmented views of the same N images.

    Attributes:
        x1: first view, normalised, (N, 3, H, W).
        x2: second view of the same images in the same order.
        labels: class of each image, (N,) int64; None unless the objective sets `needs_labels`.
    """

    x1: Tensor
    x2: Tensor
    labels: Tensor | None


@dataclass(frozen=True)
class Features:
    """What the backbone says of N images.

    Attributes:
        stages: average-pooled outputs of the four residual stages, each (N, C_i).
        h: the representation that is evaluated downstream, (N, F); equals the last stage.
    """

    stages: tuple[Tensor, Tensor, Tensor, Tensor]
    h: Tensor


@dataclass(frozen=True)
class Dims:
    """Sizes that an objective's own layers depend on.

    Attributes:
        features: F.
        projection: D.
        image: H = W of a view in pixels.
        classes: number of classes of the pretraining images; 0 if they have no labels.
    """

    features: int
    projection: int
    image: int
    classes: int


class Network(Protocol):
    """Backbone and projector, owned by the harness."""

    generator: torch.Generator
    """The objective's own random stream, on the device, set anew from (seed, step) at every step."""

    def encode(self, x: Tensor) -> Features:
        """Map views (N, 3, H, W) to features."""
        ...

    def project(self, h: Tensor) -> Tensor:
        """Map features h (N, F) to projections z (N, D), not normalised."""
        ...


class Objective(nn.Module, ABC):
    """What is minimised. Subclasses are final; own layers (a decoder, a predictor) are ordinary submodules.

    A subclass takes `dims: Dims` first and its hyper-parameters keyword-only, with their defaults there.
    """

    derived: ClassVar[bool] = False
    """The loss was derived here from a paper's theory, because the paper's own form is not public."""

    needs_labels: ClassVar[bool] = False
    """`Views.labels` is filled. Only for reference rows: a contrastive objective sees no labels."""

    trains: ClassVar[bool] = True
    """False for the row without pretraining: the backbone stays as it was initialised."""

    @abstractmethod
    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return named, already weighted terms (scalars); their sum is the loss."""
