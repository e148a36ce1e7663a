"""Faster R-CNN through mmdet on small VOC and COCO trees, from backbone file to metrics."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from dense_trees import CLASSES, context, write_coco, write_voc

from downstream import detection
from downstream.tasks import DetectionOptions, Metric


def options(tree: str, **overrides: Any) -> DetectionOptions:
    settings = {"train_cfg.max_iters": 3, "train_dataloader.batch_size": 4, **overrides}
    return DetectionOptions(
        dataset=f"toy {tree}",
        config=f"downstream/shapes_{tree}.py",
        data=tree,
        classes=CLASSES,
        overrides=settings,
    )


def ignore(step: int, total: int, terms: dict[str, float]) -> None:
    """Take a report of progress."""


def names(metrics: list[Metric]) -> list[str]:
    return [metric.metric for metric in metrics]


@pytest.mark.parametrize(("tree", "write"), [("voc", write_voc), ("coco", write_coco)])
def test_a_detector_learns_to_find_plain_objects(tree: str, write: Any, tmp_path: Path) -> None:
    write(tmp_path / "data" / tree, count=16)
    steps = []
    task = context(tmp_path, report=lambda step, total, terms: steps.append((step, total, terms)))
    overrides = {
        "train_cfg.max_iters": 30,
        "train_dataloader.batch_size": 8,
        "model.backbone.frozen_stages": -1,
        "model.backbone.norm_eval": False,
    }
    metrics = detection.run(options(tree, **overrides), task)
    assert names(metrics) == ["AP", "AP50", "AP75"]
    assert {(metric.dataset, metric.split, metric.selection) for metric in metrics} == {(f"toy {tree}", "test", "last")}
    ap, ap50, ap75 = (metric.value for metric in metrics)
    assert 0.15 < ap50 <= 1
    assert 0 < ap < ap50
    assert 0 <= ap75 <= ap50
    assert [(step, total) for step, total, _ in steps] == [(step, 30) for step in range(1, 31)]
    assert set(steps[-1][2]) == {"loss", "loss_rpn_cls", "loss_rpn_bbox", "loss_cls", "loss_bbox"}
    assert steps[-1][2]["loss"] < steps[0][2]["loss"]


def test_two_runs_with_one_seed_agree_and_another_seed_differs(tmp_path: Path) -> None:
    write_coco(tmp_path / "data" / "coco", count=8)
    losses: dict[str, list[float]] = {}
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        kept = losses.setdefault(name, [])
        task = context(tmp_path, report=lambda _, __, terms, kept=kept: kept.append(terms["loss"]))  # type: ignore[misc]
        work = tmp_path / name
        work.mkdir()
        detection.run(options("coco"), replace(task, seed=seed, work_dir=work))
    assert losses["a"] == losses["b"]
    assert losses["a"] != losses["c"]
    assert not torch.are_deterministic_algorithms_enabled()


def test_nothing_is_printed_and_no_weights_are_left(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_coco(tmp_path / "data" / "coco", count=4)
    task = context(tmp_path, report=ignore)
    metrics = detection.run(options("coco", **{"model.test_cfg.rcnn.score_thr": 1.0}), task)
    assert [metric.value for metric in metrics] == [0, 0, 0]  # nothing detected
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert list(task.work_dir.rglob("*.log"))
    assert not list(task.work_dir.rglob("*.pth"))


def test_a_loss_that_is_not_finite_stops_the_run_with_step_and_terms(tmp_path: Path) -> None:
    write_voc(tmp_path / "data" / "voc", count=4)
    task = context(tmp_path, report=ignore)
    broken = options("voc", **{"model.rpn_head.loss_cls.loss_weight": math.nan})
    with pytest.raises(FloatingPointError, match=r"^loss is not finite at step 1 \(.*loss_rpn_cls=nan"):
        detection.run(broken, task)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("train_cfg.max_itres", "'train_cfg.max_iters'"),
        ("modl.neck.out_channels", "'model.neck.out_channels'"),
        ("param_scheduler.7.end", ""),
        ("model.neck.out_channels.deep", ""),
    ],
)
def test_an_unknown_override_is_refused_with_the_nearest_name(key: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"shapes_voc\.py: unknown key '{key}'\..*{hint}"):
        detection.run(options("voc", **{key: 1}), context(tmp_path, report=ignore))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "train_dataloader.dataset.type",
            "VOCDatset",
            r"^unknown dataset type 'VOCDatset'\. Did you mean 'VOCDataset'\?$",
        ),
        (
            "test_dataloader.dataset.type",
            "VOCDatset",
            r"^unknown dataset type 'VOCDatset'\. Did you mean 'VOCDataset'\?$",
        ),
        (
            "test_dataloader.dataset.type",
            "CocoDataset",
            r"must be of VOC, or all of COCO, got VOCDataset, CocoDataset$",
        ),
        ("test_evaluator.type", "VOCMetrik", r"test_evaluator\.type must be VOCMetric for VOCDataset, got VOCMetrik$"),
        (
            "test_evaluator.type",
            "CocoMetric",
            r"test_evaluator\.type must be VOCMetric for VOCDataset, got CocoMetric$",
        ),
    ],
)
def test_a_data_set_or_evaluator_that_does_not_fit_is_refused_by_check_and_run(
    key: str, value: str, message: str, tmp_path: Path
) -> None:
    write_voc(tmp_path / "data" / "voc", count=3)
    wrong, task = options("voc", **{key: value}), context(tmp_path, report=ignore)
    with pytest.raises(ValueError, match=message):
        detection.check_data(wrong, data_root=task.data_root, store=task.store)
    with pytest.raises(ValueError, match=message):
        detection.run(wrong, task)


def test_a_coco_test_set_that_is_not_the_evaluators_is_refused_by_check_and_run(tmp_path: Path) -> None:
    folder = tmp_path / "data/coco"
    write_coco(folder, count=3)
    (folder / "annotations/mine.json").write_bytes((folder / "annotations/instances_val2017.json").read_bytes())
    key, task = "test_dataloader.dataset.ann_file", context(tmp_path, report=ignore)
    wrong = options("coco", **{key: "annotations/mine.json"})
    message = (
        r"shapes_coco\.py: test_evaluator\.ann_file must be the only ann_file of test_dataloader\.dataset, "
        r"annotations/mine\.json, got annotations/instances_val2017\.json$"
    )
    with pytest.raises(ValueError, match=message):
        detection.check_data(wrong, data_root=task.data_root, store=task.store)
    with pytest.raises(ValueError, match=message):
        detection.run(wrong, task)
    both = options("coco", **{key: "annotations/mine.json", "test_evaluator.ann_file": "annotations/mine.json"})
    detection.check_data(both, data_root=task.data_root, store=task.store)


def test_a_mistyped_part_of_the_model_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    write_voc(tmp_path / "data" / "voc", count=3)
    with pytest.raises(ValueError, match=r"shapes_voc\.py: unknown model type 'FPNN'\. Did you mean 'FPN'\?$"):
        detection.run(options("voc", **{"model.neck.type": "FPNN"}), context(tmp_path, report=ignore))


def test_a_sampler_that_ends_is_refused(tmp_path: Path) -> None:
    ends = options("voc", **{"train_dataloader.sampler.type": "DefaultSampler"})
    with pytest.raises(ValueError, match=r"shapes_voc\.py: train_dataloader\.sampler must be of .*got DefaultSampler"):
        detection.run(ends, context(tmp_path, report=ignore))


def test_classes_must_be_named_where_the_data_set_has_none(tmp_path: Path) -> None:
    nameless = replace(options("voc"), config="downstream/voc_tree.py", classes=(), overrides={})
    with pytest.raises(ValueError, match=r"^toy voc: classes must name the classes, since VocTreeDataset has none"):
        detection.run(nameless, context(tmp_path, report=ignore))


def test_a_rehearsal_takes_one_step_and_a_test_on_two_images_and_leaves_nothing_to_go_on_from(tmp_path: Path) -> None:
    write_coco(tmp_path / "data" / "coco", count=6)
    steps: list[tuple[int, int]] = []
    task = context(tmp_path, report=lambda step, total, _: steps.append((step, total)))
    detection.rehearse(options("coco"), task)
    assert steps == [(1, 1)]
    assert not list(task.work_dir.rglob("*.pth"))


def test_an_unknown_config_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    wrong = replace(options("voc"), config="downstream/shapes_vok.py")
    with pytest.raises(ValueError, match=r"unknown config '.*shapes_vok\.py'\. Did you mean '.*shapes_voc\.py'\?"):
        detection.run(wrong, context(tmp_path, report=ignore))
