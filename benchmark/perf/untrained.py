"""What a task is given, with embedded scenes and an untrained backbone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from benchmark.config import BenchConfig
from benchmark.data import shapes
from benchmark.pretrain import backbone_spec
from downstream.backbone import Backbone, save_backbone
from downstream.tasks import Context


def untrained(config: BenchConfig, folder: Path, **images: int) -> Context:
    """Make scenes and backbone in an empty folder.

    Args:
        config: a config of the embedded scenes of several objects.
        folder: where everything goes.
        images: how many of each kind, by the names of `ShapesConfig`.
    """
    scenes = config.data.shapes
    assert scenes is not None
    shapes.ensure(replace(scenes, **images), folder / "shapes")
    spec = backbone_spec(config)
    torch.manual_seed(0)
    save_backbone(Backbone(spec), folder / "backbone.pth")
    return Context(
        backbone=folder / "backbone.pth",
        spec=spec,
        data_root=folder,
        work_dir=folder,
        store=folder / "store",
        seed=0,
        device="cpu",
        report=lambda *_: None,
    )
