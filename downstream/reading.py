"""The first pass over the images of a source, by several processes: their hash, and their pixels or a sample."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from downstream.cores import cores
from downstream.decoding import PACKING, decode
from downstream.held_folders import partial_folder, remove_abandoned
from downstream.image_sources import ImageSource

Report = Callable[[int, int], None]
"""Is told of progress: how many of how many."""

_PART = 64  # images that a process reads at a time
_FEW = 1024  # images that are not worth starting processes for
_WORKERS = 16  # at most
_SAMPLE = 2000  # images that are decoded to see whether a source is in order: all of a small one, else an even spread


def silent(done: int, total: int) -> None:
    """Report nothing."""


class UnreadableImageError(ValueError):
    """An image is missing or damaged; the message is one line, also where a loader's process wraps it in its own."""

    def __init__(self, text: str) -> None:
        super().__init__(text.rstrip().rpartition("UnreadableImageError: ")[2])


def decode_row(source: ImageSource, row: int, *, size: int, data: bytes | None = None) -> Tensor:
    """Decode one image of a source to (3, S, S) uint8.

    Raises:
        UnreadableImageError: it is missing or damaged.
    """
    try:
        return decode(source.read(row) if data is None else data, size=size)
    except (OSError, ValueError) as error:
        text = " ".join(str(error).split())
        where = source.root / source.names[row]
        raise UnreadableImageError(f"{source.subject}: {where} cannot be decoded: {text}") from error


def pack(source: ImageSource, *, size: int, store: Path, report: Report) -> tuple[Path, str]:
    """Decode all images into one array below `store`, which appears whole or not at all, unless it is there.

    Returns:
        The array's file, (N, 3, S, S) uint8, and the hash of names and contents.

    Raises:
        ValueError: an image cannot be decoded, or there is no room; one line.
    """
    packed = store / hashlib.sha256(f"{PACKING}/{size}/{source.stamp()}".encode()).hexdigest()[:16]
    if not (packed / "digest.json").exists():
        store.mkdir(parents=True, exist_ok=True)
        remove_abandoned(store)  # first: they can be as large as what is to come
        _check_room(source, size=size, store=store)
        with partial_folder(packed) as building:
            shape = (len(source.names), 3, size, size)
            np.lib.format.open_memmap(building / "images.npy", mode="w+", dtype=np.uint8, shape=shape)
            content = _read_all(source, size=size, into=building / "images.npy", report=report)
            (building / "digest.json").write_text(json.dumps(content))
            try:
                os.rename(building, packed)
            except OSError:  # another process was quicker, with the same content
                assert (packed / "digest.json").exists()
    return packed / "images.npy", json.loads((packed / "digest.json").read_text())


def survey(source: ImageSource, *, size: int, store: Path, report: Report) -> str:
    """The hash of names and contents, once an even spread of the images has been decoded.

    It is kept below `store` as long as no file changes.

    Raises:
        ValueError: an image cannot be decoded; one line.
    """
    kept = store / "contents" / source.stamp()
    if not kept.exists():
        content = _read_all(source, size=size, into=None, report=report)
        kept.parent.mkdir(parents=True, exist_ok=True)
        temporary = kept.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(content)
        temporary.replace(kept)
    return kept.read_text()


def _check_room(source: ImageSource, *, size: int, store: Path) -> None:
    needed, free = len(source.names) * 3 * size**2, shutil.disk_usage(store).free
    if needed > free:
        sizes = f"{needed / 1e9:.1f} GB in {store}, got {free / 1e9:.1f} GB"
        raise ValueError(f"{source.subject}: packed images must have {sizes}; data.stream=True needs none")


def _read_all(source: ImageSource, *, size: int, into: Path | None, report: Report) -> str:
    """Read every image, in parts; return the hash of names and contents."""
    count, content = len(source.names), hashlib.sha256()
    workers = 0 if count < _FEW else min(_WORKERS, cores())
    parts = DataLoader(_Parts(source, size, into), batch_size=None, num_workers=workers, generator=torch.Generator())
    for number, hashes in enumerate(parts):
        first = number * _PART
        for name, found in zip(source.names[first : first + _PART], hashes, strict=True):
            content.update(os.fsencode(name) + b"\0" + found)
        report(min(first + _PART, count), count)
    return content.hexdigest()[:16]


class _Parts(Dataset[list[bytes]]):
    """Item k is the hashes of the k-th part of the images, whose pixels are written, or of whom some are decoded."""

    def __init__(self, source: ImageSource, size: int, into: Path | None) -> None:
        self.source, self.size, self.into = source, size, into
        self.spread = max(1, len(source.names) // _SAMPLE)

    def __len__(self) -> int:
        return -(-len(self.source.names) // _PART)

    def __getitem__(self, part: int) -> list[bytes]:
        pixels = None if self.into is None else np.load(self.into, mmap_mode="r+")
        hashes = []
        for row in range(part * _PART, min((part + 1) * _PART, len(self.source.names))):
            data = self._read(row)
            hashes.append(hashlib.sha256(data).digest())
            if pixels is not None:
                pixels[row] = decode_row(self.source, row, size=self.size, data=data).numpy()
            elif row % self.spread == 0:
                decode_row(self.source, row, size=self.size, data=data)
        return hashes

    def _read(self, row: int) -> bytes:
        try:
            return self.source.read(row)
        except OSError as error:
            raise UnreadableImageError(f"{self.source.subject}: {error}") from error
