"""Typed reading of one YAML mapping: as `results.store.record` reads JSON; what nobody asks for may not be there."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import yaml

from results.store.record import Record


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which also refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping.

        Raises:
            yaml.constructor.ConstructorError: a key stands twice.
        """
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


class YamlFields(Record):
    """Fields of a YAML mapping; what is not asked for may not be there."""

    def only(self, allowed: Sequence[str]) -> YamlFields:
        """Refuse every other field."""
        for name in self._fields:
            if name not in allowed:
                raise ValueError(f"{self._path}: unknown field {self._prefix}{name}. Known: {', '.join(allowed)}.")
        return self

    def refuse(self, place: str, allowed: str, *, got: str) -> NoReturn:
        """Refuse what is written, or is not, in these fields or in those that they change.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self._path}: {place} of {self._prefix.rstrip('.')} must be {allowed}, got {got}")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of strings; none where the field is not there."""
        found = self._fields.get(name, [])
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            self.fail(name, "a list of strings")
        return tuple(found)

    def part(self, name: str) -> YamlFields:
        """Return a mapping as fields."""
        return YamlFields(self.mapping(name), path=self._path, prefix=f"{self._prefix}{name}.")

    def parts(self, name: str) -> list[YamlFields]:
        """Return a list of mappings as fields."""
        self.records(name)
        found = self._fields[name]
        assert isinstance(found, list)
        return [
            YamlFields(each, path=self._path, prefix=f"{self._prefix}{name}[{at}].") for at, each in enumerate(found)
        ]


def read_fields(path: Path) -> YamlFields:
    """Read a YAML file that holds one mapping of text, numbers, lists and mappings.

    Raises:
        ValueError: it cannot be read, is no YAML, or holds something else; one line.
    """
    try:
        fields = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        json.dumps(fields, allow_nan=False)  # YAML has dates, sets and nan, which have no place here
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"{path}: YAML of text, numbers, lists and mappings is expected, got {said}") from None
    if not isinstance(fields, dict):
        raise ValueError(f"{path}: a YAML mapping is expected, got {json.dumps(fields)[:60]}")
    return YamlFields(fields, path=path)
