"""Suppression with equal scores and by class, and Mask R-CNN's targets, through mmcv and mmdet as they call them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from operator_loops import greedy_nms, iou, roi_align_loop
from torch import Tensor

from downstream import dense, mmcv_ops

mmcv_ops.install()
with dense.quiet():
    from mmcv.ops import batched_nms, nms
    from mmdet.models.layers import multiclass_nms
    from mmdet.structures.mask import BitmapMasks, mask_target
    from mmengine.config import ConfigDict


def whole_boxes(count: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Boxes with whole sides and scores of one decimal, so that many overlaps and scores are equal."""
    random = torch.Generator().manual_seed(seed)
    corner = torch.randint(0, 20, (count, 2), generator=random).float()
    size = torch.randint(4, 12, (count, 2), generator=random).float()
    return torch.cat([corner, corner + size], dim=1), torch.randint(1, 10, (count,), generator=random) / 10


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_of_equal_scores_the_lower_index_wins(seed: int, offset: int) -> None:
    # mmcv's compiled kernels sort without a promise about equal scores; this is one of the orders that they allow.
    boxes, scores = whole_boxes(80, seed=seed)
    assert len(scores.unique()) < len(scores)
    detections, kept = nms(boxes, scores, iou_threshold=0.451, offset=offset)
    assert kept.tolist() == greedy_nms(boxes, scores, 0.451, offset)
    assert torch.equal(detections, torch.cat([boxes, scores[:, None]], dim=1)[kept])


def test_of_copies_of_one_box_the_first_is_kept() -> None:
    boxes = torch.tensor([[5.0, 5.0, 15.0, 15.0]]).repeat(4, 1)
    assert nms(boxes, torch.tensor([0.5, 0.7, 0.7, 0.5]), 0.5)[1].tolist() == [1]


@pytest.mark.parametrize(("threshold", "kept"), [(0.5, [0, 1]), (0.4999, [0])])
def test_a_box_goes_only_if_its_overlap_is_greater_than_the_threshold(threshold: float, kept: list[int]) -> None:
    boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 2.0]])
    assert iou(boxes[0].tolist(), boxes[1].tolist(), 0) == 0.5
    assert nms(boxes, torch.tensor([0.9, 0.8]), threshold)[1].tolist() == kept


@pytest.mark.parametrize("split", [10000, 10], ids=["all at once", "class by class"])
def test_suppression_by_class_is_that_of_every_class_alone(split: int) -> None:
    boxes, _ = whole_boxes(60, seed=4)
    random = torch.Generator().manual_seed(5)
    scores, kinds = torch.rand(60, generator=random), torch.randint(3, (60,), generator=random)
    detections, kept = batched_nms(boxes, scores, kinds, {"type": "nms", "iou_threshold": 0.401, "split_thr": split})
    expected = []
    for kind in range(3):
        of_kind = (kinds == kind).nonzero()[:, 0]
        expected += [int(of_kind[index]) for index in greedy_nms(boxes[of_kind], scores[of_kind], 0.401, 0)]
    expected.sort(key=lambda index: -float(scores[index]))
    assert kept.tolist() == expected
    torch.testing.assert_close(detections[:, 4], scores[expected])
    assert len(expected) > len(greedy_nms(boxes, scores, 0.401, 0))  # classes do not suppress each other


def test_detections_of_several_classes_are_those_of_a_loop_over_classes() -> None:
    boxes, _ = whole_boxes(40, seed=6)
    scores = torch.rand(40, 4, generator=torch.Generator().manual_seed(7))  # three classes and background
    config = ConfigDict(type="nms", iou_threshold=0.5)
    detections, labels = multiclass_nms(boxes, scores, 0.3, config, max_num=25)
    rows = []
    for kind in range(3):
        above = (scores[:, kind] > 0.3).nonzero()[:, 0]
        for index in greedy_nms(boxes[above], scores[above, kind], 0.5, 0):
            rows.append((float(scores[above[index], kind]), kind, boxes[above[index]].tolist()))
    rows.sort(key=lambda row: -row[0])
    assert labels.tolist() == [kind for _, kind, _ in rows[:25]]
    torch.testing.assert_close(detections[:, :4], torch.tensor([box for _, _, box in rows[:25]]))


def test_mask_targets_are_the_masks_averaged_over_each_bin_and_cut_at_a_half() -> None:
    random = np.random.default_rng(0)
    masks = np.zeros((3, 24, 30), dtype=np.uint8)
    for number, (top, left) in enumerate(((3, 4), (8, 10), (0, 15))):
        masks[number, top : top + 13, left : left + 11] = 1
    masks ^= (random.random(masks.shape) < 0.05).astype(np.uint8)
    regions = torch.tensor(
        [[3.2, 2.1, 17.7, 17.3], [9.0, 7.5, 28.0, 20.25], [12.4, 0.0, 29.9, 14.6], [0.3, 0.2, 8.1, 6.4]]
    )
    owners = torch.tensor([0, 1, 2, 0])
    config = ConfigDict(mask_size=7)
    targets = mask_target([regions], [owners], [BitmapMasks(list(masks), 24, 30)], config)
    planes = torch.tensor(masks, dtype=torch.float64)[:, None]
    rows = torch.cat([owners[:, None].double(), regions.double()], dim=1)
    averages = roi_align_loop(planes, rows, 7, 1.0, 0, True)[:, 0]
    assert ((averages - 0.5).abs() > 1e-6).all()
    assert torch.equal(targets, (averages >= 0.5).float())
    assert 0.2 < targets.mean() < 0.8
