"""Tar shards in WebDataset format: samples of members KEY.jpg with KEY.cls or KEY.json, whose places are listed once.

A key is a member's path up to the first dot of its name. Members without a key, hidden ones and others than files do
not count, nor do samples without an image. As the tars are not compressed, images are then read in any order: what is
shuffled is the whole set, and no buffer of it.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from downstream.image_sources import ImageSource, Members, stamp
from downstream.imagefolder import EXTENSIONS, image_files

_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstandard"}
LISTING = 1
"""Raised when the same shards would be listed otherwise: other keys, suffixes, labels or places."""

_KEY = re.compile(r"((?:.*/|)[^./][^./]*)\.([^/]*)")  # webdataset's base_plus_ext
_BLOCK = 512
_UNLABELLED = -1


@dataclass(frozen=True)
class _Sample:
    """An image in a shard: its member's name, first byte and bytes; the label of its key."""

    name: str = ""
    start: int = 0
    length: int = 0
    label: int = _UNLABELLED


def shard_paths(root: Path) -> list[Path] | None:
    """The shards that a path names: one tar, several by `{000..123}` or `{a,b}`, or a folder of tars and nothing else.

    None where it names no shards.
    """
    if root.is_dir():
        shards = sorted(path for path in root.iterdir() if _is_tar(path.name) and not path.name.startswith("."))
        folders = any(path.is_dir() and not path.name.startswith(".") for path in root.iterdir())
        return None if not shards or folders or next(image_files(root), None) is not None else shards
    return [root.parent / name for name in _expand(root.name)] if _is_tar(root.name) else None


def read_shards(paths: Sequence[Path], *, store: Path) -> ImageSource:
    """List the images of shards of one folder, in their order, with their labels.

    The list is kept below `store` as long as no shard changes.

    Raises:
        ValueError: a shard is missing, compressed, truncated or has no images, or a sample or label cannot be read.
    """
    for path in paths:
        _check(path)
    root, names = paths[0].parent, tuple(path.name for path in paths)
    kept = store / "shards" / f"{stamp(root, names)}-{LISTING}.npz"
    if not kept.exists():
        _keep(kept, [_index(path) for path in paths])
    with np.load(kept) as table:
        shard, start, length, label, own = (table[key] for key in ("shard", "start", "length", "label", "name"))
    listed = tuple(f"{names[place]}/{os.fsdecode(name)}" for place, name in zip(shard, own, strict=True))
    classes = np.unique(label[label != _UNLABELLED])
    places = np.where(label == _UNLABELLED, _UNLABELLED, np.searchsorted(classes, label))
    members = Members(names, shard, start, length)
    return ImageSource("shards", root, listed, torch.from_numpy(places), tuple(map(str, classes.tolist())), members)


def _is_tar(name: str) -> bool:
    return ".tar" in name[1:] or name.endswith(".tgz")


def _expand(pattern: str) -> list[str]:
    """`train-{00..02}.tar` to three names, `{a,b}.tar` to two; zeros in front are kept."""
    parts = re.split(r"\{([^{}]*)\}", pattern)
    choices = [_choices(part) if place % 2 else [part] for place, part in enumerate(parts)]
    return ["".join(words) for words in product(*choices)]


def _choices(inside: str) -> list[str]:
    ends = re.fullmatch(r"(\d+)\.\.(\d+)", inside)
    if ends is None:
        return inside.split(",")
    first, last = ends.groups()
    return [f"{number:0{len(first)}d}" for number in range(int(first), int(last) + 1)]


def _check(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(_BLOCK)
    except OSError as error:
        raise ValueError(f"shards: {path} cannot be read: {error.strerror}") from error
    kind = next((kind for start, kind in _COMPRESSED.items() if head.startswith(start)), None)
    if kind is not None:
        raise ValueError(f"shards: {path} is compressed ({kind}); must be a plain tar, whose images are read by place")


def _index(path: Path) -> list[_Sample]:
    """The samples of one shard that have an image."""
    samples: dict[str, _Sample] = {}
    seen: set[str] = set()
    for key, suffix, member, content in _members(path):
        if member.name in seen:
            raise ValueError(f"shards: {path} has {member.name} twice")
        seen.add(member.name)
        sample = samples.setdefault(key, _Sample())
        if content is not None:
            label = _label(suffix, content, where=f"{path}/{member.name}")
            samples[key] = sample if label is None else replace(sample, label=label)
        elif sample.name:
            raise ValueError(f"shards: {path}/{key} must have one image, got {sample.name} and {member.name}")
        else:
            samples[key] = replace(sample, name=member.name, start=member.offset_data, length=member.size)
    found = [sample for sample in samples.values() if sample.name]
    if not found:
        raise ValueError(f"shards: {path} has no images; expected members KEY.jpg, and KEY.cls where there are labels")
    return found


def _members(path: Path) -> Iterator[tuple[str, str, tarfile.TarInfo, bytes | None]]:
    """Key, suffix and member of every image and label, and the content of labels.

    Raises:
        ValueError: the tar does not come to its end.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            end = 0
            while (member := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # else it keeps them all
                end = archive.offset
                match = _KEY.fullmatch(member.name)
                if match is None or not member.isreg() or re.fullmatch("__[^/]*__", member.name):
                    continue
                if member.issparse():
                    raise ValueError(f"shards: {path}/{member.name} must not be a sparse member")
                key, suffix = match[1], match[2].lower()
                if suffix in ("cls", "json"):
                    file = archive.extractfile(member)
                    assert file is not None
                    yield key, suffix, member, file.read()
                elif f".{suffix}" in EXTENSIONS:
                    yield key, suffix, member, None
    except tarfile.TarError as error:
        raise ValueError(f"shards: {path} is no whole tar: {error}") from error
    with path.open("rb") as file:
        file.seek(end)
        if file.read(_BLOCK) != bytes(_BLOCK):  # tarfile takes a cut or damaged header for the end
            raise ValueError(f"shards: {path} is no whole tar: it does not end after byte {end}, its last member's end")


def _label(suffix: str, content: bytes, *, where: str) -> int | None:
    """The class number of KEY.cls, or "label" or "cls" of KEY.json, which may have neither."""
    try:
        found: Any = int(content) if suffix == "cls" else json.loads(content)
        if suffix == "json":
            found = found.get("label", found.get("cls")) if isinstance(found, dict) else None
    except ValueError as error:
        raise ValueError(f"shards: {where} must hold {'a number' if suffix == 'cls' else 'JSON'}: {error}") from error
    if found is not None and (type(found) is not int or found < 0):
        raise ValueError(f"shards: {where} must hold the number of a class, got {found!r}")
    return found


def _keep(kept: Path, shards: Sequence[Sequence[_Sample]]) -> None:
    """Write what was found, whole or not at all."""
    samples = [sample for shard in shards for sample in shard]
    kept.parent.mkdir(parents=True, exist_ok=True)
    temporary = kept.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        np.savez(
            file,
            shard=np.repeat(np.arange(len(shards), dtype=np.int32), [len(shard) for shard in shards]),
            start=np.array([sample.start for sample in samples], dtype=np.int64),
            length=np.array([sample.length for sample in samples], dtype=np.int64),
            label=np.array([sample.label for sample in samples], dtype=np.int64),
            name=np.array([os.fsencode(sample.name) for sample in samples]),
        )
    temporary.replace(kept)
