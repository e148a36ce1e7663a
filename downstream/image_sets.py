"""Images of one size that need not fit in memory: packed once and mapped, or decoded whenever they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import default_collate

from downstream.decoding import PACKING
from downstream.image_sources import ImageSource
from downstream.reading import Report, decode_row, pack, silent, survey


class Pixels(Protocol):
    """Images (N, 3, S, S) uint8, as a tensor or as something that makes one of those that are asked for."""

    @property
    def shape(self) -> Sequence[int]:
        """(N, 3, S, S)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: Tensor, /) -> Tensor: ...


@dataclass(frozen=True)
class ImageSet:
    """Images of one size.

    Attributes:
        images: (N, 3, S, S) uint8, RGB: in memory, mapped from disk, or decoded when they are asked for.
        labels: (N,) int64; -1 for images without a class.
        classes: names in the order of the labels; empty for images without any.
        digest: hash of every file's path and content, of labels, and of S.
        workers: processes that should read batches ahead of a training; 0 = its own.
    """

    images: Pixels
    labels: Tensor
    classes: tuple[str, ...]
    digest: str
    workers: int = 0

    def take(self, index: Tensor) -> ImageSet:
        """The images at `index` (M,), with a digest of their own; none is read for that."""
        digest = hashlib.sha256(self.digest.encode() + index.numpy().tobytes()).hexdigest()[:16]
        return ImageSet(_Part(self.images, index), self.labels[index], self.classes, digest, self.workers)


def open_images(
    source: ImageSource, *, image_size: int, store: Path, stream: bool = False, report: Report = silent
) -> ImageSet:
    """Open images at one size, with the same pixels and the same digest whether they are packed or streamed.

    The decoded pixels are kept below `store` and mapped from there as long as no file of the source changes. Streamed
    images are decoded when they are asked for; of these, one pass over the files keeps their hash, and finds out
    whether an even spread of them decodes.

    Args:
        source: where they lie.
        image_size: S.
        store: folder for packed images and hashes.
        stream: keep no pixels.
        report: is told how many images of how many have been read, when they are read for the first time.

    Raises:
        ValueError: an image cannot be decoded, or there is no room for the pixels; one line.
    """
    if stream:
        pixels: Pixels = _Streamed(source, image_size)
        content = survey(source, size=image_size, store=store, report=report)
    else:
        packed, content = pack(source, size=image_size, store=store, report=report)
        pixels = _Mapped(packed)
    labelled = hashlib.sha256(source.labels.numpy().tobytes() + "\0".join(source.classes).encode()).hexdigest()
    digest = hashlib.sha256(f"{PACKING}/{image_size}/{content}/{labelled}".encode()).hexdigest()[:16]
    return ImageSet(pixels, source.labels, source.classes, digest)


class _Mapped:
    """Packed images, mapped for reading alone.

    What could be written, the system counts as memory of the process, and refuses where a set is larger than that.
    """

    def __init__(self, file: Path) -> None:
        self.file = file.absolute()
        self.pixels: NDArray[np.uint8] = np.load(file, mmap_mode="r")

    def __reduce__(self) -> tuple[type[_Mapped], tuple[Path]]:
        return _Mapped, (self.file,)  # another process maps the same file, instead of getting all pixels

    @property
    def shape(self) -> Sequence[int]:
        return self.pixels.shape

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: Tensor, /) -> Tensor:
        return torch.from_numpy(np.take(self.pixels, index.numpy(), axis=0))


class _Streamed:
    """Images that are decoded each time."""

    def __init__(self, source: ImageSource, size: int) -> None:
        self.source, self.size = source, size

    @property
    def shape(self) -> Sequence[int]:
        return (len(self), 3, self.size, self.size)

    def __len__(self) -> int:
        return len(self.source.names)

    def __getitem__(self, index: Tensor, /) -> Tensor:
        # In a loader's process this stacks them in shared memory. A batch in memory of its own would be copied there
        # and leave a hole, which glibc often does not fill: the process then grows by a batch with every batch.
        images: Tensor = default_collate([decode_row(self.source, row, size=self.size) for row in index.tolist()])
        return images


class _Part:
    """Some of the images, in some order."""

    def __init__(self, images: Pixels, index: Tensor) -> None:
        self.images, self.index = images, index

    @property
    def shape(self) -> Sequence[int]:
        return (len(self.index), *self.images.shape[1:])

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: Tensor, /) -> Tensor:
        return self.images[self.index[index]]
