from __future__ import annotations

import json
import multiprocessing
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor

from benchmark.data.shapes import CLASSES, ShapesConfig, digest, ensure
from benchmark.data.shapes.render import render
from benchmark.data.shapes.scene import CENTRED, sample_scenes

TINY = ShapesConfig(
    seed=3, image_size=32, pretrain=20, classification_train=16, classification_test=9, dense_train=10, dense_test=5
)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data") / "shapes"
    assert ensure(TINY, out) == digest(TINY)
    return out


def test_two_runs_write_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    ensure(TINY, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(tree)


def test_larger_sets_begin_with_the_images_of_smaller_ones(tree: Path, tmp_path: Path) -> None:
    ensure(replace(TINY, pretrain=22, dense_test=6), tmp_path / "larger")
    small, large = contents(tree), contents(tmp_path / "larger")
    images = [name for name in small if name.endswith((".jpg", ".png", ".xml"))]
    assert all(small[name] == large[name] for name in images)
    assert len(large) == len(small) + 2 + 2 + 1 + 2  # pretraining; VOC image, annotation; COCO; ADE image, labels


def test_every_folder_has_the_images_that_were_asked_for(tree: Path) -> None:
    counts = {
        "pretrain/images/*.jpg": 20,
        "classification/train/*/*.jpg": 16,
        "classification/test/*/*.jpg": 9,
        "VOCdevkit/VOC2007/JPEGImages/*.jpg": 15,
        "VOCdevkit/VOC2007/Annotations/*.xml": 15,
        "coco/train2017/*.jpg": 10,
        "coco/val2017/*.jpg": 5,
        "ADEChallengeData2016/images/training/*.jpg": 10,
        "ADEChallengeData2016/images/validation/*.jpg": 5,
        "ADEChallengeData2016/annotations/training/*.png": 10,
        "ADEChallengeData2016/annotations/validation/*.png": 5,
    }
    assert {pattern: len(list(tree.glob(pattern))) for pattern in counts} == counts
    with Image.open(tree / "pretrain/images/000000.jpg") as image:
        assert image.size == (32, 32)


def test_every_class_has_a_folder_with_images(tree: Path) -> None:
    for split in ("train", "test"):
        assert {path.name for path in (tree / "classification" / split).iterdir()} == set(CLASSES)
        assert all(any(path.iterdir()) for path in (tree / "classification" / split).iterdir())


def test_no_image_occurs_twice(tree: Path) -> None:
    images = [content for name, content in contents(tree).items() if name.endswith(".jpg")]
    assert len(set(images)) == len(images)


def test_a_written_image_is_the_rendered_one_up_to_jpeg(tree: Path) -> None:
    scenes = sample_scenes(seed=3, split="pretrain", count=20, statistics=CENTRED)
    wanted, _ = render(scenes, image_size=32)
    for index, image in enumerate(wanted):
        with Image.open(tree / f"pretrain/images/{index:06d}.jpg") as file:
            found = pil_to_tensor(file)
        assert (found.int() - image.int()).abs().float().mean() < 4


def test_the_factor_tables_name_every_image_and_hold_its_factors(tree: Path) -> None:
    for folder in ("pretrain", "classification", "VOCdevkit/VOC2007", "coco", "ADEChallengeData2016"):
        table = pd.read_csv(tree / folder / "factors.csv")
        files = {str(path.relative_to(tree / folder)) for path in (tree / folder).rglob("*.jpg")}
        assert set(table.file) == files
        assert (table.groupby("file").slot.count() == table.groupby("file")["count"].first()).all()
    table = pd.read_csv(tree / "pretrain/factors.csv").query("slot == 0")
    scenes = sample_scenes(seed=3, split="pretrain", count=20, statistics=CENTRED)
    assert table.label.tolist() == [CLASSES[label] for label in scenes.label.tolist()]
    assert table.background_hue.to_numpy() == pytest.approx(scenes.background_hue.numpy(), rel=1e-5)


def test_a_folder_is_the_label_in_the_factor_table(tree: Path) -> None:
    table = pd.read_csv(tree / "classification/factors.csv")
    assert (table.file.str.split("/").str[1] == table.label).all()


def test_the_manifest_holds_options_and_digest(tree: Path) -> None:
    manifest = json.loads((tree / "dataset.json").read_text())
    assert manifest["config"] == asdict(TINY)
    assert manifest["digest"] == digest(TINY) != digest(replace(TINY, seed=4))
    assert manifest["shapes"] == list(CLASSES)


def test_what_is_there_is_not_written_again(tree: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tree.rglob("*")}
    ensure(TINY, tree)
    assert {path: path.stat().st_mtime_ns for path in tree.rglob("*")} == before
    assert list(tree.parent.iterdir()) == [tree]


def test_another_config_is_refused_and_nothing_changes(tree: Path) -> None:
    before = contents(tree)
    with pytest.raises(ValueError, match=r"^shapes: .* holds a data set with pretrain 20 \(wanted 21\).*$"):
        ensure(replace(TINY, pretrain=21), tree)
    assert contents(tree) == before
    assert list(tree.parent.iterdir()) == [tree]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("photo.jpg", "mine", "must be empty or hold a complete data set"),
        ("dataset.json", "{", "it is malformed"),
        ("dataset.json", json.dumps({"config": asdict(TINY), "digest": "0"}), "another version of the generator"),
    ],
)
def test_files_of_others_are_refused_and_kept(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text(content)
    with pytest.raises(ValueError, match=message):
        ensure(TINY, tmp_path / "out")
    assert contents(tmp_path) == {f"out/{name}": content.encode()}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    ensure(TINY, tmp_path / "out")
    assert (tmp_path / "out/dataset.json").exists()


@pytest.mark.parametrize(("field", "least"), [("pretrain", 1), ("classification_test", 8), ("dense_train", 2)])
def test_sizes_that_are_too_small_are_refused(field: str, least: int) -> None:
    with pytest.raises(ValueError, match=f"^shapes: {field} must be >= {least}, got {least - 1}$"):
        replace(TINY, **{field: least - 1})


def test_a_killed_run_leaves_nothing_that_looks_complete(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "shapes"
    large = replace(TINY, pretrain=200_000)
    code = f"from pathlib import Path; from benchmark.data.shapes import *; ensure({large!r}, Path({str(out)!r}))"
    process = subprocess.Popen([sys.executable, "-c", code])
    while not any(tmp_path.rglob("*.jpg")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    left = [path for path in tmp_path.iterdir() if path.name.startswith("shapes.partial-")]
    assert len(left) == 1
    ensure(TINY, out)
    assert contents(out) == contents(tree)
    assert list(tmp_path.iterdir()) == [out]


def test_runs_at_the_same_time_agree_on_one_complete_tree(tree: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=ensure, args=(TINY, tmp_path / "shapes")) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert contents(tmp_path / "shapes") == contents(tree)
    assert list(tmp_path.iterdir()) == [tmp_path / "shapes"]
