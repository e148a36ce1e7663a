"""Pretraining on a GPU, in bfloat16: the whole loop beside the bare one, and beside lightly's SimCLR."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from benchmark.config import load
from benchmark.perf.comparison import Comparison
from benchmark.perf.loop import SIMCLR, Setting, compare, missing
from objectives.registry import load_objectives

_WHY_NOT = "no GPU here; where there is one: make perf PARTS=loop_gpu"


def settings() -> list[Setting]:
    """A ResNet-18 on CIFAR-10, and a ResNet-50 on images of 256 pixels that lie decoded in memory."""
    half, large = "training.precision=bfloat16", ("model.depth=50", "model.stem=imagenet")
    photographs = ("views.size=224", "data.image_size=256", "training.batch=128")
    small = load("cifar10", (*SIMCLR, "training.batch=512", half))
    return [
        Setting("ResNet-18, 32 px, batch 512, on a GPU", small, 40, 0.9, 5.0, device="cuda"),
        Setting(
            "ResNet-50, 256 -> 224 px, batch 128, on a GPU",
            load("cifar10", (*large, *photographs, half)),
            20,
            0.9,
            None,
            device="cuda",
            resident=256,
        ),
    ]


def measure() -> Iterator[Comparison]:
    """Every setting in turn; without a GPU, what would be measured."""
    load_objectives()
    for setting in settings():
        if torch.cuda.is_available():
            yield from compare(setting)
        else:
            for other, bar in (("the bare loop", setting.bare), ("lightly", setting.peer)):
                if bar is not None:
                    yield missing(setting.what, other, bar=bar, note=_WHY_NOT)
