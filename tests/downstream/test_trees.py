"""Every way in which a data tree can be wrong ends in one line that names the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_trees import CLASSES, write_ade20k, write_coco, write_voc
from PIL import Image

from downstream import coco_tree, label_maps, voc_tree
from downstream.coco_tree import CocoSplit
from downstream.label_maps import LabelSplit
from downstream.voc_tree import VocSplit

Damage = Callable[[Path], object]


def voc_split(root: Path, name: str) -> VocSplit:
    folder = root / "VOC2007"
    return VocSplit(folder / f"ImageSets/Main/{name}.txt", folder / "JPEGImages", folder / "Annotations", ".jpg")


def check_voc(root: Path) -> None:
    voc_tree.check([voc_split(root, "trainval")], [voc_split(root, "test")], classes=CLASSES)


def check_coco(root: Path, *, masks: bool = False) -> None:
    train, test = (
        CocoSplit(root / f"annotations/instances_{name}2017.json", root / f"{name}2017") for name in ("train", "val")
    )
    coco_tree.check([train], [test], classes=CLASSES, masks=masks)


def label_split(root: Path, name: str) -> LabelSplit:
    return LabelSplit(root / "images" / name, root / "annotations" / name, ".jpg", ".png", None, True)


def check_ade20k(root: Path) -> None:
    train, test = (label_split(root, name) for name in ("training", "validation"))
    label_maps.check([train], [test], classes=CLASSES, tree="ADE20K")


def refuses(check: Callable[[Path], None], root: Path, pattern: str) -> None:
    with pytest.raises(ValueError, match=pattern) as error:
        check(root)
    assert "\n" not in str(error.value)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def edit(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new, 1))


def edit_all(file: Path, old: str, new: str) -> int:
    return file.write_text(file.read_text().replace(old, new))


def first(root: Path, pattern: str) -> Path:
    return sorted(root.glob(pattern))[0]


@pytest.mark.parametrize(
    ("check", "write"), [(check_voc, write_voc), (check_coco, write_coco), (check_ade20k, write_ade20k)]
)
def test_a_sound_tree_passes(check: Callable[[Path], None], write: Callable[..., None], tmp_path: Path) -> None:
    write(tmp_path, count=3)
    check(tmp_path)


@pytest.mark.parametrize(("check", "name"), [(check_voc, "VOC"), (check_coco, "COCO"), (check_ade20k, "ADE20K")])
def test_a_tree_that_is_not_there_is_named_with_the_layout(
    check: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    refuses(check, tmp_path / "nowhere", f"^{name}: {tmp_path}/nowhere/.* is missing; expected layout: ")


@pytest.mark.parametrize(
    ("damage", "pattern"),
    [
        (lambda root: first(root, "VOC2007/Annotations/*").unlink(), r"000000\.xml is missing"),
        (lambda root: first(root, "VOC2007/JPEGImages/*").unlink(), r"000000\.jpg is missing"),
        (lambda root: truncate(first(root, "VOC2007/JPEGImages/*")), r"000000\.jpg cannot be decoded: .*truncated"),
        (lambda root: truncate(first(root, "VOC2007/Annotations/*")), r"000000\.xml is no VOC annotation"),
        (lambda root: edit(first(root, "VOC2007/Annotations/*"), "<xmin>", "<xmin>x"), r"is no VOC annotation"),
        (lambda root: edit(first(root, "VOC2007/Annotations/*"), "<xmin>", "<xmin>99"), r"comes first"),
        (lambda root: edit(first(root, "VOC2007/Annotations/*"), "<name>", "<name>un"), r"names the class 'un\w+'"),
        (lambda root: (root / "VOC2007/ImageSets/Main/test.txt").write_text(""), r"test\.txt lists no images"),
        (lambda root: edit(first(root, "VOC2007/Annotations/*"), "<xmax>", "<xmax>1"), r"has the box .*, outside its"),
        (
            lambda root: edit(first(root, "VOC2007/Annotations/*"), "<width>64", "<width>65"),
            r"is \(65, 64\) pixels, it",
        ),
        (lambda root: first(root, "VOC2007/ImageSets/Main/*").write_text("000000\n100000\n"), r"1 test images are in"),
        (
            lambda root: [edit_all(file, "disc", "rectangle") for file in root.glob("VOC2007/Annotations/*")],
            r"the training split has no object of the class disc",
        ),
        (
            lambda root: [edit_all(file, "difficult>0", "difficult>1") for file in root.glob("VOC2007/Annotations/*")],
            r"the training split has no object of the class rectangle, disc",
        ),
    ],
)
def test_a_damaged_voc_tree_is_refused(damage: Damage, pattern: str, tmp_path: Path) -> None:
    write_voc(tmp_path, count=3)
    damage(tmp_path)
    refuses(check_voc, tmp_path, f"^VOC: .*{pattern}")


def edit_coco(part: str, key: str, value: object) -> Damage:
    def damage(root: Path) -> None:
        file = root / "annotations/instances_val2017.json"
        content = json.loads(file.read_text())
        content[part][0][key] = value
        file.write_text(json.dumps(content))

    return damage


@pytest.mark.parametrize(
    ("damage", "pattern"),
    [
        (
            lambda root: truncate(root / "annotations/instances_train2017.json"),
            r"train2017\.json is no COCO annotation",
        ),
        (
            lambda root: edit(root / "annotations/instances_val2017.json", "images", "pictures"),
            r"KeyError: 'images'",
        ),
        (lambda root: first(root, "val2017/*").unlink(), r"000000000001\.jpg is missing"),
        (lambda root: truncate(first(root, "train2017/*")), r"000000000001\.jpg cannot be decoded: .*truncated"),
        (edit_coco("annotations", "image_id", 77), r"an annotation of image 77"),
        (edit_coco("annotations", "category_id", 9), r"category 9"),
        (edit_coco("categories", "name", "oval"), r"has no category 'rectangle'; it has oval, disc"),
        (edit_coco("annotations", "bbox", [50, 2, 30, 5]), r"val2017\.json, image 0+1\.jpg, has the box .*outside"),
        (edit_coco("annotations", "id", 2), r"several annotations with one id"),
        (edit_coco("images", "width", 60), r"says that .*000000000001\.jpg is \(60, 64\) pixels"),
        (
            lambda root: edit_all(
                root / "annotations/instances_train2017.json", '"category_id": 2', '"category_id": 1'
            ),
            r"the training split has no object of the class disc",
        ),
        (
            lambda root: edit_all(root / "annotations/instances_train2017.json", '"iscrowd": 0', '"iscrowd": 1'),
            r"the training split has no object of the class rectangle, disc",
        ),
    ],
)
def test_a_damaged_coco_tree_is_refused(damage: Damage, pattern: str, tmp_path: Path) -> None:
    write_coco(tmp_path, count=3)
    damage(tmp_path)
    refuses(check_coco, tmp_path, f"^COCO: .*{pattern}")


def overwrite_map(labels: np.ndarray) -> Damage:  # type: ignore[type-arg]
    return lambda root: Image.fromarray(labels).save(first(root, "annotations/training/*"))


@pytest.mark.parametrize(
    ("damage", "pattern"),
    [
        (lambda root: first(root, "annotations/validation/*").unlink(), r"00000000\.png is missing"),
        (lambda root: truncate(first(root, "images/training/*")), r"00000000\.jpg cannot be decoded: .*truncated"),
        (lambda root: first(root, "annotations/training/*").write_bytes(b"?"), r"00000000\.png cannot be decoded"),
        (overwrite_map(np.full((64, 64), 3, np.uint8)), r"00000000\.png must hold labels 0 to 2, or 255, got 3"),
        (overwrite_map(np.zeros((64, 64, 3), np.uint8)), r"one channel, got shape \(64, 64, 3\)"),
        (overwrite_map(np.zeros((32, 64), np.uint8)), r"is \(64, 32\) pixels, its image is \(64, 64\)"),
    ],
)
def test_a_damaged_ade20k_tree_is_refused(damage: Damage, pattern: str, tmp_path: Path) -> None:
    write_ade20k(tmp_path, count=3)
    damage(tmp_path)
    refuses(check_ade20k, tmp_path, f"^ADE20K: .*{pattern}")


def test_coco_images_without_objects_and_crowds_are_allowed(tmp_path: Path) -> None:
    write_coco(tmp_path, count=4)
    for split in ("train2017", "val2017"):
        file = tmp_path / f"annotations/instances_{split}.json"
        content = json.loads(file.read_text())
        content["annotations"] = [each for each in content["annotations"] if each["image_id"] != 1]
        content["annotations"][0]["iscrowd"] = 1
        file.write_text(json.dumps(content))
    check_coco(tmp_path)


def test_coco_objects_without_masks_are_refused_where_masks_are_trained(tmp_path: Path) -> None:
    write_coco(tmp_path, count=3)
    refuses(lambda root: check_coco(root, masks=True), tmp_path, "^COCO: .*no segmentation in the annotation 1, and")


def test_coco_splits_that_share_an_image_are_refused(tmp_path: Path) -> None:
    write_coco(tmp_path, count=3)
    split = CocoSplit(tmp_path / "annotations/instances_train2017.json", tmp_path / "train2017")
    with pytest.raises(ValueError, match=r"^COCO: 3 test images are in the training split too, .*000000000001\.jpg"):
        coco_tree.check([split], [split], classes=CLASSES, masks=False)


def test_label_maps_without_other_start_at_0_and_may_hold_255(tmp_path: Path) -> None:
    write_ade20k(tmp_path, count=3)
    for file in tmp_path.glob("annotations/*/*.png"):
        labels = np.asarray(Image.open(file)).copy()
        labels[labels == 0] = 255
        labels[labels < 255] -= 1
        Image.fromarray(labels).save(file)
    train, test = (replace(label_split(tmp_path, name), other=False) for name in ("training", "validation"))
    label_maps.check([train], [test], classes=CLASSES, tree="maps")
    with pytest.raises(ValueError, match=r"^maps: .*\.png must hold labels 0 to 0, or 255, got 1$"):
        label_maps.check([train], [test], classes=CLASSES[:1], tree="maps")


def test_label_maps_with_a_list_check_its_images_alone_and_refuse_a_class_that_is_never_seen(tmp_path: Path) -> None:
    write_ade20k(tmp_path, count=3)
    listing = tmp_path / "train.txt"
    listing.write_text("00000000\n00000002\n")
    (tmp_path / "images/training/00000001.jpg").unlink()
    train, test = replace(label_split(tmp_path, "training"), listing=listing), label_split(tmp_path, "validation")
    label_maps.check([train], [test], classes=CLASSES, tree="maps")
    with pytest.raises(ValueError, match=r"^maps: the training split has no object of the class star$"):
        label_maps.check([train], [test], classes=(*CLASSES, "star"), tree="maps")
    with pytest.raises(ValueError, match=r"^maps: 2 test images are in the training split too"):
        label_maps.check([train], [train], classes=CLASSES, tree="maps")
