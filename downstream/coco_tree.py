"""Is a COCO tree there, readable and consistent? Asked before training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from downstream import coco_file, trees


@dataclass(frozen=True)
class CocoSplit:
    """An annotation file and the folder of the images that it names."""

    annotations: Path
    images: Path

    @property
    def layout(self) -> str:
        """The files that are expected, in words."""
        return f"{self.annotations}, {self.images}/FILE_NAME"


@dataclass(frozen=True)
class _Content:
    file: Path
    files: dict[Path, tuple[int, int]]  # images and their sizes
    learnt: set[str]  # classes with an object that mmdet trains on
    counted: bool  # there is an object that is no crowd, which alone counts in the test
    order: tuple[str, ...]  # classes in the order of the file's categories, by which mmdet numbers them


def check(train: Sequence[CocoSplit], test: Sequence[CocoSplit], *, classes: Sequence[str], masks: bool) -> list[Path]:
    """Check both splits: every annotation, that parts belong together, a sample of images; and no image in common.

    All files have their categories in one order, which need not be that of `classes`. Images without objects, and
    crowds, are allowed.

    Args:
        train: parts of the training split.
        test: parts of the test split.
        classes: names that every annotation file must have as categories.
        masks: whether objects must have a segmentation.

    Returns:
        Every file that belongs to the splits.

    Raises:
        ValueError: in one line, what is missing, unreadable, unknown, in another order or in both.
    """
    read = [[_check_split(split, classes=classes, masks=masks) for split in splits] for splits in (train, test)]
    _require_one_order([each for contents in read for each in contents])
    trees.require_apart(*([path for each in contents for path in each.files] for contents in read), tree="COCO")
    trees.require_classes({name for each in read[0] for name in each.learnt}, classes, tree="COCO")
    if not any(each.counted for each in read[1]):
        raise ValueError(f"COCO: {test[0].annotations} has no object that counts in the test: all are crowds, or none")
    images = [path for contents in read for each in contents for path in each.files]
    return [*images, *(split.annotations for split in (*train, *test))]


def _require_one_order(contents: Sequence[_Content]) -> None:
    """Refuse files whose categories are in another order than the first file's: mmdet numbers classes by that order."""
    first, *others = contents
    for each in others:
        here, there = next((pair for pair in zip(each.order, first.order, strict=True) if len({*pair}) > 1), ("", ""))
        if here:
            raise ValueError(
                f"COCO: {each.file} must have its categories in the order of {first.file}, got '{here}' in the place "
                f"of '{there}'"
            )


def _check_split(split: CocoSplit, *, classes: Sequence[str], masks: bool) -> _Content:
    for path in (split.annotations, split.images):
        trees.require(path, tree="COCO", layout=split.layout)
    content = _read(split, classes=classes, masks=masks)
    files = dict.fromkeys(content.files, split.annotations)
    trees.check_images(content.files, tree="COCO", layout=split.layout, annotation=files)
    return content


def _read(split: CocoSplit, *, classes: Sequence[str], masks: bool) -> _Content:
    file = split.annotations
    content = coco_file.read(file)
    if not content.images:
        raise ValueError(f"COCO: {file} lists no images")
    for each in content.annotations:
        if each.image not in content.images or each.category not in content.categories:
            raise ValueError(f"COCO: {file} has an annotation of image {each.image}, category {each.category}: no such")
        if masks and not each.mask:
            raise ValueError(
                f"COCO: {file} has no segmentation of polygons with 3 corners or more in the annotation {each.id}, "
                "and masks are trained"
            )
        left, top, width, height = each.box
        image = content.images[each.image]
        corners = (left, top, left + width, top + height)
        trees.check_inside([corners], image.size, file=f"{file}, image {image.name},", tree="COCO")
    used = {content.categories[each.category] for each in content.annotations}
    absent = [name for name in classes if name not in content.categories.values()]
    if absent:
        known = ", ".join(content.categories.values())
        raise ValueError(f"COCO: {file} has no category '{absent[0]}'; it has {known}")
    trees.require_known(used, classes, file=file, tree="COCO")
    return _Content(
        file,
        {split.images / image.name: image.size for image in content.images.values()},
        {content.categories[each.category] for each in content.annotations if each.trains},
        any(not each.crowd for each in content.annotations),
        tuple(name for name in content.categories.values() if name in classes),
    )
