"""Every way in which a data tree can be wrong ends in one line that names the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dense_trees import CLASSES, write_ade20k, write_coco, write_voc
from PIL import Image

from downstream.trees import check_ade20k, check_coco, check_voc

Damage = Callable[[Path], None]


def refuses(check: Callable[..., None], root: Path, pattern: str) -> None:
    with pytest.raises(ValueError, match=pattern) as error:
        check(root, classes=CLASSES)
    assert "\n" not in str(error.value)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


def replace(file: Path, old: str, new: str) -> None:
    file.write_text(file.read_text().replace(old, new, 1))


def first(root: Path, pattern: str) -> Path:
    return sorted(root.glob(pattern))[0]


@pytest.mark.parametrize(
    ("check", "write"), [(check_voc, write_voc), (check_coco, write_coco), (check_ade20k, write_ade20k)]
)
def test_a_sound_tree_passes(check: Callable[..., None], write: Callable[..., None], tmp_path: Path) -> None:
    write(tmp_path, count=3)
    check(tmp_path, classes=CLASSES)


@pytest.mark.parametrize(("check", "name"), [(check_voc, "VOC"), (check_coco, "COCO"), (check_ade20k, "ADE20K")])
def test_a_tree_that_is_not_there_is_named_with_the_layout(
    check: Callable[..., None], name: str, tmp_path: Path
) -> None:
    refuses(check, tmp_path / "nowhere", f"^{name}: {tmp_path}/nowhere/.* is missing; expected layout: ")


@pytest.mark.parametrize(
    ("damage", "pattern"),
    [
        (lambda root: first(root, "VOC2007/Annotations/*").unlink(), r"000000\.xml is missing"),
        (lambda root: first(root, "VOC2007/JPEGImages/*").unlink(), r"000000\.jpg is missing"),
        (lambda root: truncate(first(root, "VOC2007/JPEGImages/*")), r"000000\.jpg cannot be decoded: .*truncated"),
        (lambda root: truncate(first(root, "VOC2007/Annotations/*")), r"000000\.xml is no VOC annotation"),
        (lambda root: replace(first(root, "VOC2007/Annotations/*"), "<xmin>", "<xmin>x"), r"is no VOC annotation"),
        (lambda root: replace(first(root, "VOC2007/Annotations/*"), "<xmin>", "<xmin>99"), r"comes first"),
        (lambda root: replace(first(root, "VOC2007/Annotations/*"), "<name>", "<name>un"), r"names the class 'un\w+'"),
        (lambda root: (root / "VOC2007/ImageSets/Main/test.txt").write_text(""), r"test\.txt lists no images"),
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
            lambda root: replace(root / "annotations/instances_val2017.json", "images", "pictures"),
            r"KeyError: 'images'",
        ),
        (lambda root: first(root, "val2017/*").unlink(), r"000000000001\.jpg is missing"),
        (lambda root: truncate(first(root, "train2017/*")), r"000000000001\.jpg cannot be decoded: .*truncated"),
        (edit_coco("annotations", "image_id", 77), r"an annotation of image 77"),
        (edit_coco("annotations", "category_id", 9), r"category 9"),
        (edit_coco("categories", "name", "oval"), r"has no category 'rectangle'; it has oval, disc"),
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
        (overwrite_map(np.full((64, 64), 3, np.uint8)), r"00000000\.png must hold labels 0 to 2, got 3"),
        (overwrite_map(np.zeros((64, 64, 3), np.uint8)), r"one channel, got shape \(64, 64, 3\)"),
        (overwrite_map(np.zeros((32, 64), np.uint8)), r"is \(64, 32\) pixels, its image is \(64, 64\)"),
    ],
)
def test_a_damaged_ade20k_tree_is_refused(damage: Damage, pattern: str, tmp_path: Path) -> None:
    write_ade20k(tmp_path, count=3)
    damage(tmp_path)
    refuses(check_ade20k, tmp_path, f"^ADE20K: .*{pattern}")
