"""Every way in which a COCO tree can be wrong ends in one line that names the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from damaged_trees import (
    Damage,
    check_coco,
    copy_image,
    edit,
    edit_every,
    first,
    refuses,
    truncate,
)
from dense_trees import CLASSES, write_coco

from downstream import coco_tree
from downstream.coco_tree import CocoSplit


def keep_coco(root: Path, part: str, count: int) -> None:
    file = root / "annotations/instances_val2017.json"
    content = json.loads(file.read_text())
    content[part] = content[part][:count]
    file.write_text(json.dumps(content))


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
        (edit_every("*train2017.json", '"iscrowd": 0', '"iscrowd": 1'), r"no object of any class \(rectangle, disc\)"),
        (
            edit_every("*val2017.json", '"iscrowd": 0', '"iscrowd": 1'),
            r"val2017\.json has no object that counts in the",
        ),
        (lambda root: keep_coco(root, "annotations", 0), r"val2017\.json has no object that counts in the test"),
        (edit_coco("annotations", "bbox", None), r"annotations\[0\]\.bbox must be four finite numbers, got null"),
        (edit_coco("annotations", "bbox", [1, 2, "3", 4]), r"\[0\]\.bbox must be four finite numbers, got \[1, 2, \"3"),
        (edit_coco("annotations", "bbox", [1, 2, 3]), r"annotations\[0\]\.bbox must be four finite numbers"),
        (edit_coco("annotations", "bbox", [1, 2, 3, float("nan")]), r"\[0\]\.bbox must be four finite numbers"),
        (edit_coco("annotations", "area", None), r"annotations\[0\]\.area must be a finite number, got null"),
        (
            edit_every("*val2017.json", '"area"', '"size"'),
            r"annotations\[0\]\.area must be a finite number, got nothing",
        ),
        (edit_coco("images", "width", None), r"images\[0\]\.width must be a whole number > 0, got null"),
        (edit_coco("images", "height", 0), r"images\[0\]\.height must be a whole number > 0, got 0"),
        (edit_coco("images", "file_name", 7), r"images\[0\]\.file_name must be a name, got 7"),
        (edit_coco("images", "id", [1]), r"images\[0\]\.id must be a number or a name, got \[1\]"),
        (edit_coco("images", "id", 2), r"several images with one id"),
        (edit_coco("categories", "id", 2), r"several categories with one id"),
        (edit_coco("categories", "name", "disc"), r"several categories with one name"),
        (
            lambda root: copy_image(root, "train2017/000000000001.jpg", "val2017/000000000002.jpg"),
            r"1 of 3 test images are copies of training images, .*val2017/0+2\.jpg of .*train2017/0+1\.jpg first",
        ),
    ],
)
def test_a_damaged_coco_tree_is_refused(damage: Damage, pattern: str, tmp_path: Path) -> None:
    write_coco(tmp_path, count=3)
    damage(tmp_path)
    refuses(check_coco, tmp_path, f"^COCO: .*{pattern}")


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
    refuses(lambda root: check_coco(root, masks=True), tmp_path, "^COCO: .*no segmentation of .* in the annotation 1,")


def reverse_categories(root: Path, split: str) -> None:
    file = root / f"annotations/instances_{split}.json"
    content = json.loads(file.read_text())
    content["categories"].reverse()
    file.write_text(json.dumps(content))


def test_coco_splits_have_their_categories_in_one_order_though_not_in_that_of_the_classes(tmp_path: Path) -> None:
    write_coco(tmp_path, count=3)
    reverse_categories(tmp_path, "val2017")
    message = r"^COCO: .*val2017\.json must have its categories in the order of .*train2017\.json, got 'disc' in"
    refuses(check_coco, tmp_path, message)
    reverse_categories(tmp_path, "train2017")
    check_coco(tmp_path)


@pytest.mark.parametrize(
    ("segmentation", "sound"),
    [
        ([[1, 1, 5, 1, 5, 5]], True),
        ({"counts": [0, 4096], "size": [64, 64]}, True),
        ([[1, 1, 5, 1]], False),
        ([[1, 1, 5, 1, 5, 5], [1, 1, 5, 1]], False),
        ([[1, 1, 5, 1, 5, 5, 5]], False),
        ([1, 1, 5, 1, 5, 5], False),
    ],
)
def test_coco_polygons_have_three_corners_or_more(segmentation: object, sound: bool, tmp_path: Path) -> None:
    write_coco(tmp_path, count=3)
    for file in tmp_path.glob("annotations/*.json"):
        content = json.loads(file.read_text())
        for each in content["annotations"]:
            each["segmentation"] = segmentation
        file.write_text(json.dumps(content))
    if sound:
        check_coco(tmp_path, masks=True)
    else:
        refuses(lambda root: check_coco(root, masks=True), tmp_path, "no segmentation of polygons with 3 corners")


def test_coco_splits_that_share_an_image_are_refused(tmp_path: Path) -> None:
    write_coco(tmp_path, count=3)
    split = CocoSplit(tmp_path / "annotations/instances_train2017.json", tmp_path / "train2017")
    with pytest.raises(ValueError, match=r"^COCO: 3 test images are in the training split too, .*000000000001\.jpg"):
        coco_tree.check([split], [split], classes=CLASSES, masks=False)
