"""`clbench bench` on trees such as users have, through the configs for them; and what it says of a broken one."""

from __future__ import annotations

import re
from pathlib import Path

import own_trees
import pytest
from clbench_runs import records

from benchmark.cli import main
from benchmark.config import load
from downstream.dense import load_config
from downstream.tasks import DetectionOptions, SegmentationOptions

CONFIG = """
_base_ = "{base}"
classes = ("car", "motor bike")
small_detector = {{
    "train_cfg.max_iters": 2,
    "train_dataloader.batch_size": 4,
    "train_dataloader.num_workers": 0,
    "test_dataloader.num_workers": 0,
    "model.neck.out_channels": 32,
    "model.rpn_head.feat_channels": 32,
    "model.roi_head.bbox_head.fc_out_channels": 64,
    "train_dataloader.dataset.pipeline.2.scales": [(128, 80), (128, 96)],
    "test_dataloader.dataset.pipeline.1.scale": (128, 96),
    "model.train_cfg.rpn_proposal.max_per_img": 50,
    "model.test_cfg.rpn.max_per_img": 20,
}}
layout = {{
    f"{{split}}_dataloader.dataset.{{key}}": value
    for split in ("train", "test")
    for key, value in dict(img_subdir="pictures", ann_subdir="boxes", img_suffix=".png").items()
}}
lists = {{
    "train_dataloader.dataset.ann_file": "lists/fit.txt",
    "test_dataloader.dataset.ann_file": "lists/score.txt",
}}
own = dict(family="detection", classes=classes)
tasks = dict(
    classification=None,
    voc=None,
    coco=None,
    ade20k=None,
    boxes=dict(
        **own,
        dataset="own boxes",
        config="downstream/voc_tree.py",
        data="own/voc",
        overrides={{**small_detector, **layout, **lists}},
    ),
    masks=dict(
        **own, dataset="own masks", config="downstream/coco_tree_masks.py", data="own/coco", overrides=small_detector
    ),
    labels=dict(
        family="segmentation",
        dataset="own labels",
        config="downstream/label_maps.py",
        data="own/labels",
        classes=("ground", "car", "motor bike", "kerb"),
        palette=((0, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255)),
        overrides={{
            "train_cfg.max_iters": 3,
            "train_dataloader.batch_size": 4,
            "train_dataloader.num_workers": 0,
            "test_dataloader.num_workers": 0,
            "train_dataloader.dataset.pipeline.2.scale": (128, 96),
            "train_dataloader.dataset.pipeline.3.crop_size": (64, 64),
            "test_dataloader.dataset.pipeline.1.scale": (128, 96),
            "model.data_preprocessor.size": (64, 64),
            "model.decode_head.channels": 32,
        }},
    ),
)
del classes, small_detector, layout, lists, own
"""
METRICS = {
    "boxes": {"AP", "AP50", "AP75"},
    "masks": {"AP", "AP50", "AP75", "mask_AP", "mask_AP50", "mask_AP75"},
    "labels": {"mIoU"},
}


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    data = tmp_path / "data"
    own_trees.write_voc(data / "own/voc", count=8)
    own_trees.write_coco(data / "own/coco", count=8)
    own_trees.write_label_maps(data / "own/labels", count=8)
    base = Path(__file__).parents[2] / "configs/bench/smoke.py"
    (tmp_path / "mine.py").write_text(CONFIG.format(base=base))
    words = ["bench", "--config", str(tmp_path / "mine.py"), "--objectives", "random"]
    return [*words, "--runs", str(tmp_path / "runs"), "--data-root", str(data)]


def test_trees_of_ones_own_run_with_their_own_classes(command: list[str], tmp_path: Path) -> None:
    assert main(command) == 0
    found = records(tmp_path / "runs")
    for task, names in METRICS.items():
        record = found[f"random/0/{task}"]
        assert record["status"] == "done", record["reason"]
        assert {metric["metric"] for metric in record["metrics"]} == names
        assert all(0 <= metric["value"] <= 1 for metric in record["metrics"])
    table = (tmp_path / "runs/tables/mine-table.md").read_text()
    assert all(word in table for word in ("own boxes", "own masks", "own labels", "mask_AP", "mIoU"))


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("voc/lists/score.txt", "fit-1", "VOC: 1 test images are in the training split too"),
        ("voc/boxes/fit-1.xml", "<annotation/", "fit-1.xml is no VOC annotation"),
        ("coco/annotations/val.json", "{}", "val.json is no COCO annotation file: KeyError: 'images'"),
        ("labels/labels/train/0.png", "", "labels/train/0.png cannot be decoded"),
    ],
)
def test_a_broken_tree_stops_a_strict_command_before_any_training_with_one_line(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, text: str, message: str
) -> None:
    (tmp_path / "data/own" / file).write_text(text)
    assert main([*command, "--strict"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not list((tmp_path / "runs").glob("cells/*/cell.json"))


def test_a_broken_tree_is_a_skip_with_its_reason_and_the_other_tasks_finish(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data/own/coco/annotations/val.json").write_text("{}")
    assert main([*command, "--tasks", "masks,labels"]) == 0
    reason = "val.json is no COCO annotation file: KeyError: 'images'"
    assert reason in capsys.readouterr().out
    found = records(tmp_path / "runs")
    assert found["random/0/masks"]["status"] == "skipped"
    assert found["random/0/labels"]["status"] == "done"
    assert reason in (tmp_path / "runs/tables/mine-table.md").read_text()


def test_the_config_for_ones_own_data_in_the_readme_is_sound(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    (text,) = re.findall(r"```\n(_base_ = .*?)```", (root / "README.md").read_text(), flags=re.DOTALL)
    file = tmp_path / "mine.py"
    file.write_text(text.replace("imagefolder.py", f"{root}/configs/bench/imagefolder.py"))
    tasks = load(str(file)).tasks
    assert set(tasks) == {"boxes", "labels"}
    for options in tasks.values():
        assert isinstance(options, DetectionOptions | SegmentationOptions)
        settings = load_config(options.config, overrides=options.overrides)
        assert settings.train_cfg.max_iters in (6000, 8000)
