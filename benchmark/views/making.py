"""Which policy makes the views of a config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from benchmark.data.factor_shapes.dataset import levels_of
from benchmark.views.policy import ViewPolicy
from benchmark.views.rendered import RenderedViews

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.config import BenchConfig


class Policy(Protocol):
    """From resident images to one view of each."""

    def __call__(self, images: Tensor, *, step: int, index: Tensor, view: int) -> Tensor:
        """Make one view of every image; see `ViewPolicy`."""
        ...

    def shown(self, *, step: int, index: Tensor, view: int) -> Tensor | None:
        """What the views show, (N, F) levels of factors, from index (N,) on the CPU; None where it is not known."""
        ...


class AugmentedViews(ViewPolicy):
    """Views made of images, of which nothing but the pixels is known."""

    def shown(self, *, step: int, index: Tensor, view: int) -> None:
        """Nothing."""


def is_rendered(config: BenchConfig) -> bool:
    """Whether views are drawn from factors, not made of images."""
    return config.views.factors is not None and config.views.factors.mode == "rendered"


def view_policy(config: BenchConfig, *, seed: int, split: str = "pretrain") -> Policy:
    """What makes the views of a config.

    Args:
        config: the resolved config of a row.
        seed: of the views.
        split: of the scenes, where views are rendered: "pretrain" or "held_out".
    """
    if not is_rendered(config):
        return AugmentedViews(config.views, seed=seed)
    assert config.data.factors is not None
    levels = levels_of(config.data.factors, split, count=config.data.factors.pretrain)
    return RenderedViews(config.views, levels, seed=seed)
