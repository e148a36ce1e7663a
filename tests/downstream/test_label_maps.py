"""Every way in which a tree of label maps can be wrong ends in one line that names the file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from damaged_trees import (
    Damage,
    check_ade20k,
    copy_image,
    first,
    label_split,
    refuses,
    truncate,
)
from dense_trees import CLASSES, write_ade20k
from PIL import Image

from downstream import label_maps, trees


def empty_maps(split: str) -> Damage:
    def damage(root: Path) -> None:
        for file in root.glob(f"annotations/{split}/*"):
            Image.fromarray(np.full((64, 64), 255, np.uint8)).save(file)

    return damage


def overwrite_map(labels: np.ndarray) -> Damage:  # type: ignore[type-arg]
    return lambda root: Image.fromarray(labels).save(first(root, "annotations/training/*"))


@pytest.mark.parametrize(
    ("damage", "pattern"),
    [
        (lambda root: first(root, "annotations/validation/*").unlink(), r"00000000\.png is missing"),
        (lambda root: truncate(first(root, "images/training/*")), r"00000000\.jpg cannot be decoded: .*truncated"),
        (lambda root: first(root, "annotations/training/*").write_bytes(b"?"), r"00000000\.png cannot be decoded"),
        (overwrite_map(np.full((64, 64), 3, np.uint8)), r"00000000\.png must hold labels 0 to 2, or 255, got 3"),
        (overwrite_map(np.zeros((64, 64, 3), np.uint8)), r"one channel of whole numbers, got shape \(64, 64, 3\)"),
        (overwrite_map(np.zeros((32, 64), np.uint8)), r"is \(64, 32\) pixels, its image is \(64, 64\)"),
        (empty_maps("validation"), r"annotations/validation has no pixel of any class; nothing would count in the"),
        (empty_maps("training"), r"the training split has no object of any class \(rectangle, disc\)"),
        (
            lambda root: copy_image(root / "images", "training/00000001.jpg", "validation/00000000.jpg"),
            r"1 of 3 test images are copies of training images",
        ),
    ],
)
def test_a_damaged_ade20k_tree_is_refused(damage: Damage, pattern: str, tmp_path: Path) -> None:
    write_ade20k(tmp_path, count=3)
    damage(tmp_path)
    refuses(check_ade20k, tmp_path, f"^ADE20K: .*{pattern}")


def test_label_maps_without_other_start_at_0_and_may_hold_255(tmp_path: Path) -> None:
    write_ade20k(tmp_path, count=3)
    for file in tmp_path.glob("annotations/*/*.png"):
        labels = np.asarray(Image.open(file)).copy()
        labels[labels == 0] = 255
        labels[labels < 255] -= 1
        Image.fromarray(labels).save(file)
    train, test = (replace(label_split(tmp_path, name), other=False) for name in ("training", "validation"))
    label_maps.check([train], [test], labelled=CLASSES, classes=CLASSES, tree="maps")
    with pytest.raises(ValueError, match=r"^maps: .*\.png must hold labels 0 to 0, or 255, got 1$"):
        label_maps.check([train], [test], labelled=CLASSES[:1], classes=CLASSES[:1], tree="maps")


def test_label_maps_with_a_list_check_its_images_alone_and_refuse_a_task_without_any_class_in_it(
    tmp_path: Path,
) -> None:
    write_ade20k(tmp_path, count=3)
    listing = tmp_path / "train.txt"
    listing.write_text("00000000\n00000002\n")
    (tmp_path / "images/training/00000001.jpg").unlink()
    train, test = replace(label_split(tmp_path, "training"), listing=listing), label_split(tmp_path, "validation")
    label_maps.check([train], [test], labelled=CLASSES, classes=CLASSES, tree="maps")
    with pytest.raises(ValueError, match=r"^maps: the training split has no object of any class \(star\)"):
        label_maps.check([train], [test], labelled=(*CLASSES, "star"), classes=("star",), tree="maps")
    with pytest.raises(ValueError, match=r"^maps: 2 test images are in the training split too"):
        label_maps.check([train], [train], labelled=CLASSES, classes=CLASSES, tree="maps")


def test_every_label_map_is_read_though_few_images_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_ade20k(tmp_path, count=5)
    monkeypatch.setattr(trees, "SAMPLE", 1)
    check_ade20k(tmp_path)
    file = tmp_path / "annotations/training/00000003.png"
    Image.fromarray(np.full((64, 64), 9, np.uint8)).save(file)
    refuses(check_ade20k, tmp_path, r"00000003\.png must hold labels 0 to 2, or 255, got 9")


def test_files_of_another_suffix_among_the_images_are_mentioned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_ade20k(tmp_path, count=3)
    (tmp_path / "images/training/00000009.JPG").write_bytes(b"?")
    check_ade20k(tmp_path)
    said = capsys.readouterr().out
    assert said.startswith("ADE20K: note: 1 files do not end in .jpg and are left out, ")
    assert said.endswith("00000009.JPG first\n")


def test_a_list_of_label_maps_with_a_blank_line_is_refused_by_line(tmp_path: Path) -> None:
    write_ade20k(tmp_path, count=3)
    listing = tmp_path / "train.txt"
    train, test = replace(label_split(tmp_path, "training"), listing=listing), label_split(tmp_path, "validation")
    for text, pattern in (
        ("00000000\n\n", "line 2 must be a name"),
        ("00000000 1\n", "line 1 has the name '00000000 1'"),
    ):
        listing.write_text(text)
        with pytest.raises(ValueError, match=rf"^maps: .*train\.txt, {pattern}"):
            label_maps.check([train], [test], labelled=CLASSES, classes=CLASSES, tree="maps")


@pytest.mark.parametrize("split", ["training", "validation"])
def test_label_0_is_other_in_both_splits_or_in_none(split: str, tmp_path: Path) -> None:
    write_ade20k(tmp_path, count=3)
    names = ("rectangle", "disc", "star")  # enough for the labels to be in range either way
    train, test = (replace(label_split(tmp_path, name), other=name == split) for name in ("training", "validation"))
    with pytest.raises(ValueError, match=r"^maps: reduce_zero_label must be the same in train_dataloader\.dataset"):
        label_maps.check([train], [test], labelled=names, classes=names, tree="maps")


@pytest.mark.parametrize(("other", "most"), [(False, 255), (True, 254)])
def test_more_labels_than_8_bits_hold_beside_255_are_refused(other: bool, most: int, tmp_path: Path) -> None:
    write_ade20k(tmp_path, count=3)
    file = tmp_path / "annotations/training/00000000.png"
    Image.fromarray(np.full((64, 64), most - 1 + other, np.uint16)).save(file)
    train, test = (replace(label_split(tmp_path, name), other=other) for name in ("training", "validation"))
    names = [f"class {number}" for number in range(300)]
    label_maps.check([train], [test], labelled=names[:most], classes=names[:most], tree="maps")
    for count in (most + 1, 300):
        with pytest.raises(ValueError, match=rf"^maps: classes must be at most {most}, since labels .*, got {count}$"):
            label_maps.check([train], [test], labelled=names[:count], classes=names[:count], tree="maps")


def test_maps_in_linked_folders_are_checked_as_they_are_trained_on(tmp_path: Path) -> None:
    write_ade20k(tmp_path, count=3)
    for kind in ("images", "annotations"):
        (tmp_path / f"{kind}/training").rename(tmp_path / f"elsewhere-{kind}")
        (tmp_path / f"{kind}/training").mkdir()
        (tmp_path / f"{kind}/training/a").symlink_to(tmp_path / f"elsewhere-{kind}")
    found = check_ade20k(tmp_path)
    assert tmp_path / "annotations/training/a/00000002.png" in found
    Image.fromarray(np.full((64, 64), 77, np.uint8)).save(tmp_path / "elsewhere-annotations/00000002.png")
    refuses(check_ade20k, tmp_path, r"^ADE20K: .*training/a/00000002\.png must hold labels 0 to 2, or 255, got 77$")
