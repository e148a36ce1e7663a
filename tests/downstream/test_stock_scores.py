"""The stock AP of boxes and masks and the stock mIoU against loops, with ties, difficult objects, crowds and ignore."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pycocotools import mask as run_lengths
from score_loops import Box, Found, Truth, box_iou, coco_ap, mean_iou, pixel_iou, voc_ap

from downstream import dense
from downstream.detection import import_mmdet

import_mmdet()
with dense.quiet():
    from mmdet.evaluation.metrics import CocoMetric, VOCMetric
    from mmseg.evaluation.metrics import IoUMetric

SIDE, IMAGES, KINDS = 40, 6, 3
THRESHOLDS = np.linspace(0.5, 0.95, 10).tolist()
# mmdet's VOC code has overlaps in single precision: 0.7 is below 0.7 there.
BETWEEN = [threshold + 1e-3 for threshold in THRESHOLDS]
ROUNDING = 6e-4  # mm rounds AP to three decimals


def random_box(random: np.random.Generator) -> Box:
    left, top = random.integers(0, 26, 2)
    width, height = random.integers(6, 14, 2)
    return float(left), float(top), float(left + width), float(top + height)


def case(seed: int, *, decimals: int) -> tuple[list[Truth], list[Found]]:
    """Objects and detections near them, twice on some, beside some; with one decimal many scores are equal."""
    random = np.random.default_rng(seed)
    truths, founds = [], []
    for image in range(IMAGES):
        for _ in range(4):
            kind, box = int(random.integers(KINDS - 1)), random_box(random)  # the last class has no object
            truths.append(Truth(image, kind, box, skipped=bool(random.random() < 0.25)))
            for _ in range(int(random.integers(3))):
                moved = [min(SIDE - 1.0, max(0.0, side + float(random.integers(-2, 3)))) for side in box]
                near = (moved[0], moved[1], max(moved[2], moved[0] + 2), max(moved[3], moved[1] + 2))
                founds.append(Found(image, kind, near, round(float(random.random()), decimals)))
        founds.append(
            Found(image, int(random.integers(KINDS)), random_box(random), round(float(random.random()), decimals))
        )
    return truths, founds


def mask(box: Box) -> np.ndarray[Any, np.dtype[np.uint8]]:
    pixels = np.zeros((SIDE, SIDE), dtype=np.uint8)
    pixels[int(box[1]) : int(box[3]), int(box[0]) : int(box[2])] = 1
    return pixels


def instances(of_image: list[Any]) -> dict[str, Any]:
    """Boxes and labels as mm has them."""
    boxes = torch.tensor([each.box for each in of_image]).reshape(-1, 4)
    return {"bboxes": boxes, "labels": torch.tensor([each.kind for each in of_image], dtype=torch.long)}


def predictions(founds: list[Found], image: int) -> dict[str, Any]:
    here = [found for found in founds if found.image == image]
    scores = torch.tensor([found.score for found in here])
    masks = torch.tensor(np.array([mask(found.box) for found in here]).reshape(-1, SIDE, SIDE)).bool()
    return {**instances(here), "scores": scores, "masks": masks}


def write_annotations(file: Path, truths: list[Truth]) -> None:
    entries = []
    for number, truth in enumerate(truths, start=1):
        left, top, right, bottom = truth.box
        outline = run_lengths.encode(np.asfortranarray(mask(truth.box)))
        outline["counts"] = outline["counts"].decode()
        box = {"bbox": [left, top, right - left, bottom - top], "area": (right - left) * (bottom - top)}
        part = {"id": number, "image_id": truth.image, "category_id": truth.kind, "iscrowd": int(truth.skipped)}
        entries.append({**part, **box, "segmentation": outline})
    images = [{"id": image, "file_name": f"{image}.jpg", "width": SIDE, "height": SIDE} for image in range(IMAGES)]
    categories = [{"id": kind, "name": str(kind)} for kind in range(KINDS)]
    file.write_text(json.dumps({"images": images, "annotations": entries, "categories": categories}))


@pytest.mark.parametrize("seed", range(4))
def test_coco_ap_of_boxes_and_masks_is_that_of_the_loop(seed: int, tmp_path: Path) -> None:
    truths, founds = case(seed, decimals=1)
    write_annotations(tmp_path / "annotations.json", truths)
    with dense.quiet():
        metric = CocoMetric(ann_file=str(tmp_path / "annotations.json"), metric=["bbox", "segm"])
        metric.dataset_meta = {"classes": [str(kind) for kind in range(KINDS)]}
        samples = [
            {"img_id": image, "ori_shape": (SIDE, SIDE), "pred_instances": predictions(founds, image)}
            for image in range(IMAGES)
        ]
        metric.process({}, samples)
        scores = metric.evaluate(IMAGES)
    for kind, iou in (("bbox", box_iou(0.0)), ("segm", pixel_iou)):
        values = [coco_ap(truths, founds, threshold=threshold, iou=iou) for threshold in THRESHOLDS]
        assert 0.1 < values[0] < 1
        assert scores[f"coco/{kind}_mAP"] == pytest.approx(sum(values) / 10, abs=ROUNDING)
        assert scores[f"coco/{kind}_mAP_50"] == pytest.approx(values[0], abs=ROUNDING)
        assert scores[f"coco/{kind}_mAP_75"] == pytest.approx(values[5], abs=ROUNDING)


@pytest.mark.parametrize("mode", ["11points", "area"])
@pytest.mark.parametrize("seed", range(3))
def test_voc_ap_is_that_of_the_loop(seed: int, mode: str) -> None:
    truths, founds = case(seed, decimals=9)  # mmdet's VOC code leaves the order of equal scores to numpy's fastest sort
    samples = []
    for image in range(IMAGES):
        here = [truth for truth in truths if truth.image == image]
        samples.append(
            {
                "gt_instances": instances([truth for truth in here if not truth.skipped]),
                "ignored_instances": instances([truth for truth in here if truth.skipped]),
                "pred_instances": predictions(founds, image),
            }
        )
    with dense.quiet():
        metric = VOCMetric(iou_thrs=BETWEEN, eval_mode=mode)
        metric.dataset_meta = {"classes": [str(kind) for kind in range(KINDS)]}
        metric.process({}, samples)
        scores = metric.evaluate(IMAGES)
    values = [voc_ap(truths, founds, threshold=threshold, eleven=mode == "11points") for threshold in BETWEEN]
    assert 0.1 < values[0] < 1
    assert scores["pascal_voc/mAP"] == pytest.approx(sum(values) / 10, abs=ROUNDING)
    assert scores["pascal_voc/AP50"] == pytest.approx(values[0], abs=ROUNDING)
    assert scores["pascal_voc/AP75"] == pytest.approx(values[5], abs=ROUNDING)


def test_mean_iou_is_that_of_a_loop_over_pixels() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, (3, 6, 7))  # five classes: the last one is neither there nor predicted
    predicted = np.where(random.random(labels.shape) < 0.6, labels, random.integers(0, 4, labels.shape))
    labels[random.random(labels.shape) < 0.2] = 255
    samples = [
        {"pred_sem_seg": {"data": torch.tensor(found)[None]}, "gt_sem_seg": {"data": torch.tensor(truth)[None]}}
        for found, truth in zip(predicted, labels, strict=True)
    ]
    with dense.quiet():
        metric = IoUMetric(iou_metrics=["mIoU"])
        metric.dataset_meta = {"classes": list("abcde")}
        metric.process({}, samples)
        score = metric.evaluate(3)["mIoU"]
    expected = mean_iou(
        [each.ravel().tolist() for each in predicted],
        [each.ravel().tolist() for each in labels],
        classes=5,
        ignored=255,
    )
    assert 0.2 < expected < 0.9
    assert score == pytest.approx(100 * expected, abs=6e-3)  # mmseg rounds percent to two decimals
