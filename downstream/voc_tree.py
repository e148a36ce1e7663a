"""Is a VOC tree there, readable and consistent? Asked before training."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from downstream import trees
from downstream.trees import Box

_SIDES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class VocSplit:
    """Where the images of a list and their annotations lie.

    Attributes:
        listing: text file with a name a line.
        images: folder of NAME`suffix`.
        annotations: folder of NAME.xml.
        suffix: how the names of image files end.
        difficult: objects marked difficult are trained on.
    """

    listing: Path
    images: Path
    annotations: Path
    suffix: str
    difficult: bool = False

    @property
    def layout(self) -> str:
        """The files that are expected, in words."""
        return f"{self.listing}, {self.images}/NAME{self.suffix}, {self.annotations}/NAME.xml"


@dataclass(frozen=True)
class _Annotation:
    file: Path
    size: tuple[int, int] | None
    names: list[str]
    easy: list[str]  # names of the objects that are not difficult, which alone are counted in the test


def check(train: Sequence[VocSplit], test: Sequence[VocSplit], *, classes: Sequence[str]) -> list[Path]:
    """Check both splits: lists, every annotation, a sample of the images; and that they have no image in common.

    Returns:
        Every file that belongs to the splits.

    Raises:
        ValueError: in one line, what is missing, unreadable, unknown or in both.
    """
    learnt: set[str] = set()
    counted: set[str] = set()
    images: list[list[Path]] = []
    files: list[Path] = []
    for splits in (train, test):
        images.append([])
        for split in splits:
            found = _check_split(split, classes=classes)
            images[-1] += found
            files += [split.listing, *found, *(annotation.file for annotation in found.values())]
            easy = {name for annotation in found.values() for name in annotation.easy}
            if splits is test:
                counted |= easy
            else:
                hard = {name for annotation in found.values() for name in annotation.names}
                learnt |= hard if split.difficult else easy
    trees.require_apart(*images, tree="VOC")
    trees.require_classes(learnt, classes, tree="VOC")
    if not counted:
        raise ValueError(f"VOC: {test[0].listing} lists no image with an object that counts in the test")
    return files


def _check_split(split: VocSplit, *, classes: Sequence[str]) -> dict[Path, _Annotation]:
    """Check one list; return its images and their annotations."""
    for path in (split.listing, split.images, split.annotations):
        trees.require(path, tree="VOC", layout=split.layout)
    found = {}
    for number, name in enumerate(trees.read_list(split.listing, tree="VOC"), start=1):
        file = split.annotations / f"{name}.xml"
        trees.require(file, tree="VOC", layout=split.layout, line=(split.listing, number, name))
        image = split.images / f"{name}{split.suffix}"
        found[image] = _read(file)
        trees.require_known(found[image].names, classes, file=file, tree="VOC")
    sizes = {image: annotation.size for image, annotation in found.items()}
    files = {image: annotation.file for image, annotation in found.items()}
    trees.check_images(sizes, tree="VOC", layout=split.layout, annotation=files)
    return found


def _read(file: Path) -> _Annotation:
    """Read an annotation file and check its boxes."""
    try:
        root = ElementTree.parse(file).getroot()
        objects = root.findall("object")
        boxes = [_box(entry) for entry in objects]
        size = None
        if root.find("size") is not None:
            size = int(root.findtext("size/width", "")), int(root.findtext("size/height", ""))
        easy = [entry for entry in objects if not int(entry.findtext("difficult", "0"))]
    except (ElementTree.ParseError, OSError, ValueError) as error:
        raise ValueError(f"VOC: {file} is no VOC annotation: {error}") from error
    trees.check_inside(boxes, size, file=file, tree="VOC")
    return _Annotation(file, size, _names(objects), _names(easy))


def _names(objects: Sequence[ElementTree.Element]) -> list[str]:
    return [entry.findtext("name", "") for entry in objects]


def _box(entry: ElementTree.Element) -> Box:
    """The box of an object; VOC counts pixels from 1 and includes the last."""
    left, top, right, bottom = (float(entry.findtext(f"bndbox/{side}", "")) for side in _SIDES)
    return left - 1, top - 1, right, bottom
