"""Every way in which a data tree can be wrong ends in one line that names the file; VOC, and what all trees share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from damaged_trees import (
    Damage,
    check_ade20k,
    check_coco,
    check_voc,
    copy_image,
    edit,
    edit_all,
    edit_every,
    first,
    make_folder,
    refuses,
    truncate,
    voc_split,
    write_list,
)
from dense_trees import CLASSES, write_ade20k, write_coco, write_voc

from downstream import trees, voc_tree


@pytest.mark.parametrize(
    ("check", "write"), [(check_voc, write_voc), (check_coco, write_coco), (check_ade20k, write_ade20k)]
)
def test_a_sound_tree_passes(check: Callable[[Path], object], write: Callable[..., None], tmp_path: Path) -> None:
    write(tmp_path, count=3)
    check(tmp_path)


@pytest.mark.parametrize(("check", "name"), [(check_voc, "VOC"), (check_coco, "COCO"), (check_ade20k, "ADE20K")])
def test_a_tree_that_is_not_there_is_named_with_the_layout(
    check: Callable[[Path], object], name: str, tmp_path: Path
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
        (write_list(""), r"test\.txt lists no images"),
        (write_list("100000\n100001\n\n"), r"test\.txt, line 3 must be a name and nothing else, got ''"),
        (write_list("100000\n100001 \n"), r"test\.txt, line 2 must be a name and nothing else, got '100001 '"),
        (write_list("100000\n100001  1\n"), r"100001  1\.xml is missing; .*test\.txt, line 2 has the name '100001  1'"),
        (write_list("\udcff"), r"test\.txt is no list of names: 'utf-8' codec"),
        (make_folder("VOC2007/ImageSets/Main/test.txt"), r"test\.txt is no list of names: .*directory"),
        (edit_every("1*.xml", "difficult>0", "difficult>1"), r"test\.txt lists no image with an object that counts"),
        (
            lambda root: copy_image(root / "VOC2007/JPEGImages", "000001.jpg", "100002.jpg"),
            r"1 of 3 test images are copies",
        ),
        (lambda root: edit(first(root, "VOC2007/Annotations/*"), "<xmax>", "<xmax>1"), r"has the box .*, outside its"),
        (
            lambda root: edit(first(root, "VOC2007/Annotations/*"), "<width>64", "<width>65"),
            r"is \(65, 64\) pixels, it",
        ),
        (lambda root: first(root, "VOC2007/ImageSets/Main/*").write_text("000000\n100000\n"), r"1 test images are in"),
        (
            edit_every("0*.xml", "difficult>0", "difficult>1"),
            r"the training split has no object of any class \(rectangle, ",
        ),
    ],
)
def test_a_damaged_voc_tree_is_refused(damage: Damage, pattern: str, tmp_path: Path) -> None:
    write_voc(tmp_path, count=3)
    damage(tmp_path)
    refuses(check_voc, tmp_path, f"^VOC: .*{pattern}")


def test_a_class_without_objects_in_the_training_split_is_said_and_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_voc(tmp_path, count=3)
    for file in tmp_path.rglob("*.xml"):
        edit_all(file, "disc", "rectangle")
    check_voc(tmp_path)
    assert capsys.readouterr().out == "VOC: note: the training split has no object of the class disc\n"


def test_difficult_objects_are_enough_where_they_are_trained_on(tmp_path: Path) -> None:
    write_voc(tmp_path, count=3)
    edit_every("0*.xml", "difficult>0", "difficult>1")(tmp_path)
    train = replace(voc_split(tmp_path, "trainval"), difficult=True)
    voc_tree.check([train], [voc_split(tmp_path, "test")], classes=CLASSES)


def test_few_copies_in_a_large_test_split_are_said_and_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
        for number in range(100):
            (tmp_path / name / f"{number}").write_text(f"{name} {number:03d}")
    splits = [sorted((tmp_path / name).iterdir()) for name in ("train", "test")]
    trees.require_apart(*splits, tree="own")
    assert capsys.readouterr().out == ""
    splits[1][5].write_bytes(splits[0][7].read_bytes())
    trees.require_apart(*splits, tree="own")
    assert capsys.readouterr().out.startswith("own: note: 1 of 100 test images are copies of training images")
    splits[1][6].write_bytes(splits[0][7].read_bytes())
    with pytest.raises(ValueError, match=r"^own: 2 of 100 test images are copies of training images, "):
        trees.require_apart(*splits, tree="own")


@pytest.mark.parametrize(
    ("check", "write"), [(check_voc, write_voc), (check_coco, write_coco), (check_ade20k, write_ade20k)]
)
def test_the_files_of_a_check_are_those_of_the_splits_and_no_others(
    check: Callable[[Path], list[Path]], write: Callable[..., None], tmp_path: Path
) -> None:
    write(tmp_path, count=3)
    known = {path for path in tmp_path.rglob("*") if path.is_file()}
    for stray in (
        "captions.json",
        "all.zip",
        "VOC2007/JPEGImages/9.jpg",
        "val2017/9.jpg",
        "annotations/training/9.png",
    ):
        if (tmp_path / stray).parent.is_dir():
            (tmp_path / stray).write_bytes(b"?")
    assert set(check(tmp_path)) == known
