"""What an objective is given and what it returns.

Symbols: N images, D projection, F feature, x pixels, h features, z projections, suffix 1/2 for the two views.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

JIGSAW_SIDE = 3
"""Rows and columns of a jigsaw puzzle."""


@dataclass(frozen=True)
class Views:
    """Two augmented views of the same N images.

    Attributes:
        x1: first view, normalised, (N, 3, H, W).
        x2: second view of the same images in the same order.
        labels: class of each image, (N,) int64; None unless the objective sets `needs_labels`.
        patches: pieces of each image's jigsaw puzzle in their order, normalised, (N, 9, 3, P, P); None unless the
            objective sets `needs_patches`.
        factors: levels of the known factors that the first and the second view show, (N, F) int64 each; None unless
            the objective sets `needs_factors`.
    """

    x1: Tensor
    x2: Tensor
    labels: Tensor | None
    patches: Tensor | None = None
    factors: tuple[Tensor, Tensor] | None = None

    def take(self, rows: Tensor | slice) -> Views:
        """The same of some of the images: indices (n,) or a slice."""
        every = (self.x1, self.x2, self.labels, self.patches)
        x1, x2, labels, patches = (None if each is None else each[rows] for each in every)
        assert x1 is not None
        assert x2 is not None
        factors = None if self.factors is None else (self.factors[0][rows], self.factors[1][rows])
        return Views(x1, x2, labels, patches, factors)


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
        factors: number of levels of each known factor of the views; empty if none is known.
    """

    features: int
    projection: int
    image: int
    classes: int
    factors: tuple[int, ...] = ()


class Encoder(Protocol):
    """A backbone and a projector."""

    def encode(self, x: Tensor) -> Features:
        """Map views (N, 3, H, W) to features."""
        ...

    def project(self, h: Tensor) -> Tensor:
        """Map features h (N, F) to projections z (N, D), not normalised."""
        ...


class Network(Encoder, Protocol):
    """Backbone and projector, owned by the harness, and what goes with them."""

    generator: torch.Generator
    """The objective's own random stream, on the device, set anew from (seed, step) at every step."""

    @property
    def target(self) -> Encoder:
        """The exponential moving average (EMA) of backbone and projector, through which no gradient flows.

        There is one only for objectives with `needs_target`.
        """
        ...


@dataclass(frozen=True)
class Form:
    """A form that a loss takes under other arguments than its defaults.

    Attributes:
        arguments: those that make it.
        exempt: as `Objective.exempt`, for this form alone.
    """

    arguments: Mapping[str, Any]
    exempt: Mapping[str, str] = field(default_factory=dict)


class Objective(nn.Module, ABC):
    """What is minimised. Subclasses are final; own layers (a decoder, a predictor) are ordinary submodules.

    A subclass takes `dims: Dims` first and its hyper-parameters keyword-only, with their defaults there.
    """

    derived: ClassVar[bool] = False
    """The loss was derived here from a paper's theory, because the paper's own form is not public."""

    neutral: ClassVar[Mapping[str, float]] = {}
    """Arguments under which an objective with a `base` equals its base bit for bit: its weights and its noise at 0."""

    bases: ClassVar[tuple[str, ...]] = ()
    """The base losses that an objective with a `base` can stand on; none named means all."""

    variants: ClassVar[tuple[Form, ...]] = ()
    """Other forms of the loss; each is examined like the default one."""

    exempt: ClassVar[Mapping[str, str]] = {}
    """Checks of `objectives.conformance` that do not apply to any form, each with the reason."""

    trains: ClassVar[bool] = True
    """False for the row without pretraining: the backbone stays as it was initialised."""

    needs_labels: bool = False
    """`Views.labels` is filled. Only for reference rows: a contrastive objective sees no labels."""

    needs_factors: bool = False
    """`Views.factors` is filled. Only for reference rows, as `needs_labels`."""

    needs_patches: bool = False
    """`Views.patches` is filled. Set on the class: it decides what a pretraining is found again by."""

    needs_target: bool = False
    """`Network.target` is there, and follows the network after every step by `target_momentum`."""

    @staticmethod
    def at_equal_projections(images: int, dimensions: int) -> float | None:
        """Return the loss by default when all projections of N images in D dimensions are equal; None says nothing."""
        return None

    def target_momentum(self, progress: float) -> float:
        """Return the share of the target that a step keeps; the share of the steps done, `progress`, is in [0, 1).

        Only asked for if `needs_target`.
        """
        raise NotImplementedError

    @abstractmethod
    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return named, already weighted terms (scalars); their sum is the loss."""


class BaseLoss(Objective):
    """An objective that sees the views through their features alone, so that others can be built on it."""

    @abstractmethod
    def compare(self, h1: Tensor, h2: Tensor, views: Views, net: Network) -> dict[str, Tensor]:
        """Return the terms for features of two views.

        Args:
            h1: features of the first views, (N, F), which may have been made noisy.
            h2: features of the second views.
            views: the views as the backbone saw them.
            net: projector, and the target if there is one.
        """

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return the terms for the features of the views as they are."""
        return self.compare(net.encode(views.x1).h, net.encode(views.x2).h, views, net)
