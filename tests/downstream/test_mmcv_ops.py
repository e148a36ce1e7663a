"""The operators that stand in for mmcv's compiled ones, against loops and formulas written out."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from operator_loops import iou, roi_align_loop
from torch import Tensor

from downstream import dense, mmcv_ops

WHICH = mmcv_ops.install()
with dense.quiet():
    from mmcv.ops import nms, roi_align, roi_pool, sigmoid_focal_loss

torchvision_only = pytest.mark.skipif(WHICH == "compiled", reason="mmcv's own operators are installed")


def random_boxes(count: int) -> Tensor:
    corner, size = torch.rand(count, 2) * 50, torch.rand(count, 2) * 30 + 1
    return torch.cat([corner, corner + size], dim=1)


@pytest.mark.parametrize("offset", [0, 1])
def test_nms_keeps_what_a_loop_over_sorted_boxes_keeps(offset: int) -> None:
    torch.manual_seed(offset)
    boxes, scores = random_boxes(60), torch.rand(60)
    kept: list[int] = []
    for index in scores.argsort(descending=True).tolist():
        if all(iou(boxes[index].tolist(), boxes[other].tolist(), offset) <= 0.4 for other in kept):
            kept.append(index)
    detections, indices = nms(boxes, scores, iou_threshold=0.4, offset=offset)
    assert indices.tolist() == kept
    torch.testing.assert_close(detections, torch.cat([boxes, scores[:, None]], dim=1)[kept])


def test_nms_with_offset_removes_a_box_that_is_kept_without() -> None:
    boxes = torch.tensor([[0.0, 0.0, 3.0, 3.0], [1.0, 0.0, 4.0, 3.0]])  # IoU 6/12 and, with offset, 12/20
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.55, offset=0)[1].tolist() == [0, 1]
    assert nms(boxes, scores, 0.55, offset=1)[1].tolist() == [0]


def test_nms_of_no_boxes_is_empty() -> None:
    assert nms(torch.zeros(0, 4), torch.zeros(0), 0.5)[1].shape == (0,)


ROIS = torch.tensor(
    [[0, 1.3, 2.1, 17.9, 12.4], [1, 0.0, 0.0, 23.7, 23.7], [1, 8.2, 9.6, 8.9, 10.1], [0, -5.0, 14.0, 9.0, 30.0]],
    dtype=torch.float64,
)


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("ratio", [0, 2])
def test_roi_align_and_its_gradient_are_those_of_a_bilinear_loop(ratio: int, aligned: bool) -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 2, 8, 8, dtype=torch.float64, requires_grad=True)
    actual = roi_align(features, ROIS, 3, 1 / 3, ratio, "avg", aligned)
    expected = roi_align_loop(features, ROIS, 3, 1 / 3, ratio, aligned)
    torch.testing.assert_close(actual, expected)
    weight = torch.randn_like(actual)
    (gradient,) = torch.autograd.grad((actual * weight).sum(), features)
    (reference,) = torch.autograd.grad((expected * weight).sum(), features)
    torch.testing.assert_close(gradient, reference)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_on_any_number_of_threads_the_gradient_has_the_bits_of_torchvisions(threads: int) -> None:
    """Regions in no order of their images, and an image without any."""
    random = torch.Generator().manual_seed(0)
    features = torch.randn(5, 3, 9, 7, generator=random, requires_grad=True)
    corner, side = torch.rand(40, 2, generator=random) * 20, torch.rand(40, 2, generator=random) * 15
    image = torch.tensor([0, 1, 2, 4])[torch.randint(4, (40, 1), generator=random)]
    rois = torch.cat([image, corner, corner + side], dim=1)
    weight = torch.randn(40, 3, 3, 3, generator=random)
    wanted = torchvision.ops.roi_align(features, rois, 3, 1 / 3, 2, True)
    (reference,) = torch.autograd.grad((wanted * weight).sum(), features)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        (gradient,) = torch.autograd.grad(
            (roi_align(features, rois, 3, 1 / 3, 2, "avg", True) * weight).sum(), features
        )
    finally:
        torch.set_num_threads(before)
    assert torch.equal(gradient, reference)


def focal_loss_formula(logits: Tensor, target: Tensor, weight: Tensor, gamma: float, alpha: float) -> Tensor:
    rows = []
    for row, label in zip(logits, target.tolist(), strict=True):
        p = 1 / (1 + torch.exp(-row))
        negative = -(1 - alpha) * p**gamma * torch.log(1 - p)
        positive = -alpha * (1 - p) ** gamma * torch.log(p)
        factor = weight[label] if label < len(weight) else 1.0
        rows.append(factor * torch.where(torch.arange(len(row)) == label, positive, negative))
    return torch.stack(rows)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (1.5, 0.6)])
def test_focal_loss_and_its_gradient_are_those_of_the_formula(gamma: float, alpha: float, weighted: bool) -> None:
    torch.manual_seed(0)
    logits = (3 * torch.randn(7, 4, dtype=torch.float64)).requires_grad_()
    target = torch.tensor([0, 3, 4, 1, 2, 4, 0])  # 4 is background
    weight = torch.rand(4, dtype=torch.float64) + 0.5
    actual = sigmoid_focal_loss(logits, target, gamma, alpha, weight if weighted else None, "none")
    expected = focal_loss_formula(logits, target, weight if weighted else torch.ones(4), gamma, alpha)
    torch.testing.assert_close(actual, expected)
    (gradient,) = torch.autograd.grad(
        sigmoid_focal_loss(logits, target, gamma, alpha, weight if weighted else None, "sum"), logits
    )
    (reference,) = torch.autograd.grad(expected.sum(), logits)
    torch.testing.assert_close(gradient, reference)


@torchvision_only
@pytest.mark.parametrize("call", ["roi_pool", "roi_align max"])
def test_any_other_operator_says_what_to_install(call: str) -> None:
    features, rois = torch.zeros(1, 1, 8, 8), torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]])
    calls: dict[str, Any] = {
        "roi_pool": lambda: roi_pool(features, rois, 2),
        "roi_align max": lambda: roi_align(features, rois, 2, 1.0, 0, "max", True),
    }
    with pytest.raises(
        RuntimeError, match=r"^mmcv: 'roi_\w+_forward.*build onedl-mmcv with its ops against this torch"
    ) as error:
        calls[call]()
    assert "\n" not in str(error.value)


@torchvision_only
def test_optional_dunder_attributes_are_missing_so_that_inspect_works() -> None:
    extension = sys.modules["mmcv._ext"]
    assert extension.__spec__ is not None
    with pytest.raises(AttributeError):
        extension.__wrapped__  # noqa: B018


def test_installing_twice_gives_the_same_answer() -> None:
    assert mmcv_ops.install() == WHICH


def test_an_extension_that_does_not_load_is_named_and_replaced(tmp_path: Path) -> None:
    package = tmp_path / "mmcv"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / f"_ext{EXTENSION_SUFFIXES[0]}").write_bytes(b"built against another torch")
    code = "from downstream import mmcv_ops; print(mmcv_ops.install())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}"},
    )
    assert result.stdout.strip() == "torchvision"
    assert f"{package}/_ext" in result.stderr
    assert "does not load" in result.stderr
    assert "--no-cache-dir" in result.stderr
