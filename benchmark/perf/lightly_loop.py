"""lightly's SimCLR as its examples train it: its transform, torch's DataLoader, its head and its loss.

Source: examples/pytorch/simclr.py of lightly 1.6. Images lie decoded in memory, as torchvision's CIFAR10 keeps them.
The backbone is ours, as torch lays it out.

The clock starts when as many batches have been trained on as there are worker processes, so that the start of those is
not in it. It counts whole rounds of the workers, which go on making batches until it stops, so that then as many lie
ready as at its start.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

from benchmark.config import BenchConfig
from benchmark.perf.peers import problem
from benchmark.perf.rates import now
from benchmark.pretrain import backbone_spec
from benchmark.views.parameters import ViewConfig
from downstream.backbone import Backbone
from downstream.cores import cores
from downstream.imagefolder import ImageSet

TEMPERATURE = 0.5
"""Of the loss, lightly's default."""
CLOCK = "lightly's clock starts after a batch of each of its worker processes and counts whole rounds of them"
_AHEAD = 2  # batches that torch's DataLoader has each worker process make ahead


def why_not() -> str:
    """Why lightly cannot be measured here; "" if it can."""
    missing = importlib.util.find_spec("lightly") is None
    return f"lightly is not installed here: {problem('lightly') or 'make perf installs it'}" if missing else ""


def lightly_rates(config: BenchConfig, images: ImageSet, *, steps: int, device: str) -> dict[str, Callable[[], float]]:
    """What measures images a second of lightly's loop, with a worker process for each core; on a CPU also without any.

    Args:
        config: of the pretraining that it is compared with.
        images: to train on.
        steps: how many are wanted.
        device: torch device string.
    """
    pictures = _Pictures(images, config.views)
    return {
        f"lightly, {workers} workers": partial(
            _rate, config, pictures, steps=steps, device=torch.device(device), workers=workers
        )
        for workers in ((0, cores()) if device == "cpu" else (cores(),))
    }


def counted(steps: int, *, workers: int) -> int:
    """The steps that the clock counts: about `steps`, in whole rounds of the worker processes."""
    return workers * max(1, round(steps / workers)) if workers else steps


class _Pictures(Dataset[list[torch.Tensor]]):
    """Images in memory as PIL, two views each, by lightly's SimCLRTransform with the numbers of the config's views."""

    def __init__(self, images: ImageSet, views: ViewConfig) -> None:
        self.pixels = images.images[torch.arange(len(images.images))].permute(0, 2, 3, 1).contiguous().numpy()
        brightness, contrast, saturation, hue = views.jitter
        self.transform = importlib.import_module("lightly.transforms").SimCLRTransform(
            input_size=views.size,
            cj_prob=views.jitter_p,
            cj_strength=1.0,
            cj_bright=brightness,
            cj_contrast=contrast,
            cj_sat=saturation,
            cj_hue=hue,
            min_scale=views.crop_scale[0],
            random_gray_scale=views.grayscale_p,
            gaussian_blur=views.blur_p,
            sigmas=views.blur_sigma,
            hf_prob=views.flip,
            normalize={"mean": views.mean, "std": views.std},
        )

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, row: int) -> list[torch.Tensor]:
        views: list[torch.Tensor] = self.transform(Image.fromarray(self.pixels[row]))
        return views


class _Model(nn.Module):
    """Backbone and lightly's projection head."""

    def __init__(self, config: BenchConfig) -> None:
        super().__init__()
        spec, heads = backbone_spec(config), importlib.import_module("lightly.models.modules.heads")
        features = spec.stage_dims[-1]
        self.backbone = Backbone(spec)
        self.head = heads.SimCLRProjectionHead(features, config.model.hidden or features, config.model.projection)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z: torch.Tensor = self.head(self.backbone(x))
        return z


def _rate(config: BenchConfig, pictures: _Pictures, *, steps: int, device: torch.device, workers: int) -> float:
    training = config.training
    model = _Model(config).to(device)
    criterion: Any = importlib.import_module("lightly.loss").NTXentLoss(temperature=TEMPERATURE)
    optimiser = torch.optim.AdamW(model.parameters(), lr=training.lr, weight_decay=training.weight_decay)
    precision = getattr(torch, training.precision)
    steps = counted(steps, workers=workers)
    sampler = RandomSampler(pictures, num_samples=(steps + (1 + _AHEAD) * workers) * training.batch)
    loader = DataLoader(
        pictures,
        batch_size=training.batch,
        sampler=sampler,
        num_workers=workers,
        prefetch_factor=_AHEAD if workers else None,
        pin_memory=device.type == "cuda",
    )
    total = torch.zeros((), device=device)
    batches = iter(loader)  # kept until the clock has stopped: its processes take a while to end
    started = now(device.type)
    for step in range(1 - workers, steps + 1):
        x0, x1 = next(batches)
        with torch.autocast(device.type, dtype=precision, enabled=precision is not torch.float32):
            loss = criterion(model(x0.to(device)), model(x1.to(device)))
        total += loss.detach()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        if step == 0:
            started = now(device.type)
    return steps * training.batch / (now(device.type) - started)
