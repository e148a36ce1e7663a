"""The fingerprint of a tree follows names and contents, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from downstream.fingerprint import fingerprint, tree_files


def of(root: Path, store: Path) -> str:
    return fingerprint(root, tree_files(root), store=store)


def write(root: Path, **contents: str) -> Path:
    root.mkdir()
    for name, text in contents.items():
        (root / name).write_text(text)
    return root


def test_equal_trees_at_two_places_have_one_fingerprint(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, a="1", b="2") for name in "xy")
    assert of(first, tmp_path / "store") == of(second, tmp_path / "elsewhere")


def test_a_byte_a_name_and_a_new_file_each_change_it(tmp_path: Path) -> None:
    trees = [
        {"a": "1", "b": "2"},
        {"a": "1", "b": "3"},
        {"a": "1", "c": "2"},
        {"a": "1", "b": "2", "c": ""},
        {"a": "12", "b": ""},
    ]
    roots = [write(tmp_path / str(number), **tree) for number, tree in enumerate(trees)]
    assert len({of(root, tmp_path / "store") for root in roots}) == len(trees)


def test_a_file_that_is_touched_is_read_again_and_hidden_files_do_not_count(tmp_path: Path) -> None:
    root, store = write(tmp_path / "tree", a="1"), tmp_path / "store"
    before = of(root, store)
    os.utime(root / "a", ns=(1, 1))
    (root / ".DS_Store").write_text("x")
    assert of(root, store) == before
    (root / "a").write_text("2")
    os.utime(root / "a", ns=(2, 2))
    assert of(root, store) != before


def test_only_the_files_that_are_named_count_and_large_ones_are_hashed_whole(tmp_path: Path) -> None:
    root, store = write(tmp_path / "tree", a="x" * 3_000_000, b="2"), tmp_path / "store"
    before = fingerprint(root, [root / "a"], store=store)
    (root / "captions.json").write_text("{}")
    assert fingerprint(root, [root / "a"], store=store) == before
    (root / "a").write_text("x" * 2_999_999 + "y")
    assert fingerprint(root, [root / "a"], store=store) != before


def test_files_outside_the_root_count_too(tmp_path: Path) -> None:
    root, beside = write(tmp_path / "tree", a="1"), write(tmp_path / "beside", b="2")
    files = [root / "a", beside / "b"]
    assert fingerprint(root, files, store=tmp_path / "store") != fingerprint(root, files[:1], store=tmp_path / "store")
