"""What the checks of every data tree share: files that are there, images that decode, classes, splits kept apart."""

from __future__ import annotations

import filecmp
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageOps

from downstream.decoding import UNDECODABLE

SAMPLE = 300
"""Images decoded per split: all of a small tree, an even spread of a large one."""

_DOUBLES = 0.01  # share of test images that may be copies of training images
_START = 1 << 16  # bytes

Box = tuple[float, float, float, float]
"""Left, top, right and bottom side in pixels."""


def require(path: Path, *, tree: str, layout: str, line: tuple[Path | None, int, str] = (None, 0, "")) -> None:
    """Refuse a path that is not there.

    Args:
        path: file or folder.
        tree: what the data are called.
        layout: the files that are expected, in words.
        line: list that has it, number of the line, and what the line says.

    Raises:
        ValueError: naming it and the layout that was expected.
    """
    if not path.exists():
        listing, number, name = line
        place = f"; {listing}, line {number} has the name {name!r}" if listing is not None else ""
        raise ValueError(f"{tree}: {path} is missing{place}; expected layout: {layout}")


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
    except UNDECODABLE as error:
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
        if not (right >= left and bottom >= top):  # nor of nan
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


def require_classes(found: Iterable[str], classes: Sequence[str], *, tree: str) -> None:
    """Refuse a training split without a single object to learn; say which classes have none.

    Raises:
        ValueError: no class has an object.
    """
    absent = [name for name in classes if name not in set(found)]
    if len(absent) == len(classes):
        raise ValueError(f"{tree}: the training split has no object of any class ({_some(absent)}) to learn from")
    if absent:
        print(f"{tree}: note: the training split has no object of the class {_some(absent)}")


def _some(names: Sequence[object]) -> str:
    """Up to three names and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(str, names[:3])) + more


def require_apart(train: Iterable[Path], test: Iterable[Path], *, tree: str) -> None:
    """Refuse test images that are trained on: the same files, or copies of them, byte for byte.

    Public data sets are not free of doubles, so up to 1 % of copies is said and no more.

    Raises:
        ValueError: how many, and the first one.
    """
    train, test = list(train), list(test)
    both = sorted({path.resolve() for path in train} & {path.resolve() for path in test})
    if both:
        raise ValueError(f"{tree}: {len(both)} test images are in the training split too, {both[0]} the first")
    copies = _copies(train, test)
    if copies:
        text = f"{len(copies)} of {len(test)} test images are copies of training images, {' of '.join(copies[0])} first"
        if len(copies) > _DOUBLES * len(test):
            raise ValueError(f"{tree}: {text}")
        print(f"{tree}: note: {text}")


def _copies(train: Sequence[Path], test: Sequence[Path]) -> list[tuple[str, str]]:
    """Test images with the bytes of a training image, and that image. Only files of one size and one start are read."""
    sizes = {path.stat().st_size for path in test}
    known: dict[tuple[int, bytes], list[Path]] = {}
    for path in train:
        if path.stat().st_size in sizes:
            known.setdefault(_start(path), []).append(path)
    found = []
    for path in test:
        candidates = known.get(_start(path), ()) if known else ()
        same = next((each for each in candidates if filecmp.cmp(path, each, shallow=False)), None)
        if same is not None:
            found.append((str(path), str(same)))
    return found


def _start(path: Path) -> tuple[int, bytes]:
    """Size of a file and the hash of its first bytes."""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.sha256(file.read(_START)).digest()


def read_list(file: Path, *, tree: str) -> list[str]:
    """Read a list with a name a line.

    Raises:
        ValueError: naming the file, and the line that is blank or has blanks around its name.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ValueError(f"{tree}: {file} is no list of names: {error}") from error
    if not lines:
        raise ValueError(f"{tree}: {file} lists no images")
    for number, line in enumerate(lines, start=1):
        if not line or line != line.strip():
            raise ValueError(f"{tree}: {file}, line {number} must be a name and nothing else, got {line!r}")
    return lines
