"""Pretrainings that take a moment: sixteen random images of 16 pixels, a network of 8 to 64 channels."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from benchmark.config import BenchConfig, load
from benchmark.network import PretrainNetwork
from benchmark.pretrain import Parts, build_parts, pretrain
from benchmark.training_hooks import AtomicCheckpoint, Scalars
from downstream.backbone import Backbone
from downstream.imagefolder import ImageSet
from objectives.contract import Network, Objective, Views
from objectives.registry import load_objectives

SIZE, COUNT, BATCH = 16, 16, 4
Reported = list[tuple[int, int, dict[str, float]]]


def images() -> ImageSet:
    pixels = torch.randint(256, (COUNT, 3, SIZE, SIZE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    return ImageSet(pixels, torch.arange(COUNT) % 2, ("even", "odd"), "pixels")


def tiny_config(*overrides: str) -> BenchConfig:
    words = ("views.size=16", "views.blur_kernel=3", "model.width=0.125", "model.projection=8", "training.batch=4")
    return load("smoke", (*words, "training.epochs=2", *overrides))


def parts(config: BenchConfig, *, objective: str = "infonce", seed: int = 0) -> Parts:
    load_objectives()
    return build_parts(objective, config, seed=seed, classes=2, device="cpu")


class Breaking(Objective):
    """Turns not-a-number at step `at`, counted from 1."""

    trains: ClassVar[bool] = True

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at, self.step = at, 0

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return two terms, of which the first breaks."""
        self.step += 1
        fine = net.project(net.encode(views.x1).h).square().mean()
        return {"contrast": fine * (float("nan") if self.step >= self.at else 1.0), "other": fine}


def breaking(config: BenchConfig, *, at: int) -> Parts:
    network: PretrainNetwork = parts(config).network
    return Parts(network, Breaking(at))


def train(
    config: BenchConfig, folder: Path, *, made_of: Parts | None = None, seed: int = 0, reported: Reported | None = None
) -> Backbone:
    """Pretrain with the hooks that a cell has."""
    folder.mkdir(exist_ok=True)
    shown: Reported = [] if reported is None else reported
    logging = config.logging
    scalars = Scalars(
        folder / "scalars.csv",
        interval=logging.interval,
        checkpoint=logging.checkpoint,
        images=config.training.batch,
        report=lambda step, total, terms: shown.append((step, total, terms)),
    )
    checkpoint = AtomicCheckpoint(folder / "checkpoint.pth", interval=logging.checkpoint)
    made_of = made_of or parts(config, seed=seed)
    return pretrain(made_of, images(), config, seed=seed, work_dir=folder, hooks=[scalars, checkpoint])
