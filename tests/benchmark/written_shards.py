"""Tars as WebDataset lays them out, and image folders of the same images."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

Member = tuple[str, bytes]


def jpeg(number: int, *, sides: tuple[int, int] = (40, 30)) -> bytes:
    """A smooth picture of its own for every number."""
    coarse = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize(sides, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def write_tar(path: Path, members: Sequence[Member], *, mode: str = "w") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def labelled(numbers: Sequence[int], *, classes: int) -> list[Member]:
    """Samples of one image and one label each."""
    return [
        member
        for number in numbers
        for member in ((f"{number:05d}.jpg", jpeg(number)), (f"{number:05d}.cls", f"{number % classes}".encode()))
    ]


def both_forms(root: Path, *, count: int, classes: int = 2) -> tuple[Path, Path]:
    """An image folder, and two shards of the same images in the same order."""
    order = sorted(range(count), key=lambda number: (number % classes, number))
    for number in order:
        path = root / f"folder/{number % classes}/{number:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(number))
    for shard, part in enumerate((order[: count // 2], order[count // 2 :])):
        write_tar(root / f"shards/train-{shard:06d}.tar", labelled(part, classes=classes))
    return root / "folder", root / "shards"
