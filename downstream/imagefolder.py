"""Image folders as resident uint8 tensors, decoded once and kept packed for the next reader."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

PACKING = 1
"""Raised when the same files would be packed into other pixels."""

EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".tif", ".tiff"})


@dataclass(frozen=True)
class ImageSet:
    """Images of one size, in memory or mapped from disk.

    Attributes:
        images: (N, 3, S, S) uint8, RGB.
        labels: (N,) int64; -1 for images without a class.
        classes: names in the order of the labels; empty for a folder of images alone.
        digest: hash of every file's path and content, and of S.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    digest: str

    def take(self, index: Tensor) -> ImageSet:
        """The images at `index` (M,), with a digest of their own."""
        digest = hashlib.sha256(self.digest.encode() + index.numpy().tobytes()).hexdigest()[:16]
        return ImageSet(self.images[index], self.labels[index], self.classes, digest)


def open_image_folder(root: Path, *, image_size: int, store: Path) -> ImageSet:
    """Read a tree `root/<class>/**/*.jpg`, or a folder of images alone, at one size.

    The shorter side is resized to S (bicubic, antialiased) and the centre cropped. The decoded pixels are kept below
    `store` and mapped from there as long as no file of the tree changes.

    Args:
        root: the folder.
        image_size: S.
        store: folder for packed images.

    Raises:
        ValueError: the folder is missing, has no images, a class folder is empty, or an image cannot be decoded.
    """
    files, labels, classes = _list(root)
    stamp = hashlib.sha256(f"{PACKING}/{image_size}/{root.resolve()}".encode())
    for path in files:
        status = path.stat()
        stamp.update(f"{path.relative_to(root)}/{status.st_size}/{status.st_mtime_ns}".encode())
    packed = store / stamp.hexdigest()[:16]
    if not (packed / "digest.json").exists():
        _pack(root, files, image_size, packed)
    digest = json.loads((packed / "digest.json").read_text())
    pixels = np.load(packed / "images.npy", mmap_mode="c")  # copy-on-write: torch wants memory that could be written
    return ImageSet(torch.from_numpy(pixels), torch.tensor(labels), classes, digest)


def _list(root: Path) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """All image files in the order of their paths, their labels, and the class names."""
    if not root.is_dir():
        raise ValueError(f"image folder: {root} is missing; expected {root}/<class>/*.jpg")
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not folders:
        files = list(image_files(root))
        if not files:
            raise ValueError(f"image folder: {root} has no images; expected {root}/<class>/*.jpg")
        return files, [-1] * len(files), ()
    files, labels = [], []
    for label, folder in enumerate(folders):
        members = list(image_files(folder))
        if not members:
            raise ValueError(f"image folder: class folder {folder} has no images")
        files += members
        labels += [label] * len(members)
    return files, labels, tuple(folder.name for folder in folders)


def image_files(folder: Path) -> Iterator[Path]:
    """Image files at any depth, in the order of their paths; hidden ones left out."""
    return (
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in EXTENSIONS and not path.name.startswith(".")
    )


def _pack(root: Path, files: list[Path], size: int, packed: Path) -> None:
    """Decode all files into `packed`, which appears whole or not at all."""
    packed.parent.mkdir(parents=True, exist_ok=True)
    content = hashlib.sha256(f"{PACKING}/{size}".encode())
    with tempfile.TemporaryDirectory(dir=packed.parent) as folder:
        building = Path(folder) / "building"
        building.mkdir()
        pixels = np.lib.format.open_memmap(
            building / "images.npy", mode="w+", dtype=np.uint8, shape=(len(files), 3, size, size)
        )
        for row, path in enumerate(files):
            content.update(f"{path.relative_to(root)}\0".encode())
            content.update(path.read_bytes())
            pixels[row] = _decode(path, size)
        pixels.flush()
        (building / "digest.json").write_text(json.dumps(content.hexdigest()[:16]))
        try:
            os.rename(building, packed)
        except OSError:  # another process was quicker, with the same content
            assert (packed / "digest.json").exists()


def _decode(path: Path, size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """One image as (3, S, S) uint8."""
    try:
        with Image.open(path) as file:
            image = file.convert("RGB")
    except (OSError, SyntaxError) as error:
        raise ValueError(f"image folder: {path} cannot be decoded: {error}") from error
    scale = size / min(image.size)
    if image.size != (size, size):
        sides = (max(size, round(image.width * scale)), max(size, round(image.height * scale)))
        left, top = (sides[0] - size) // 2, (sides[1] - size) // 2
        image = image.resize(sides, Image.Resampling.BICUBIC).crop((left, top, left + size, top + size))
    return np.asarray(image).transpose(2, 0, 1)
