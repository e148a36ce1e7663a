"""Mistakes: one line on stderr, status 2, before any training, with nothing written over."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from clbench_runs import contents, data_root, refused
from PIL import Image

from benchmark.cli import main

CIFAR = (
    "--config",
    "imagefolder",
    "--set",
    "training.batch=4",
    "--set",
    "training.epochs=1",
    "--objectives",
    "infonce",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = data_root(tmp_path_factory)
    if not (root / "smoke/dataset.json").exists():
        assert main(["data", "shapes", "--config", "smoke", "--out", str(root / "smoke")]) == 0
    return root


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """An image-folder tree of two classes, eight images each."""
    for split in ("train", "test"):
        for number in range(16):
            folder = tmp_path / "tree" / split / ("cat", "dog")[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (32, 32), (number, 99, 7)).save(folder / f"{number}.png")
    return tmp_path / "tree"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("--objectives infonc", "unknown objective 'infonc'. Did you mean 'infonce'? Known: "),
        ("--objectives infonce,", "unknown objective ''"),
        (
            "--objectives mrcl --set objectives.mrcl.base=torch",
            "mrcl: base must be one of barlow_twins, byol, infonce, supervised, got 'torch'",
        ),
        ("--objectives infocl --set objectives.infocl.weight=much", "infocl: weight must be float, got 'much'"),
        ("--objectives infomin --set objectives.infomin.beta=2", "infomin: beta must be in [0, 1], got 2"),
        ("--tasks detektion", "unknown task 'detektion'. Did you mean 'detection'? Known: "),
        ("--config smok", "unknown config 'smok'. Did you mean 'smoke'? Known: "),
        ("--set training.lr_rate=1", "unknown key 'training.lr_rate'. Did you mean 'training.lr'?"),
        ("--set training.lr", "--set: expected key=value, got 'training.lr'"),
        ("--set training.lr=-1", "training.lr must be > 0, got -1"),
        ("--set training.batch=1", "training.batch must be > 1, got 1"),
        ("--set training.warmup=1", "training.warmup must be in [0, 1), got 1.0"),
        ("--set training.optimiser=adam", "unknown optimiser 'adam'. Did you mean 'adamw'?"),
        ("--set training.precision=float16", "precision must be float32 or bfloat16 on a CPU, got float16"),
        ("--set training.weight_decay=-1", "training.weight_decay must be >= 0 and finite, got -1"),
        ("--set training.momentum=1", "training.momentum must be in [0, 1), got 1"),
        ("--set training.batch=65", "training.batch must be at most the number of pretraining images, 64, got 65"),
        ("--set processes=0", "processes must be > 0, got 0"),
        (
            "--set processes=3",
            "training.batch must be divisible by processes, 3, with two images or more for each, got 32",
        ),
        ("--set processes=32", "training.batch must be divisible by processes, 32, with two images or more for each"),
        ("--set logging.interval=0", "logging.interval must be > 0, got 0"),
        ("--set model.depth=19", "backbone: depth must be one of [10, 18, 34, 50, 101, 152], got 19"),
        ("--set model.stem=imagnet", "backbone: stem must be one of "),
        ("--set model.projection=0", "model.projection must be > 0, got 0"),
        ("--set model.hidden=-1", "model.hidden must be > -1, got -1"),
        ("--set data.limit=-1", "data: limit must be >= 0, got -1"),
        ("--set data.image_size=0", "data.image_size must be > 0, got 0"),
        ("--set objectives.infonce.temperature=-1", "infonce: temperature must be > 0 and finite, got -1"),
        ("--set objectives.infonce.temperature=hot", "infonce: temperature must be float, got 'hot'"),
        (
            "--set objectives.infonce.temprature=1",
            "infonce: unknown argument 'temprature'. Did you mean 'temperature'?",
        ),
        ("--set objectives.infonc.temperature=1", "unknown objective 'infonc'. Did you mean 'infonce'?"),
        ("--set tasks.classification.temperature=-1", "temperature must be > 0, got -1"),
        ("--set tasks.classification.neighbours=(0,)", "neighbours must hold at least one number, all >= 1, got (0,)"),
        ("--set tasks.classification.validation=1.5", "validation must be in (0, 1), got 1.5"),
        ("--set tasks.classification.penalties=()", "penalties must hold at least one"),
        ("--set tasks.voc.config=downstream/shapes_vok.py", "Did you mean 'downstream/shapes_voc.py'?"),
        ("--set tasks.voc.overrides={'train_cfg.max_iter':3}", "Did you mean 'train_cfg.max_iters'?"),
        ("--set data.labels=smoke/nowhere.csv", "labels: "),
        ("--seeds one", "seeds: whole numbers "),
        ("--seeds -1", "seeds: whole numbers "),
        ("--jobs 0", "jobs: must be >= 1, got 0"),
        ("--jobs many", "--jobs: invalid int value: 'many'"),
        ("--device cpus", "device: must be auto, cpu or, where there is a GPU, cuda; got 'cpus'"),
        ("--import no.such.module", "--import no.such.module: No module named 'no'"),
        ("--no-such-option", "unrecognized arguments: --no-such-option"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    words: str, wanted: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(data)
    default = ["--config", "smoke", "--objectives", "infonce", "--runs", str(tmp_path), "--data-root", str(data)]
    default += ["--tasks", "classification"] if "--tasks" not in words and "tasks." not in words else []
    assert wanted in refused(capsys, "bench", *default, *words.split())
    assert contents(data) == before
    assert not (tmp_path / "cells").exists()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["bnech"], "invalid choice: 'bnech'"),
        ([], "required: COMMAND"),
        (["data", "shape", "--out", "x"], "unknown data set 'shape'. Did you mean 'shapes'?"),
        (["data", "shapes", "--config", "imagefolder", "--out", "x"], "config 'imagefolder' makes no shapes"),
        (["data", "shapes"], "required: --out"),
        (["cost", "--config", "smoke", "--images", "0"], "images must be >= 1, got 0"),
        (["cost", "--config", "smoke", "--images", "9", "--classes", "-1"], "classes must be >= 0, got -1"),
        (["table", "--import", "no.such.module"], "--import no.such.module: No module named 'no'"),
    ],
)
def test_a_command_that_is_none_is_refused(words: list[str], wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert wanted in refused(capsys, *words)


@pytest.mark.parametrize("command", ["table", "plot"])
def test_a_store_that_is_not_there_is_named(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert str(tmp_path / "nowhere") in refused(capsys, command, "--runs", str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_place_of_runs_is_refused_and_kept(
    below: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "runs"
    file.write_text("mine")
    words = ["bench", "--config", "smoke", "--runs", str(file / below), "--data-root", str(data)]
    assert "runs" in refused(capsys, *words)
    assert file.read_text() == "mine"


def test_evaluating_what_is_not_pretrained_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "--config", "smoke", "--objectives", "infonce,mrcl", "--runs", str(tmp_path)]
    message = refused(capsys, *words, "--data-root", str(data), "--tasks", "classification")
    assert message.startswith("evaluate: not pretrained yet: infonce seed 0, mrcl seed 0; run clbench pretrain")


def test_another_data_set_in_the_place_of_the_embedded_one_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(data)
    words = ["--config", "smoke", "--set", "data.shapes.pretrain=63", "--runs", str(tmp_path), "--data-root", str(data)]
    assert "pretrain 64 (wanted 63)" in refused(capsys, "pretrain", *words)
    assert contents(data) == before


@pytest.mark.parametrize(
    ("tree", "file", "text", "wanted"),
    [
        ("VOCdevkit", "VOC2007/Annotations", None, "VOC: "),
        ("VOCdevkit", "VOC2007/ImageSets/Main/test.txt", "000404", "VOC: "),
        ("VOCdevkit", "VOC2007/Annotations/*.xml", "<annotation><object>", "is no VOC annotation"),
        ("coco", "annotations/instances_val2017.json", "{", "is no COCO annotation file"),
        ("coco", "train2017/*.jpg", "no image", "cannot be decoded"),
        ("ADEChallengeData2016", "annotations/validation", None, "ADE20K: "),
        ("classification", "train/circle/*.jpg", "no image", "cannot be decoded"),
    ],
)
def test_a_malformed_tree_is_refused_where_nothing_may_be_skipped(
    tree: str, file: str, text: str | None, wanted: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "data"
    shutil.copytree(data, root)
    target = sorted((root / "smoke" / tree).glob(file))[0]
    if text is None:
        shutil.rmtree(target)
    else:
        target.write_text(text)
    task = {"VOCdevkit": "voc", "coco": "coco", "ADEChallengeData2016": "ade20k"}.get(tree, tree)
    words = ["--config", "smoke", "--tasks", task, "--runs", str(tmp_path / "runs"), "--data-root", str(root)]
    message = refused(capsys, "bench", *words, "--strict")
    assert message.startswith(f"strict: everything that is asked for must be able to run; {task} data: ")
    assert wanted in message
    assert str(root / "smoke" / tree) in message
    assert not (tmp_path / "runs/cells").exists()


def image_folder(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> str:
    places = ("--runs", str(root.parent / "runs"), "--data-root", str(root), "--tasks", "classification")
    message = refused(capsys, "bench", *CIFAR, *places, *words)
    assert not (root.parent / "runs/cells").exists()
    return message


def test_a_missing_image_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = image_folder(capsys, tmp_path / "nowhere")
    assert message.startswith(f"image folder: {tmp_path}/nowhere/train is missing; expected ")


def test_an_empty_class_folder_is_named(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folders / "train/cow").mkdir()
    assert image_folder(capsys, folders) == f"image folder: class folder {folders}/train/cow has no images"


def test_classes_that_differ_between_the_splits_are_named(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folders / "test/dog").rename(folders / "test/hound")
    message = image_folder(capsys, folders, "--strict")
    assert message.endswith(f"data: image folder: {folders}/train and {folders}/test must hold the same class folders")


def test_a_truncated_image_is_named(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.effect_noise((32, 32), 90).save(folders / "train/cat/4.png")
    whole = (folders / "train/cat/4.png").read_bytes()
    (folders / "train/cat/4.png").write_bytes(whole[: len(whole) // 2])
    assert f"{folders}/train/cat/4.png cannot be decoded: " in image_folder(capsys, folders)


def test_a_batch_larger_than_the_data_set_is_refused(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = image_folder(capsys, folders, "--set", "training.batch=17")
    assert message == "training.batch must be at most the number of pretraining images, 16, got 17"


def test_a_class_with_a_single_image_is_refused_before_the_probe_misses_it(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(2, 16, 2):
        (folders / f"train/cat/{number}.png").unlink()
    assert "classification data: image folder: " in image_folder(capsys, folders, "--strict")


def test_the_listing_is_machine_readable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    listing = json.loads(capsys.readouterr().out)
    objectives = {entry["name"]: entry for entry in listing["objectives"]}
    assert objectives["infonce"]["arguments"] == {"temperature": 0.5, "queue": 0, "momentum": 0.999}
    assert objectives["mrcl"]["derived"] is True
    configs = {entry["name"]: entry for entry in listing["configs"]}
    assert configs["smoke"]["tasks"]["voc"] == "detection"
    layouts = {entry["name"]: entry for entry in listing["layouts"]}
    assert layouts["simclr_sthalles"]["statistics"] == {"mean": [0, 0, 0], "std": [1, 1, 1]}
    assert (layouts["moco"]["statistics"], layouts["moco_key"]["automatic"]) == (None, False)
    assert all(entry["summary"] for entries in listing.values() for entry in entries)


def test_the_listing_names_everything_for_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("infonce", "mrcl", "random", "supervised", "shapes", "smoke", "moco_v3"))


def test_the_doctor_says_what_is_there(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--data-root", str(data), "--runs", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert f"config smoke: found {data / 'smoke'}" in shown
    assert "config shapes: made on first use" in shown
    assert "mmcv ops" in shown
    assert "0 cells" in shown


@pytest.mark.parametrize("command", ["", "bench", "pretrain", "evaluate", "list", "table", "plot", "data", "doctor"])
def test_every_help_shows_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    assert "clbench bench --objectives mrcl" in capsys.readouterr().out


def test_a_reader_that_stops_reading_is_no_error_of_ours() -> None:
    command = [sys.executable, "-m", "benchmark", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        listing.stdout.close()
        assert listing.stderr.read() == ""
    assert listing.returncode == 141
