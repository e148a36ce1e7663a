"""A tree of images that a glance at their colour tells apart, and a small backbone to look at them."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from downstream.backbone import Backbone, BackboneSpec, save_backbone
from downstream.tasks import Context, Metric, Report

SPEC = BackboneSpec(10, 0.125, "cifar", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
COLOURS = {"blue": (20, 30, 220), "red": (220, 30, 20)}


def silent(step: int, total: int, terms: dict[str, float]) -> None:
    """Show nothing."""


def write_colours(root: Path, *, each: int, spread: float = 15) -> None:
    """Two classes; with a large spread they run into each other."""
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        for name, colour in COLOURS.items():
            (root / split / name).mkdir(parents=True)
            for number in range(each):
                shade = random.normal(colour, spread, 3)
                pixels = np.clip(random.normal(shade, 15, (16, 16, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{name}_{number:03d}.png")


def write_noise(root: Path, *, each: int) -> None:
    """Two classes of noise, which can be known by heart and not told apart."""
    random = np.random.default_rng(0)
    for split in ("train", "test"):
        for name in COLOURS:
            (root / split / name).mkdir(parents=True)
            for number in range(each):
                pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{name}_{number:03d}.png")


def context(folder: Path, *, seed: int = 0, report: Report = silent) -> Context:
    torch.manual_seed(0)
    save_backbone(Backbone(SPEC), folder / "backbone.pth")
    (folder / "work").mkdir(exist_ok=True)
    return Context(
        backbone=folder / "backbone.pth",
        spec=SPEC,
        data_root=folder / "data",
        work_dir=folder / "work",
        store=folder / "store",
        seed=seed,
        device="cpu",
        report=report,
    )


def by_name(metrics: list[Metric]) -> dict[tuple[str, str, str], float]:
    return {(metric.metric, metric.split, metric.selection): metric.value for metric in metrics}
