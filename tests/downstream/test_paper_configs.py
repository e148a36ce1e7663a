"""The papers' dense configs with a real ResNet-50: they build, check their data, train two steps and are tested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import paper_trees
import pytest
import torch

from downstream import dense, detection, mmcv_ops, segmentation
from downstream.backbone import Backbone, BackboneSpec, save_backbone
from downstream.tasks import Context, DetectionOptions, SegmentationOptions

mmcv_ops.install()
with dense.quiet():
    from mmdet.datasets import CocoDataset, VOCDataset
    from mmseg.datasets import ADE20KDataset, CityscapesDataset, PascalVOCDataset

SPEC = BackboneSpec(50, 1.0, "imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
BOXES = ["AP", "AP50", "AP75"]
MASKS = ["mask_AP", "mask_AP50", "mask_AP75"]
SIDES = [(160, 96), (160, 112)]

DETECTORS = {
    "voc0712_faster_rcnn_c4": BOXES,
    "voc0712_faster_rcnn_fpn": BOXES,
    "coco_mask_rcnn_fpn_1x": BOXES + MASKS,
    "coco_mask_rcnn_fpn_2x": BOXES + MASKS,
    "coco_mask_rcnn_c4_1x": BOXES + MASKS,
    "coco_mask_rcnn_c4_2x": BOXES + MASKS,
}
SEGMENTORS = ["ade20k_upernet_160k", "ade20k_upernet_80k", "ade20k_fcn_160k", "cityscapes_fcn_40k", "voc12aug_fcn_20k"]


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet-50 as it begins."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("backbone") / "backbone.pth"
    save_backbone(Backbone(SPEC), file)
    return file


def context(folder: Path, backbone: Path, steps: list[int]) -> Context:
    (folder / "work").mkdir()
    return Context(
        backbone=backbone,
        spec=SPEC,
        data_root=folder,
        work_dir=folder / "work",
        store=folder / "store",
        seed=0,
        device="cpu",
        report=lambda step, _, __: steps.append(step),
    )


def test_every_config_of_the_papers_is_tried_here() -> None:
    names = {path.stem for path in (dense.CONFIGS / "downstream").glob("*.py")}
    papers = {name for name in names if name.startswith(("voc0712", "coco_mask", "ade20k", "cityscapes", "voc12aug"))}
    assert papers == {*DETECTORS, *SEGMENTORS}


def small_detector(name: str) -> dict[str, Any]:
    """Two steps of two small images, with few proposals; all else is the config's."""
    leaf = [f"datasets.{number}." for number in range(2)] if "voc" in name else [""]
    settings: dict[str, Any] = {f"train_dataloader.dataset.{each}pipeline.2.scales": SIDES for each in leaf}
    return (
        settings
        | {
            "test_dataloader.dataset.pipeline.1.scale": SIDES[0],
            "train_cfg.max_iters": 2,
            "train_dataloader.batch_size": 2,
            "train_dataloader.num_workers": 0,
            "test_dataloader.num_workers": 0,
            "model.train_cfg.rpn_proposal.max_per_img": 50,
            "model.train_cfg.rcnn.sampler.num": 16,
            "model.test_cfg.rpn.max_per_img": 20,
        }
        | ({} if name == "voc0712_faster_rcnn_fpn" else {"precise_batch_norm": 1})
    )


@pytest.mark.parametrize(("name", "metrics"), DETECTORS.items())
def test_a_detector_of_the_papers_trains_and_is_tested(
    name: str, metrics: list[str], tmp_path: Path, backbone: Path
) -> None:
    write, known = (paper_trees.write_voc, VOCDataset) if "voc" in name else (paper_trees.write_coco, CocoDataset)
    write(tmp_path / "tree", known.METAINFO["classes"])
    options = DetectionOptions(name, f"downstream/{name}.py", "tree", classes=(), overrides=small_detector(name))
    assert detection.check_data(options, data_root=tmp_path, store=tmp_path / "store")
    steps: list[int] = []
    found = detection.run(options, context(tmp_path, backbone, steps))
    assert steps == [1, 2]
    assert [metric.metric for metric in found] == metrics
    assert all(0 <= metric.value <= 1 for metric in found)


@pytest.mark.parametrize("name", ["voc0712_faster_rcnn_c4", "coco_mask_rcnn_c4_1x"])
def test_a_c4_detector_fits_itself_to_another_depth_width_and_stem(name: str, tmp_path: Path) -> None:
    narrow = replace(SPEC, depth=18, width=0.25, stem="cifar")
    torch.manual_seed(0)
    save_backbone(Backbone(narrow), tmp_path / "narrow.pth")
    write = paper_trees.write_voc if "voc" in name else paper_trees.write_coco
    write(tmp_path / "tree", ("one", "two"))
    options = DetectionOptions(
        name, f"downstream/{name}.py", "tree", classes=("one", "two"), overrides=small_detector(name)
    )
    steps: list[int] = []
    task = replace(context(tmp_path, tmp_path / "narrow.pth", steps), spec=narrow)
    assert len(detection.run(options, task)) == (3 if "voc" in name else 6)
    assert steps == [1, 2]


TREES: dict[str, tuple[Callable[..., None], Any]] = {
    "ade20k": (paper_trees.write_ade20k, ADE20KDataset),
    "cityscapes": (paper_trees.write_cityscapes, CityscapesDataset),
    "voc12aug": (paper_trees.write_voc12aug, PascalVOCDataset),
}


def small_segmentor(name: str) -> dict[str, Any]:
    """Two steps of two small crops; all else is the config's."""
    parts = [f"datasets.{number}." for number in range(2)] if "voc" in name else [""]
    settings: dict[str, Any] = {f"train_dataloader.dataset.{each}pipeline.2.scale": (128, 96) for each in parts}
    settings |= {f"train_dataloader.dataset.{each}pipeline.3.crop_size": (64, 64) for each in parts}
    if "voc" in name:
        settings |= {f"train_dataloader.dataset.{each}pipeline.6.size": (64, 64) for each in parts}
    return settings | {
        "test_dataloader.dataset.pipeline.1.scale": (128, 96),
        "model.data_preprocessor.size": (64, 64),
        "train_cfg.max_iters": 2,
        "train_dataloader.batch_size": 2,
        "train_dataloader.num_workers": 0,
        "test_dataloader.num_workers": 0,
    }


@pytest.mark.parametrize("name", SEGMENTORS)
def test_a_segmentor_of_the_papers_trains_and_is_tested(name: str, tmp_path: Path, backbone: Path) -> None:
    write, known = TREES[name.partition("_")[0]]
    write(tmp_path / "tree", known.METAINFO["classes"])
    options = SegmentationOptions(
        name, f"downstream/{name}.py", "tree", classes=(), palette=(), overrides=small_segmentor(name)
    )
    assert segmentation.check_data(options, data_root=tmp_path, store=tmp_path / "store")
    steps: list[int] = []
    (metric,) = segmentation.run(options, context(tmp_path, backbone, steps))
    assert steps == [1, 2]
    assert metric.metric == "mIoU"
    assert 0 <= metric.value <= 1
