"""The data set on disk: written once, complete or not there at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmark.data.shapes.config import ShapesConfig
from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.textures import TEXTURES
from benchmark.data.shapes.write_ade import write_ade
from benchmark.data.shapes.write_classification import write_classification
from benchmark.data.shapes.write_coco import write_coco
from benchmark.data.shapes.write_pretrain import write_pretrain
from benchmark.data.shapes.write_voc import write_voc
from benchmark.source_digest import source_digest

__all__ = ["ShapesConfig", "digest", "ensure"]

WRITERS = {
    "pretrain": write_pretrain,
    "classification": write_classification,
    "VOCdevkit/VOC2007": write_voc,
    "coco": write_coco,
    "ADEChallengeData2016": write_ade,
}
MANIFEST = "dataset.json"
ABANDONED_AFTER = 24 * 3600  # seconds; writing takes less than a minute


def ensure(config: ShapesConfig, out: Path) -> str:
    """Write the data set to `out` unless it is there.

    It is written to a folder beside `out` that gets its name when complete, so a killed run leaves nothing that looks
    like a data set, and of two runs at once the later one drops its copy.

    Args:
        config: What to write.
        out: Folder of the data set itself; its parents are made.

    Returns:
        The data set's digest.

    Raises:
        ValueError: If `out` holds anything else: another config, another version of the generator, other files.
            Nothing is changed.
    """
    if _is_written(config, out):
        return digest(config)
    out.parent.mkdir(parents=True, exist_ok=True)
    prefix = f"{out.name}.partial-"
    _remove_abandoned(out.parent, prefix=prefix)
    partial = Path(tempfile.mkdtemp(prefix=prefix, dir=out.parent))
    tree = partial / out.name  # a folder of its own, as only the maker of a temporary one may read it
    try:
        with _one_thread():
            _write(config, tree)
        _publish(config, tree=tree, out=out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return digest(config)


def digest(config: ShapesConfig) -> str:
    """Hash of what decides the files' contents: the options and the code that draws and writes them."""
    options = json.dumps(asdict(config), sort_keys=True)
    code = source_digest(tuple(write.__module__ for write in WRITERS.values()))
    return hashlib.sha256(f"{options} {code}".encode()).hexdigest()


def _is_written(config: ShapesConfig, out: Path) -> bool:
    """Whether `out` holds this data set; a ValueError if it holds another."""
    if not out.exists():
        return False
    if not out.is_dir():
        raise ValueError(f"shapes: the data set needs a folder, got the file {out}")
    if not (out / MANIFEST).exists():
        if any(out.iterdir()):
            raise ValueError(f"shapes: {out} must be empty or hold a complete data set, got files without {MANIFEST}")
        return False
    found = _read_manifest(out / MANIFEST)
    if found["config"] != asdict(config):
        raise ValueError(
            f"shapes: {out} holds a data set with {_difference(found['config'], config)}; choose another folder"
        )
    if found["digest"] != digest(config):
        raise ValueError(
            f"shapes: {out} was written by another version of the generator; remove it or choose another folder"
        )
    return True


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"config": dict(found["config"]), "digest": found["digest"]}
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"shapes: {path} must hold the options and the digest of the data set; it is malformed"
        ) from error


def _difference(found: dict[str, Any], config: ShapesConfig) -> str:
    wanted = asdict(config)
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


def _write(config: ShapesConfig, out: Path) -> None:
    for folder, write in WRITERS.items():
        write(config, out=out / folder)
    manifest = {"config": asdict(config), "digest": digest(config), "shapes": list(SHAPES), "textures": list(TEXTURES)}
    (out / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _publish(config: ShapesConfig, *, tree: Path, out: Path) -> None:
    try:
        tree.rename(out)  # atomic, and refused where a folder with files is already there
    except OSError:
        if not _is_written(config, out):
            raise


def _remove_abandoned(folder: Path, *, prefix: str) -> None:
    """Remove what runs that were killed long ago have left."""
    for path in folder.glob(f"{prefix}*"):
        if time.time() - path.stat().st_mtime > ABANDONED_AFTER:
            shutil.rmtree(path, ignore_errors=True)
