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

# Name, steps of the schedule, where the rate falls, images a step, rate, numbers of the test.
DETECTORS = [
    ("voc0712_faster_rcnn_c4", 24000, [18000, 22000], 16, 0.02, BOXES),
    ("voc0712_faster_rcnn_fpn", 144000, [96000, 128000], 2, 0.0025, BOXES),
    ("coco_mask_rcnn_fpn_1x", 90000, [60000, 80000], 16, 0.02, BOXES + MASKS),
    ("coco_mask_rcnn_fpn_2x", 180000, [120000, 160000], 16, 0.02, BOXES + MASKS),
    ("coco_mask_rcnn_c4_1x", 90000, [60000, 80000], 16, 0.02, BOXES + MASKS),
    ("coco_mask_rcnn_c4_2x", 180000, [120000, 160000], 16, 0.02, BOXES + MASKS),
]
# Name, steps of the schedule, images a step, side of the crop in the test here.
SEGMENTORS = [
    ("ade20k_upernet_160k", 160000, 16, 512),
    ("ade20k_upernet_80k", 80000, 16, 512),
    ("ade20k_fcn_160k", 160000, 16, 512),
    ("cityscapes_fcn_40k", 40000, 8, 512),
    ("voc12aug_fcn_20k", 20000, 16, 512),
]


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
    assert papers == {row[0] for row in DETECTORS} | {row[0] for row in SEGMENTORS}


@pytest.mark.parametrize(("name", "steps", "falls", "batch", "rate", "metrics"), DETECTORS)
def test_a_detection_schedule_is_that_of_its_source(
    name: str, steps: int, falls: list[int], batch: int, rate: float, metrics: list[str]
) -> None:
    config = dense.load_config(f"downstream/{name}.py", overrides={})
    assert config.train_cfg.max_iters == steps
    assert config.param_scheduler[1].milestones == falls
    assert config.param_scheduler[1].end == steps
    assert config.param_scheduler[0].end == (100 if "voc" in name else 1000)
    assert config.train_dataloader.batch_size == batch
    assert config.optim_wrapper.optimizer.lr == rate
    leaf = next(dense.leaf_datasets(config.train_dataloader.dataset))
    sides = [side for _, side in leaf.pipeline[2].scales]
    assert sides == [*range(480 if "voc" in name else 640, 801, 32)]
    assert config.model.backbone.frozen_stages == -1
    assert config.model.train_cfg.rpn.allowed_border == -1  # detectron2's BOUNDARY_THRESH
    assert ("c4" in name) is ("shared_head" in config.model.roi_head)
    if "c4" in name:
        assert config.model.test_cfg.rpn.nms_pre == 6000
        assert config.model.test_cfg.rpn.max_per_img == 1000
        assert config.model.roi_head.shared_head.extra_norm
    elif "coco" in name:
        head = config.model.roi_head
        assert [part.norm_cfg.type for part in (config.model.neck, head.bbox_head, head.mask_head)] == ["SyncBN"] * 3


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


@pytest.mark.parametrize(("name", "metrics"), [(row[0], row[5]) for row in DETECTORS])
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


@pytest.mark.parametrize(("name", "steps", "batch", "side"), SEGMENTORS)
def test_a_segmentation_schedule_is_that_of_its_source(name: str, steps: int, batch: int, side: int) -> None:
    config = dense.load_config(f"downstream/{name}.py", overrides={})
    assert config.train_cfg.max_iters == steps
    (scheduler,) = config.param_scheduler
    assert (scheduler.end, scheduler.power) == (steps, 0.9)
    assert config.train_dataloader.batch_size == batch
    assert config.model.data_preprocessor.size[0] == side
    assert config.model.backbone.get("dilated", ()) == ((2, 3) if "fcn" in name else ())


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


@pytest.mark.parametrize("name", [row[0] for row in SEGMENTORS])
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
