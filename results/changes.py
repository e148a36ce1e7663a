"""What differs between two nested values, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def changed(name: str, value: object, reference: object) -> Iterator[str]:
    """Name every leaf that differs: "training.lr 0.001 instead of 0.004".

    Args:
        name: what the values are called; "" for a mapping whose keys speak for themselves.
        value: a mapping or anything else.
        reference: what it is compared with.
    """
    if isinstance(value, Mapping) and isinstance(reference, Mapping):
        for key in dict.fromkeys([*reference, *value]):
            yield from changed(f"{name}.{key}" if name else str(key), value.get(key), reference.get(key))
    elif value != reference:
        yield f"{name} {_short(value)} instead of {_short(reference)}"


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return f"({', '.join(f'{key} {_short(inner)}' for key, inner in value.items())})"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
