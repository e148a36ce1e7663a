"""Is a tree of images and label maps there, readable and consistent? Asked before training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from downstream import trees
from downstream.fingerprint import tree_files

_Pair = tuple[Path, Path]  # an image and its label map
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

    def names(self, *, tree: str) -> list[str]:
        """Names of the images of the data called `tree`, in order."""
        if self.listing is not None:
            return trees.read_list(self.listing, tree=tree)
        named = [path for path in tree_files(self.images) if path.name.endswith(self.image_suffix)]
        return sorted(path.relative_to(self.images).as_posix().removesuffix(self.image_suffix) for path in named)

    def left_out(self) -> list[Path]:
        """Files beside the images that end otherwise."""
        if self.listing is not None:
            return []
        return sorted(path for path in tree_files(self.images) if not path.name.endswith(self.image_suffix))


def check(
    train: Sequence[LabelSplit],
    test: Sequence[LabelSplit],
    *,
    labelled: Sequence[str],
    classes: Sequence[str],
    tree: str,
) -> list[Path]:
    """Check both splits: a label map for every image, all maps, a sample of the images, and no image in common.

    Args:
        train: parts of the training split.
        test: parts of the test split.
        labelled: names of what the labels stand for, from 0 on, or from 1 on where 0 is "other"; 255 counts nowhere.
        classes: those of them that the task learns.
        tree: what the data are called in messages.

    Returns:
        Every file that belongs to the splits.

    Raises:
        ValueError: in one line, what is missing, unreadable, out of range or in both; or label 0 is "other" in some
            parts only, or there are more labels than mmseg can tell apart.
    """
    _check_labels((*train, *test), labelled=labelled, tree=tree)
    parts = [[(split, _check_files(split, tree=tree)) for split in splits] for splits in (train, test)]
    pairs = [[pair for _, some in part for pair in some] for part in parts]
    trees.require_apart(*([image for image, _ in part] for part in pairs), tree=tree)
    found = []
    for part in parts:
        labels = {label for split, some in part for label in _check_maps(split, some, classes=labelled, tree=tree)}
        found.append({labelled[label] for label in labels} & set(classes))
    trees.require_classes(found[0], classes, tree=tree)
    if not found[1]:
        raise ValueError(f"{tree}: {test[0].maps} has no pixel of any class; nothing would count in the test")
    lists = [split.listing for split in (*train, *test) if split.listing is not None]
    return [*lists, *(file for part in pairs for pair in part for file in pair)]


def _check_labels(splits: Sequence[LabelSplit], *, labelled: Sequence[str], tree: str) -> None:
    """Labels mean the same in all parts, and fit into the 8 bits to which mmseg wraps them, beside 255."""
    others = [split.other for split in splits]
    if len({*others}) > 1:
        raise ValueError(
            f"{tree}: reduce_zero_label must be the same in train_dataloader.dataset and test_dataloader.dataset, "
            f"got {', '.join(map(str, others))}"
        )
    limit = _IGNORED - 1 if others[0] else _IGNORED
    if len(labelled) > limit:
        raise ValueError(f"{tree}: classes must be at most {limit}, since labels have 8 bits, got {len(labelled)}")


def _check_files(split: LabelSplit, *, tree: str) -> list[_Pair]:
    """Every image has its label map; return both."""
    for path in filter(None, (split.listing, split.images, split.maps)):
        trees.require(path, tree=tree, layout=split.layout)
    names, others = split.names(tree=tree), split.left_out()
    if others:
        print(
            f"{tree}: note: {len(others)} files do not end in {split.image_suffix} and are left out, {others[0]} first"
        )
    if not names:
        more = f"; it has {others[0].name}" if others else ""
        raise ValueError(f"{tree}: {split.images} holds no {split.image_suffix} images{more}")
    pairs = []
    for number, name in enumerate(names, start=1):
        pair = split.images / f"{name}{split.image_suffix}", split.maps / f"{name}{split.map_suffix}"
        for file in pair:
            trees.require(file, tree=tree, layout=split.layout, line=(split.listing, number, name))
        pairs.append(pair)
    return pairs


def _check_maps(split: LabelSplit, pairs: Sequence[_Pair], *, classes: Sequence[str], tree: str) -> set[int]:
    """Read every map, and a sample of the images; return the numbers of the classes that occur."""
    decoded = set(trees.spread([image for image, _ in pairs]))
    last = len(classes) - (0 if split.other else 1)
    seen: set[int] = set()
    for image, file in pairs:
        labels = np.asarray(trees.decode(file, tree=tree))
        if labels.ndim != 2 or labels.dtype.kind not in "biu":
            raise ValueError(
                f"{tree}: {file} must be a label map with one channel of whole numbers, got shape {labels.shape} of "
                f"{labels.dtype}"
            )
        if image in decoded and (size := trees.decode(image, tree=tree).size) != labels.shape[::-1]:
            raise ValueError(f"{tree}: {file} is {labels.shape[::-1]} pixels, its image is {size}")
        found = _values(labels) - {_IGNORED}
        wrong = [label for label in found if not 0 <= label <= last]
        if wrong:
            raise ValueError(f"{tree}: {file} must hold labels 0 to {last}, or {_IGNORED}, got {max(wrong)}")
        seen |= {label - 1 for label in found if label} if split.other else found
    return seen


def _values(labels: NDArray[Any]) -> set[int]:
    """The values in an array; counting bytes is ten times as fast as sorting them."""
    if labels.dtype == np.uint8:
        return set(np.flatnonzero(np.bincount(labels.ravel(), minlength=256)).tolist())
    return {int(label) for label in np.unique(labels)}
