"""Typed reading of a COCO annotation file: every field that is used later is there and of its kind."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Identifier = int | str


@dataclass(frozen=True)
class CocoImage:
    """An image.

    Attributes:
        name: file, relative to the folder of images.
        size: width and height in pixels.
    """

    name: str
    size: tuple[int, int]


@dataclass(frozen=True)
class CocoObject:
    """An annotated object.

    Attributes:
        id: number of the annotation.
        image: id of its image.
        category: id of its category.
        box: left, top, width and height in pixels.
        crowd: stands for several objects; neither trained on nor counted.
        trains: mmdet trains on it: no crowd, not ignored, and neither flat nor without area.
        mask: has a segmentation, of polygons with three corners or more or run-length coded.
    """

    id: Identifier
    image: Identifier
    category: Identifier
    box: tuple[float, float, float, float]
    crowd: bool
    trains: bool
    mask: bool


@dataclass(frozen=True)
class CocoContent:
    """An annotation file: images and names of categories by id, and objects."""

    images: dict[Identifier, CocoImage]
    categories: dict[Identifier, str]
    annotations: list[CocoObject]


class _Entry:
    """Fields of one entry of a list; what is not allowed is refused with file, list and number."""

    def __init__(self, fields: Any, *, where: str) -> None:
        if not isinstance(fields, dict):
            raise ValueError(f"{where} must be an object, got {_excerpt(fields)}")
        self.fields, self.where = fields, where

    def fail(self, name: str, allowed: str) -> ValueError:
        got = _excerpt(self.fields[name]) if name in self.fields else "nothing"
        return ValueError(f"{self.where}.{name} must be {allowed}, got {got}")

    def _take(self, name: str, allowed: str, fits: Callable[[Any], bool]) -> Any:
        value = self.fields.get(name)
        if not fits(value):
            raise self.fail(name, allowed)
        return value

    def identifier(self, name: str) -> Identifier:
        found: Identifier = self._take(name, "a number or a name", lambda value: _is_int(value) or _is_text(value))
        return found

    def text(self, name: str) -> str:
        return str(self._take(name, "a name", _is_text))

    def pixels(self, name: str) -> int:
        return int(self._take(name, "a whole number > 0", lambda value: _is_int(value) and value > 0))

    def number(self, name: str) -> float:
        return float(self._take(name, "a finite number", _is_number))

    def box(self, name: str) -> tuple[float, float, float, float]:
        def fits(value: Any) -> bool:
            return isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))

        left, top, width, height = self._take(name, "four finite numbers", fits)
        return left, top, width, height


def read(file: Path) -> CocoContent:
    """Read an annotation file.

    Raises:
        ValueError: it is none, a field is missing or of another kind, or two entries have one id or name; one line.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        lists = {name: content[name] for name in ("images", "categories", "annotations")}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"COCO: {file} is no COCO annotation file: {type(error).__name__}: {error}") from error
    entries = {name: list(_entries(found, where=f"COCO: {file}: {name}")) for name, found in lists.items()}
    images = {each.identifier("id"): _image(each) for each in entries["images"]}
    categories = {each.identifier("id"): each.text("name") for each in entries["categories"]}
    annotations = [_object(each) for each in entries["annotations"]]
    distinct = {
        "images": len(images),
        "categories": len(categories),
        "annotations": len({each.id for each in annotations}),
    }
    for name, count in distinct.items():
        if count < len(entries[name]):
            raise ValueError(f"COCO: {file} has several {name} with one id")
    if len(set(categories.values())) < len(categories):
        raise ValueError(f"COCO: {file} has several categories with one name")
    return CocoContent(images, categories, annotations)


def _entries(found: Any, *, where: str) -> Iterator[_Entry]:
    if not isinstance(found, list):
        raise ValueError(f"{where} must be a list, got {_excerpt(found)}")
    for number, fields in enumerate(found):
        yield _Entry(fields, where=f"{where}[{number}]")


def _image(entry: _Entry) -> CocoImage:
    return CocoImage(entry.text("file_name"), (entry.pixels("width"), entry.pixels("height")))


def _object(entry: _Entry) -> CocoObject:
    """Read an annotation; `area` has no use here, but mmdet reads it."""
    area, box, crowd = entry.number("area"), entry.box("bbox"), bool(entry.fields.get("iscrowd"))
    large = area > 0 and min(box[2:]) >= 1
    return CocoObject(
        id=entry.identifier("id"),
        image=entry.identifier("image_id"),
        category=entry.identifier("category_id"),
        box=box,
        crowd=crowd,
        trains=large and not crowd and not entry.fields.get("ignore"),
        mask=_is_mask(entry.fields.get("segmentation")),
    )


def _is_mask(value: Any) -> bool:
    if isinstance(value, dict):
        return {"counts", "size"} <= set(value)
    return isinstance(value, list) and bool(value) and all(map(_is_polygon, value))


def _is_polygon(value: Any) -> bool:
    """Three corners or more, as pairs of numbers in one list."""
    return isinstance(value, list) and len(value) >= 6 and len(value) % 2 == 0 and all(map(_is_number, value))


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _excerpt(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
