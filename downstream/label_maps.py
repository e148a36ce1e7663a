"""Is a tree of images and label maps there, readable and consistent? Asked before training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from downstream import trees

_IGNORED = 255  # the label that counts neither in the loss nor in the score, in mmseg and in every data set named here


@dataclass(frozen=True)
class LabelSplit:
    """Where images and their label maps lie.

    Attributes:
        images: folder of NAME`image_suffix`, and of folders of them.
        maps: folder of NAME`map_suffix`.
        image_suffix: how the names of images end.
        map_suffix: how the names of label maps end.
        listing: text file with a name a line; None = every image in the folder.
        other: label 0 is none of the classes, and counts neither in the loss nor in the score.
    """

    images: Path
    maps: Path
    image_suffix: str
    map_suffix: str
    listing: Path | None
    other: bool

    @property
    def layout(self) -> str:
        """The files that are expected, in words."""
        return f"{self.images}/NAME{self.image_suffix} and {self.maps}/NAME{self.map_suffix}"

    def names(self) -> list[str]:
        """Names of the images, in order."""
        if self.listing is not None:
            return self.listing.read_text().split()
        files = (path for path in self.images.rglob(f"*{self.image_suffix}") if not path.name.startswith("."))
        return sorted(path.relative_to(self.images).as_posix().removesuffix(self.image_suffix) for path in files)


def check(train: Sequence[LabelSplit], test: Sequence[LabelSplit], *, classes: Sequence[str], tree: str) -> None:
    """Check both splits: a label map for every image, a sample of both decoded, labels in range, no image in common.

    Args:
        train: parts of the training split.
        test: parts of the test split.
        classes: names of the classes; labels are 0 to their number - 1, or from 1 on where 0 is "other", and 255.
        tree: what the data are called in messages.

    Raises:
        ValueError: in one line, what is missing, unreadable, out of range or in both.
    """
    images = [[image for split in splits for image in _check_files(split, tree=tree)] for splits in (train, test)]
    trees.require_apart(*images, tree=tree)
    seen: set[int] = set()
    for split in train:
        seen |= _check_maps(split, classes=classes, tree=tree)
    for split in test:
        _check_maps(split, classes=classes, tree=tree)
    if len(images[0]) <= trees.SAMPLE:  # every map was read
        trees.require_every_class([classes[label] for label in seen], classes, tree=tree)


def _check_files(split: LabelSplit, *, tree: str) -> list[Path]:
    """Every image has its label map; return the images."""
    for path in filter(None, (split.listing, split.images, split.maps)):
        trees.require(path, tree=tree, layout=split.layout)
    names = split.names()
    if not names:
        where = split.listing or split.images
        raise ValueError(f"{tree}: {where} holds no {split.image_suffix} images")
    for name in names:
        for file in (split.images / f"{name}{split.image_suffix}", split.maps / f"{name}{split.map_suffix}"):
            trees.require(file, tree=tree, layout=split.layout)
    return [split.images / f"{name}{split.image_suffix}" for name in names]


def _check_maps(split: LabelSplit, *, classes: Sequence[str], tree: str) -> set[int]:
    """Decode a sample of the images and their maps; return the numbers of the classes that occur in them."""
    seen: set[int] = set()
    for name in trees.spread([Path(name) for name in split.names()]):
        image, file = split.images / f"{name}{split.image_suffix}", split.maps / f"{name}{split.map_suffix}"
        size, labels = trees.decode(image, tree=tree).size, np.asarray(trees.decode(file, tree=tree))
        if labels.ndim != 2:
            raise ValueError(f"{tree}: {file} must be a label map with one channel, got shape {labels.shape}")
        if size != labels.shape[::-1]:
            raise ValueError(f"{tree}: {file} is {labels.shape[::-1]} pixels, its image is {size}")
        found = {int(label) for label in np.unique(labels)} - {_IGNORED}
        last = len(classes) - (0 if split.other else 1)
        if found and (max(found) > last or min(found) < 0):
            raise ValueError(f"{tree}: {file} must hold labels 0 to {last}, or {_IGNORED}, got {max(found)}")
        seen |= {label - 1 for label in found if label} if split.other else found
    return seen
