"""A dense task that is killed goes on from its last checkpoint, and ends in the numbers of one that never was."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dense_trees import CLASSES, context, write_ade20k, write_coco

from downstream import detection, segmentation
from downstream.tasks import DetectionOptions, Metric, SegmentationOptions

STEPS, KILLED_AT, INTERVAL = 8, 6, 4
SETTINGS: dict[str, Any] = {
    "train_cfg.max_iters": STEPS,
    "train_dataloader.batch_size": 3,
    "checkpoint_interval": INTERVAL,
}
DETECTION = DetectionOptions("toy", "downstream/shapes_coco.py", "tree", CLASSES, SETTINGS)
GROUPED = {
    **SETTINGS,
    "train_dataloader.num_workers": 0,
    "test_dataloader.num_workers": 0,
    "model.neck.out_channels": 32,
}
TREE = {
    **GROUPED,
    "train_dataloader.dataset.ann_file": "annotations/instances_train2017.json",
    "train_dataloader.dataset.data_prefix.img": "train2017/",
    "train_dataloader.dataset.pipeline.2.scales": [(96, 64), (96, 48)],
    "test_dataloader.dataset.ann_file": "annotations/instances_val2017.json",
    "test_dataloader.dataset.data_prefix.img": "val2017/",
    "test_dataloader.dataset.pipeline.1.scale": (96, 64),
    "test_evaluator.ann_file": "annotations/instances_val2017.json",
    "model.rpn_head.feat_channels": 32,
}
WITH_GROUPS = DetectionOptions("toy", "downstream/coco_tree.py", "tree", CLASSES, TREE)
SEGMENTATION = SegmentationOptions(
    "toy",
    "downstream/shapes_ade20k.py",
    "tree",
    CLASSES,
    (),
    {**SETTINGS, "model.decode_head.loss_decode.class_weight": [1.0] * len(CLASSES)},
)
Options = DetectionOptions | SegmentationOptions


def run(folder: Path, options: Options, report: Callable[[int, int, dict[str, float]], None]) -> list[Metric]:
    task = context(folder, report=report)
    if isinstance(options, DetectionOptions):
        return detection.run(options, task)
    return segmentation.run(options, task)


def run_until_killed(folder: Path, options: Options) -> None:
    def report(step: int, _: int, __: dict[str, float]) -> None:
        if step == KILLED_AT:
            os.kill(os.getpid(), signal.SIGKILL)

    run(folder, options, report)


@pytest.mark.parametrize("options", [DETECTION, WITH_GROUPS, SEGMENTATION], ids=["detection", "groups", "segmentation"])
def test_a_killed_task_goes_on_and_ends_in_the_same_numbers(options: Options, tmp_path: Path) -> None:
    write = write_coco if isinstance(options, DetectionOptions) else write_ade20k
    write(tmp_path / "data/tree", count=8)
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / "data").symlink_to(tmp_path / "data")
    straight: dict[int, float] = {}
    expected = run(whole, options, lambda step, _, terms: straight.update({step: terms["loss"]}))

    process = multiprocessing.get_context("spawn").Process(target=run_until_killed, args=(tmp_path, options))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    kept = tmp_path / "work/checkpoint.pth"
    assert kept.exists()
    kept.with_suffix(".tmp").write_bytes(b"half a checkpoint")

    resumed: dict[int, float] = {}
    found = run(tmp_path, options, lambda step, _, terms: resumed.update({step: terms["loss"]}))
    assert list(resumed) == list(range(INTERVAL + 1, STEPS + 1))
    assert resumed == {step: loss for step, loss in straight.items() if step > INTERVAL}
    assert found == expected
    assert not list((tmp_path / "work").rglob("*.pth"))


def test_a_task_that_is_killed_in_its_test_has_not_to_train_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed, again = tmp_path / "killed", tmp_path / "again"
    write_coco(killed / "data/tree", count=8)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    short = replace(DETECTION, overrides={**SETTINGS, "train_cfg.max_iters": 5})
    with monkeypatch.context() as patch:
        patch.setattr("mmengine.runner.Runner.test", stop)
        with pytest.raises(KeyboardInterrupt):
            run(killed, short, lambda *_: None)
    shutil.copytree(
        killed, again
    )  # in one process mmengine tells two runs of one folder apart by the second they begin
    steps: list[int] = []
    assert len(run(again, short, lambda step, *_: steps.append(step))) == 3
    assert steps == []


def test_a_task_shorter_than_the_interval_writes_no_checkpoint(tmp_path: Path) -> None:
    write_coco(tmp_path / "data/tree", count=4)
    seen: list[bool] = []
    short = replace(DETECTION, overrides={**SETTINGS, "train_cfg.max_iters": 2})
    run(tmp_path, short, lambda *_: seen.append(any((tmp_path / "work").rglob("*.pth"))))
    assert seen == [False, False]
