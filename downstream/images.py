"""Labelled images that are decoded when they are asked for, so that a data set may be larger than memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from downstream.decoding import UNDECODABLE, refuse_deep
from downstream.fingerprint import fingerprint

_SAMPLE = 2000  # images of a split that are decoded before a run: all of a small one, an even spread of a large one


@dataclass(frozen=True)
class Images:
    """Images with a label each.

    Attributes:
        names: N names; of files, paths below `root`.
        labels: (N,) int64.
        classes: names in the order of the labels.
        root: folder that the data set was read from.
        pixels: (N, H, W) or (N, H, W, 3) uint8, grey or RGB; None where the images are files.
        groups: N names, the same for pictures of one thing, which are held out together; () where none are known.
    """

    names: tuple[str, ...]
    labels: Tensor
    classes: tuple[str, ...]
    root: Path
    pixels: NDArray[np.uint8] | None = None
    groups: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def open(self, index: int) -> Image.Image:
        """Decode one image to RGB.

        Raises:
            ValueError: the file is missing, damaged, too large or of more than 8 bits a channel; one line.
        """
        if self.pixels is not None:
            return Image.fromarray(np.ascontiguousarray(self.pixels[index])).convert("RGB")
        path = self.root / self.names[index]
        try:
            with Image.open(path) as file:
                refuse_deep(file)
                return file.convert("RGB")
        except UNDECODABLE as error:
            raise ValueError(f"images: {path} cannot be decoded: {error}") from error

    def take(self, index: Tensor) -> Images:
        """The images at `index` (M,)."""
        rows = index.tolist()
        pixels = None if self.pixels is None else self.pixels[rows]
        names, groups = (tuple(part[row] for row in rows) if part else () for part in (self.names, self.groups))
        return replace(self, names=names, labels=self.labels[index], pixels=pixels, groups=groups)

    def join(self, other: Images) -> Images:
        """These images and, after them, others of the same data set."""
        assert self.classes == other.classes
        assert self.root == other.root
        assert bool(self.groups) == bool(other.groups)
        pixels = None
        if self.pixels is not None and other.pixels is not None:
            pixels = np.concatenate([self.pixels, other.pixels])
        labels = torch.cat([self.labels, other.labels])
        names, groups = self.names + other.names, self.groups + other.groups
        return replace(self, names=names, labels=labels, pixels=pixels, groups=groups)


@dataclass(frozen=True)
class Splits:
    """A data set as it was read.

    Attributes:
        train: images to train on.
        validation: images for choices, where the data set has such a split.
        test: images to report on.
        files: whatever was read besides the image files: lists, tables, arrays.
    """

    train: Images
    validation: Images | None
    test: Images
    files: tuple[Path, ...]

    def __iter__(self) -> Iterator[Images]:
        """The splits that are there."""
        return iter(part for part in (self.train, self.validation, self.test) if part is not None)

    def fingerprint(self, *, store: Path) -> str:
        """Hash of every file that was read; see `downstream.fingerprint`."""
        root = self.train.root
        named = {root / name for part in self for name in part.names if part.pixels is None}
        return fingerprint(root, named | {*self.files}, store=store)


def check_listed(images: Images, *, subject: str, layout: str) -> None:
    """Check that every file is there and that every class has images.

    Raises:
        ValueError: in one line, what is missing.
    """
    if images.pixels is None:
        missing = next((name for name in images.names if not (images.root / name).is_file()), None)
        if missing is not None:
            raise ValueError(f"{subject}: {images.root / missing} is missing; expected layout: {layout}")
    counts = images.labels.bincount(minlength=len(images.classes))
    if int(counts.min()) == 0:
        raise ValueError(f"{subject}: class '{images.classes[int(counts.argmin())]}' has no images in {images.root}")


def decode_sample(images: Images) -> None:
    """Decode an even spread of the images.

    Raises:
        ValueError: a file is damaged; one line.
    """
    for index in range(0, len(images), max(1, len(images) // _SAMPLE)):
        images.open(index)


def decode_once(parts: Iterable[Images], fingerprint: str, *, store: Path) -> None:
    """Decode a sample of every part, unless files of that fingerprint have been decoded before.

    Raises:
        ValueError: a file is damaged; one line.
    """
    decoded = store / "decoded" / fingerprint
    if decoded.exists():
        return
    for part in parts:
        decode_sample(part)
    decoded.parent.mkdir(parents=True, exist_ok=True)
    decoded.touch()


def from_files(root: Path, files: Sequence[tuple[str, int]], *, classes: Sequence[str]) -> Images:
    """Images from (path below `root`, label)."""
    labels = torch.tensor([label for _, label in files], dtype=torch.int64)
    return Images(tuple(name for name, _ in files), labels, tuple(classes), root)


def from_pixels(
    root: Path, pixels: NDArray[np.uint8], labels: Sequence[int] | NDArray[np.integer], *, classes: Sequence[str]
) -> Images:
    """Images from an array, named by their place in it."""
    names = tuple(map(str, range(len(pixels))))
    return Images(names, torch.as_tensor(np.asarray(labels), dtype=torch.int64), tuple(classes), root, pixels)
