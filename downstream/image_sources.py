"""Encoded images where they lie: an image folder, or tar shards in WebDataset format; nothing is decoded here."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class Members:
    """Where the images of shards lie.

    Attributes:
        shards: names of the tar files.
        shard: (N,) which of them holds the image.
        start: (N,) its first byte there.
        length: (N,) its bytes.
    """

    shards: tuple[str, ...]
    shard: NDArray[np.int32]
    start: NDArray[np.int64]
    length: NDArray[np.int64]


@dataclass(frozen=True)
class ImageSource:
    """Encoded images with a label each.

    Attributes:
        subject: what it is, for messages: "image folder" or "shards".
        root: folder that the images, or the shards, lie in.
        names: N paths below `root`; of an image in a shard, the shard's and then its own there.
        labels: (N,) int64; -1 for images without a class.
        classes: names in the order of the labels; empty where there are none.
        members: where in the shards the images are; None where they are files.
    """

    subject: str
    root: Path
    names: tuple[str, ...]
    labels: Tensor
    classes: tuple[str, ...]
    members: Members | None = None

    def read(self, row: int) -> bytes:
        """The encoded image.

        Raises:
            OSError: it is not there any more.
        """
        if self.members is None:
            return (self.root / self.names[row]).read_bytes()
        members = self.members
        with (self.root / members.shards[members.shard[row]]).open("rb") as shard:
            shard.seek(int(members.start[row]))
            data: bytes = shard.read(int(members.length[row]))
        return data

    def stamp(self) -> str:
        """Hash of names, sizes and times of the files: as long as it stays, nothing has to be read again."""
        files = self.names if self.members is None else self.members.shards
        return stamp(self.root, files)


def stamp(root: Path, names: tuple[str, ...]) -> str:
    """Hash of names, sizes and times of files below `root`."""
    found = hashlib.sha256(os.fsencode(root.resolve()))
    for name in names:
        status = os.stat(os.path.join(root, name))
        found.update(os.fsencode(name) + f"/{status.st_size}/{status.st_mtime_ns}\0".encode())
    return found.hexdigest()[:16]
