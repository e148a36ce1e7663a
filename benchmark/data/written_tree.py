"""A generated data tree on disk: written once, complete or not there at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from downstream.held_folders import partial_folder, remove_abandoned

MANIFEST = "dataset.json"


@dataclass(frozen=True)
class Tree:
    """What is to be written.

    Attributes:
        name: of the data set, for messages.
        options: what it was made from, as plain JSON values.
        digest: hash of the options and of the code that draws and writes.
        facts: what else its manifest says.
        write: writes all of it into a folder that exists.
    """

    name: str
    options: Mapping[str, Any]
    digest: str
    facts: Mapping[str, Any]
    write: Callable[[Path], None]


def ensure_tree(tree: Tree, out: Path) -> None:
    """Write a data set to `out` unless it is there.

    It is written to a folder beside `out` that gets its name when complete, so a killed run leaves nothing that looks
    like a data set, and of two runs at once the later one drops its copy.

    Args:
        tree: what to write.
        out: folder of the data set itself; its parents are made.

    Raises:
        ValueError: If `out` holds anything else: other options, another version of the generator, other files.
            Nothing is changed.
    """
    if _is_written(tree, out):
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(out.parent, name=out.name)
    with partial_folder(out) as folder:
        with _one_thread():
            tree.write(folder)
        manifest = {"config": dict(tree.options), "digest": tree.digest, **tree.facts}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        _publish(tree, folder=folder, out=out)


def _is_written(tree: Tree, out: Path) -> bool:
    """Whether `out` holds this data set; a ValueError if it holds another."""
    if not out.exists():
        return False
    if not out.is_dir():
        raise ValueError(f"{tree.name}: the data set needs a folder, got the file {out}")
    if not (out / MANIFEST).exists():
        if any(out.iterdir()):
            raise ValueError(
                f"{tree.name}: {out} must be empty or hold a complete data set, got files without {MANIFEST}"
            )
        return False
    found = _read_manifest(out / MANIFEST, name=tree.name)
    if found["config"] != tree.options:
        difference = _difference(found["config"], tree.options)
        raise ValueError(f"{tree.name}: {out} holds a data set with {difference}; choose another folder")
    if found["digest"] != tree.digest:
        raise ValueError(
            f"{tree.name}: {out} was written by another version of the generator; remove it or choose another folder"
        )
    return True


def _read_manifest(path: Path, *, name: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"config": dict(found["config"]), "digest": found["digest"]}
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{name}: {path} must hold the options and the digest of the data set; it is malformed"
        ) from error


def _difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {found.get(name)} (wanted {wanted.get(name)})"
        for name in sorted(found.keys() | wanted.keys())
        if found.get(name) != wanted.get(name)
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch on one thread: with tensors as small as a batch of scenes, threads wait longer than they work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _publish(tree: Tree, *, folder: Path, out: Path) -> None:
    try:
        folder.rename(out)  # atomic, and refused where a folder with files is already there
    except OSError:
        if not _is_written(tree, out):
            raise
