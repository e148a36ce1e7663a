"""Typed reading of one JSON object: what is asked for is there, or one line says in which file and field it is not."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn


class Record:
    """Fields of a JSON object, read by name and type.

    Args:
        fields: the object.
        path: file it came from, for messages.
        prefix: place of the object in the file, "metrics[0].".

    Every method raises a one-line ValueError that names file, field, what is allowed and what was found.
    """

    def __init__(self, fields: Mapping[str, object], *, path: Path, prefix: str = "") -> None:
        self._fields = fields
        self._path = path
        self._prefix = prefix

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def fail(self, name: str, allowed: str) -> NoReturn:
        """Refuse a field.

        Raises:
            ValueError: always.
        """
        got = "nothing" if name not in self else _excerpt(self._fields[name])
        raise ValueError(f"{self._path}: {self._prefix}{name} must be {allowed}, got {got}")

    def is_null(self, name: str) -> bool:
        """Tell whether a field is there and null."""
        return name in self and self._fields[name] is None

    def text(self, name: str) -> str:
        """Return a string; a lone surrogate in it, which no file takes and pandas mixes up, as its escape."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            self.fail(name, "a string")
        return value.encode("utf-8", "backslashreplace").decode("utf-8")

    def optional_text(self, name: str) -> str | None:
        """Return a string, or None for null."""
        return None if self.is_null(name) else self.text(name)

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """Return one of the allowed strings."""
        value = self._fields.get(name)
        return (
            value if isinstance(value, str) and value in allowed else self.fail(name, " or ".join(map(repr, allowed)))
        )

    def integer(self, name: str) -> int:
        """Return a whole number >= 0; JSON's true and false are none."""
        value = self._fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.fail(name, "a whole number >= 0")
        return value

    def number(self, name: str) -> float:
        """Return a finite number >= 0."""
        value = self._fields.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
            self.fail(name, "a finite number >= 0")
        return float(value)

    def signed(self, name: str) -> float:
        """Return a finite number."""
        value = self._fields.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            self.fail(name, "a finite number")
        return float(value)

    def fraction(self, name: str) -> float:
        """Return a number in [0, 1]."""
        value = self.number(name)
        return value if value <= 1 else self.fail(name, "a fraction in [0, 1]")

    def mapping(self, name: str) -> Mapping[str, object]:
        """Return an object as it stands."""
        value = self._fields.get(name)
        return value if isinstance(value, dict) else self.fail(name, "an object")

    def record(self, name: str) -> Record:
        """Return an object as a record."""
        return Record(self.mapping(name), path=self._path, prefix=f"{self._prefix}{name}.")

    def records(self, name: str) -> list[Record]:
        """Return a list of objects as records."""
        values = self._fields.get(name)
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            self.fail(name, "a list of objects")
        return [
            Record(value, path=self._path, prefix=f"{self._prefix}{name}[{index}].")
            for index, value in enumerate(values)
        ]


def read_record(path: Path) -> Record:
    """Read a JSON file that holds one object.

    Raises:
        ValueError: the file cannot be read, is no JSON, or holds something else; one line.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: a JSON object is expected, got a file that does not read as one ({error})") from None
    if not isinstance(fields, dict):
        raise ValueError(f"{path}: a JSON object is expected, got {_excerpt(fields)}")
    return Record(fields, path=path)


def _excerpt(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
