"""Checks of the small trees in dense_trees.py, and ways to damage them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dense_trees import CLASSES

from downstream import coco_tree, label_maps, voc_tree
from downstream.coco_tree import CocoSplit
from downstream.label_maps import LabelSplit
from downstream.voc_tree import VocSplit

Damage = Callable[[Path], object]


def voc_split(root: Path, name: str) -> VocSplit:
    folder = root / "VOC2007"
    return VocSplit(folder / f"ImageSets/Main/{name}.txt", folder / "JPEGImages", folder / "Annotations", ".jpg")


def check_voc(root: Path) -> list[Path]:
    return voc_tree.check([voc_split(root, "trainval")], [voc_split(root, "test")], classes=CLASSES)


def check_coco(root: Path, *, masks: bool = False) -> list[Path]:
    train, test = (
        CocoSplit(root / f"annotations/instances_{name}2017.json", root / f"{name}2017") for name in ("train", "val")
    )
    return coco_tree.check([train], [test], classes=CLASSES, masks=masks)


def label_split(root: Path, name: str) -> LabelSplit:
    return LabelSplit(root / "images" / name, root / "annotations" / name, ".jpg", ".png", None, True)


def check_ade20k(root: Path) -> list[Path]:
    train, test = (label_split(root, name) for name in ("training", "validation"))
    return label_maps.check([train], [test], labelled=CLASSES, classes=CLASSES, tree="ADE20K")


def refuses(check: Callable[[Path], object], root: Path, pattern: str) -> None:
    with pytest.raises(ValueError, match=pattern) as error:
        check(root)
    assert "\n" not in str(error.value)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def edit(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new, 1))


def edit_all(file: Path, old: str, new: str) -> int:
    return file.write_text(file.read_text().replace(old, new))


def edit_every(pattern: str, old: str, new: str) -> Damage:
    return lambda root: [edit_all(file, old, new) for file in root.rglob(pattern)]


def write_list(text: str) -> Damage:
    content = text.encode(errors="surrogateescape")
    return lambda root: (root / "VOC2007/ImageSets/Main/test.txt").write_bytes(content)


def make_folder(name: str) -> Damage:
    def damage(root: Path) -> None:
        (root / name).unlink()
        (root / name).mkdir()

    return damage


def copy_image(folder: Path, source: str, target: str) -> None:
    (folder / target).write_bytes((folder / source).read_bytes())


def first(root: Path, pattern: str) -> Path:
    return sorted(root.glob(pattern))[0]
