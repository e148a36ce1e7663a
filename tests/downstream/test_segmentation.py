"""UPerNet through mmseg on a small ADE20K tree, from backbone file to mIoU."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dense_trees import CLASSES, context, write_ade20k
from PIL import Image

from downstream import segmentation
from downstream.tasks import SegmentationOptions


def options(**overrides: Any) -> SegmentationOptions:
    settings = {"train_cfg.max_iters": 3, "train_dataloader.batch_size": 4, **overrides}
    settings["model.decode_head.loss_decode.class_weight"] = [1.0] * len(CLASSES)
    return SegmentationOptions(
        dataset="toy ADE20K",
        config="downstream/shapes_ade20k.py",
        data="ade20k",
        classes=CLASSES,
        palette=(),
        overrides=settings,
    )


def ignore(step: int, total: int, terms: dict[str, float]) -> None:
    """Take a report of progress."""


def test_a_segmentor_learns_to_tell_plain_objects_apart(tmp_path: Path) -> None:
    write_ade20k(tmp_path / "data" / "ade20k", count=16)
    steps = []
    task = context(tmp_path, report=lambda step, total, terms: steps.append((step, total, terms)))
    (metric,) = segmentation.run(options(**{"train_cfg.max_iters": 20}), task)
    assert (metric.dataset, metric.metric, metric.split, metric.selection) == ("toy ADE20K", "mIoU", "test", "last")
    assert 0.6 < metric.value <= 1
    assert [(step, total) for step, total, _ in steps] == [(step, 20) for step in range(1, 21)]
    assert steps[-1][2]["loss"] < steps[0][2]["loss"]
    assert list(task.work_dir.rglob("*.log"))
    assert not list(task.work_dir.rglob("*.pth"))


def test_pixels_labelled_0_count_neither_in_training_nor_in_the_metric(tmp_path: Path) -> None:
    root = tmp_path / "data" / "ade20k"
    write_ade20k(root, count=4)
    for file in root.glob("annotations/*/*.png"):  # only rectangles are left, on a ground that does not count
        Image.fromarray((np.asarray(Image.open(file)) == 1).astype(np.uint8)).save(file)
    (metric,) = segmentation.run(options(**{"train_cfg.max_iters": 10}), context(tmp_path, report=ignore))
    assert metric.value == 1


def test_two_runs_with_one_seed_agree_and_another_seed_differs(tmp_path: Path) -> None:
    write_ade20k(tmp_path / "data" / "ade20k", count=8)
    losses: dict[str, list[float]] = {}
    values = {}
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        kept = losses.setdefault(name, [])
        task = context(tmp_path, report=lambda _, __, terms, kept=kept: kept.append(terms["loss"]))  # type: ignore[misc]
        work = tmp_path / name
        work.mkdir()
        values[name] = segmentation.run(options(), replace(task, seed=seed, work_dir=work))
    assert losses["a"] == losses["b"]
    assert values["a"] == values["b"]
    assert losses["a"] != losses["c"]


def test_a_rehearsal_takes_test_images_of_two_sizes(tmp_path: Path) -> None:
    write_ade20k(tmp_path / "data" / "ade20k", count=4)
    for kind, suffix in (("images", ".jpg"), ("annotations", ".png")):
        file = tmp_path / f"data/ade20k/{kind}/validation/00000001{suffix}"
        Image.fromarray(np.asarray(Image.open(file))[:48]).save(file)
    changed = {"test_dataloader.batch_size": 1}
    segmentation.rehearse(options(**changed), context(tmp_path, report=ignore))


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_ade20k(tmp_path / "data" / "ade20k", count=4)
    segmentation.run(options(), context(tmp_path, report=ignore))
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_a_loss_that_is_not_finite_stops_the_run_with_step_and_terms(tmp_path: Path) -> None:
    write_ade20k(tmp_path / "data" / "ade20k", count=4)
    broken = options(**{"model.decode_head.loss_decode.loss_weight": math.nan})
    with pytest.raises(FloatingPointError, match=r"^loss is not finite at step 1 \(.*decode\.loss_ce=nan"):
        segmentation.run(broken, context(tmp_path, report=ignore))


def test_an_unknown_override_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"'model\.decode_head\.chanels'\. Did you mean 'model\.decode_head\.channels'"
    ):
        segmentation.run(options(**{"model.decode_head.chanels": 1}), context(tmp_path, report=ignore))
