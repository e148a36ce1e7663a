"""Pairs of views as a pretraining made them, for tasks that measure what the views or the features of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from benchmark.data.factor_shapes.dataset import levels_of
from benchmark.data.factor_shapes.scenes import draw_images
from benchmark.data.pretraining import evenly_spread, open_pretraining
from benchmark.seeds import derived_seed
from benchmark.views.making import view_policy
from downstream.tasks import Pairs

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.config import BenchConfig

FAMILIES = ("representation",)
"""Families of tasks that look at pairs of views."""

_STEP = 2**32 - 1  # no training comes that far


def view_pairs(config: BenchConfig, *, seed: int, data_root: Path, store: Path) -> Pairs | None:
    """What makes pairs of views of N images, the same for every row that has the same views.

    Where scenes are made from factors they are of scenes drawn apart from those of the pretraining (as there are 3.3
    million, a few occur in both); all others are of an even spread of the pretraining images.

    Args:
        config: the resolved config of a row.
        seed: of the run.
        data_root: folder below which the data trees lie.
        store: folder for packed images.

    Returns:
        The maker of pairs; None where views are channels of a colour space, which the whole backbone does not take.
    """
    if config.views.generator is not None:
        return None

    def pairs(count: int) -> tuple[Tensor, Tensor]:
        images, index, split = _images(config, count, data_root=data_root, store=store)
        policy = view_policy(config, seed=derived_seed(seed, "pairs"), split=split)
        x1, x2 = (policy(images, step=_STEP, index=index, view=view) for view in (0, 1))
        return x1, x2

    return pairs


def _images(config: BenchConfig, count: int, *, data_root: Path, store: Path) -> tuple[Tensor, Tensor, str]:
    """At most `count` images (N, 3, H, W) uint8, their indices (N,), and the split that they are of."""
    factors = config.data.factors
    if factors is not None:
        count = min(count, factors.pretrain)
        levels = levels_of(factors, "held_out", count=count)
        return draw_images(levels, image_size=factors.image_size), torch.arange(count), "held_out"
    every = open_pretraining(config.data, data_root=data_root, store=store).images
    index = evenly_spread(min(count, len(every)), of=len(every))
    return every[index], index, "pretrain"
