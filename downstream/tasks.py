"""What a downstream task is given, what it returns, and which families of tasks there are."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from downstream.backbone import BackboneSpec
from downstream.factor_options import FactorOptions
from downstream.image_options import ClassificationOptions, FinetuningOptions
from downstream.representation_options import RepresentationOptions

Report = Callable[[int, int, dict[str, float]], None]
"""Progress: step, number of steps, named terms of the moment."""

Pairs = Callable[[int], tuple[Tensor, Tensor]]
"""From a number of images to two views of each."""


@dataclass(frozen=True)
class Context:
    """Everything a task needs besides its own options.

    Attributes:
        backbone: file of the pretrained weights (torchvision's key names).
        spec: architecture and input statistics of that backbone.
        data_root: folder below which the data trees lie.
        work_dir: folder for whatever the task writes; holds what it wrote before it was killed, if it was.
        store: folder where decoded images are kept for the next reader.
        seed: seeds heads, order and augmentation of the task.
        device: torch device string.
        report: progress call.
        projector: file of the projector that the backbone was pretrained with; None where there is none.
        shared: factors that both views of an image had in common in the pretraining; None where that is not known.
        pairs: N -> the views x1 and x2, (N, 3, H, W) each, of N images, normalised, as the pretraining made them; fewer
            where there are fewer images. None where nothing is known of the pretraining.
    """

    backbone: Path
    spec: BackboneSpec
    data_root: Path
    work_dir: Path
    store: Path
    seed: int
    device: str
    report: Report
    projector: Path | None = None
    shared: tuple[str, ...] | None = None
    pairs: Pairs | None = None

    @property
    def kept(self) -> Path:
        """Folder below `work_dir`; files that a task leaves there stay beside its numbers when the rest is removed."""
        return self.work_dir / "kept"


@dataclass(frozen=True)
class Metric:
    """One number: a fraction in [0, 1], of one data set, one split and one way to select it.

    Attributes:
        dataset: name as tables show it, "shapes VOC".
        metric: "linear_top1", "knn_mean_class", "finetune_top1", "AP50", "mIoU", ...; `results.order` lists them.
        split: "test" or "val".
        selection: "last" (end of training, or last entry of a grid of settings), "selected" (on validation data) or
            "oracle" (best on the test data).
        value: fraction in [0, 1].
    """

    dataset: str
    metric: str
    split: str
    selection: str
    value: float


@dataclass(frozen=True)
class DetectionOptions:
    """Training and test of an mmdet detector on a VOC or COCO tree.

    Attributes:
        dataset: name as tables show it.
        config: mmdet config, a path below configs/ or an absolute one.
        data: tree below the data root; paths in the config are below it.
        classes: names of the classes in the order of their labels; () = those of the data set that the config names.
        overrides: dotted keys of the mmdet config and their values.
    """

    family: ClassVar[str] = "detection"

    dataset: str
    config: str
    data: str
    classes: tuple[str, ...]
    overrides: dict[str, Any]


@dataclass(frozen=True)
class SegmentationOptions:
    """Training and test of an mmseg segmentor on a tree of images and label maps.

    Attributes:
        dataset: name as tables show it.
        config: mmseg config, a path below configs/ or an absolute one.
        data: tree below the data root; paths in the config are below it.
        classes: names of the classes in the order of their labels, without the 0 of "other" where the config reduces
            it; () = those of the data set that the config names.
        palette: colour of every class, (red, green, blue) of 0 to 255, for pictures; () = any.
        overrides: dotted keys of the mmseg config and their values.
    """

    family: ClassVar[str] = "segmentation"

    dataset: str
    config: str
    data: str
    classes: tuple[str, ...]
    palette: tuple[tuple[int, int, int], ...]
    overrides: dict[str, Any]

    def __post_init__(self) -> None:
        """Refuse a palette that does not belong to the classes."""
        if self.palette and len(self.palette) != len(self.classes):
            raise ValueError(
                f"{self.dataset}: palette must have a colour for each of {len(self.classes)} classes, "
                f"got {len(self.palette)}"
            )
        if any(not 0 <= value <= 255 for colour in self.palette for value in colour):
            raise ValueError(f"{self.dataset}: palette must hold values of 0 to 255, got {self.palette}")


TaskOptions = (
    ClassificationOptions
    | FinetuningOptions
    | DetectionOptions
    | SegmentationOptions
    | FactorOptions
    | RepresentationOptions
)

OPTIONS: dict[str, type[TaskOptions]] = {options.family: options for options in typing.get_args(TaskOptions)}
"""Family name -> its options; the family's code is the module `downstream.<family>`."""
