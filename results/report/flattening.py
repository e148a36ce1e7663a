"""Nested inputs as lines that can be read, searched and compared: "training.batch = 256"."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping


def flat(value: object, *, path: str) -> Iterator[tuple[str, str]]:
    """List every leaf of nested JSON with the path to it: ("training.batch", "256").

    A list is a leaf unless an object is in it; then its places are part of the path.
    """
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from flat(inner, path=f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        for place, inner in enumerate(value):
            yield from flat(inner, path=f"{path}.{place}")
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def as_lines(value: object, *, path: str) -> str:
    """Write nested JSON as lines "path = value"."""
    return "\n".join(f"{name} = {text}" for name, text in flat(value, path=path))
