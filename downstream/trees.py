"""What the checks of every data tree share: files that are there, images that decode, classes, splits kept apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

SAMPLE = 300
"""Images decoded per split: all of a small tree, an even spread of a large one."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom side in pixels."""


def require(path: Path, *, tree: str, layout: str) -> None:
    """Refuse a path that is not there.

    Raises:
        ValueError: naming it and the layout that was expected.
    """
    if not path.exists():
        raise ValueError(f"{tree}: {path} is missing; expected layout: {layout}")


def spread(files: Sequence[Path]) -> Sequence[Path]:
    """All of a few files, an even spread of many."""
    return files[:: -(-len(files) // SAMPLE) or 1]


def decode(file: Path, *, tree: str) -> Image.Image:
    """Read an image to its last pixel, upright as its camera says, which is how mm reads photographs.

    Raises:
        ValueError: it cannot be decoded.
    """
    try:
        with Image.open(file) as image:
            image.load()
            return ImageOps.exif_transpose(image)
    except (OSError, UnidentifiedImageError, SyntaxError) as error:  # PIL has SyntaxError for broken PNG files
        raise ValueError(f"{tree}: {file} cannot be decoded: {error}") from error


def check_images(
    sizes: Mapping[Path, tuple[int, int] | None], *, tree: str, layout: str, annotation: Mapping[Path, Path]
) -> None:
    """All files exist; a sample decodes, and has the size (width, height) that its annotation says, if it says one.

    Raises:
        ValueError: naming the file, and its annotation where they disagree.
    """
    for file in sizes:
        require(file, tree=tree, layout=layout)
    for file in spread(list(sizes)):
        found, said = decode(file, tree=tree).size, sizes[file]
        if said is not None and found != said:
            raise ValueError(f"{tree}: {annotation[file]} says that {file} is {said} pixels, it is {found}")


def check_inside(boxes: Iterable[Box], size: tuple[int, int] | None, *, file: object, tree: str) -> None:
    """Boxes have their sides in order and lie in the image (width, height), up to a pixel of rounding.

    Raises:
        ValueError: naming the file and the box.
    """
    width, height = size or (float("inf"), float("inf"))
    for left, top, right, bottom in boxes:
        if right < left or bottom < top:
            raise ValueError(f"{tree}: {file} has a box whose right or bottom side comes first")
        if left < -1 or top < -1 or right > width + 1 or bottom > height + 1:
            raise ValueError(
                f"{tree}: {file} has the box {(left, top, right, bottom)}, outside its image of {size} pixels"
            )


def require_known(names: Iterable[str], classes: Sequence[str], *, file: Path, tree: str) -> None:
    """Refuse a class that the task does not have.

    Raises:
        ValueError: naming it and the known ones.
    """
    unknown = sorted(set(names) - set(classes))
    if unknown:
        raise ValueError(f"{tree}: {file} names the class '{unknown[0]}'; known: {', '.join(classes)}")


def require_every_class(found: Iterable[str], classes: Sequence[str], *, tree: str) -> None:
    """Refuse a training split without a single object of some class, which nothing could learn.

    Raises:
        ValueError: naming the classes.
    """
    absent = [name for name in classes if name not in set(found)]
    if absent:
        more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
        raise ValueError(f"{tree}: the training split has no object of the class {', '.join(absent[:3])}{more}")


def require_apart(train: Iterable[Path], test: Iterable[Path], *, tree: str) -> None:
    """Refuse a test image that is trained on.

    Raises:
        ValueError: naming the first one.
    """
    both = sorted({path.resolve() for path in train} & {path.resolve() for path in test})
    if both:
        raise ValueError(f"{tree}: {len(both)} test images are in the training split too, {both[0]} the first")
