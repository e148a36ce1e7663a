"""From the nested dicts of a config file to typed dataclasses: every key known, none missing, every type checked."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from benchmark.errors import UserError, blaming_the_user, unknown
from downstream.tasks import OPTIONS, TaskOptions


def build(cls: Any, raw: Mapping[str, Any], *, where: str, prefix: str) -> Any:
    """Make a dataclass from nested dicts, refusing what it does not know.

    Args:
        cls: the dataclass; its fields' types say what is allowed.
        raw: a value for every field; lists become tuples.
        where: what holds the values, for messages.
        prefix: key under which they stand there, with its dot.

    Raises:
        UserError: an unknown, missing or ill-typed key, or a value that the class refuses.
    """
    every = typing.get_type_hints(cls)
    hints = {field.name: every[field.name] for field in dataclasses.fields(cls)}
    for key in raw:
        if key not in hints:
            known = {f"{prefix}{name}" for name in hints}
            raise UserError(f"{where}: {unknown('key', prefix + key, known)}")
    missing = [prefix + name for name in hints if name not in raw]
    if missing:
        raise UserError(f"{where}: missing key '{missing[0]}'")
    values = {key: _convert(hints[key], value, where=where, key=prefix + key) for key, value in raw.items()}
    with blaming_the_user():
        return cls(**values)


def _convert(hint: Any, value: Any, *, where: str, key: str) -> Any:
    """Check `value` against a type hint; build nested dataclasses, turn lists into tuples."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return build(hint, value, where=where, prefix=f"{key}.")
    if hint == TaskOptions:
        if not isinstance(value, Mapping):
            raise UserError(f"{where}: {key} must be dict, got {value!r}")
        return _task(value, where=where, key=key)
    if origin is dict and isinstance(value, Mapping) and arguments[1] is not Any:
        each = {name: item for name, item in value.items() if item is not None}  # None drops what a base config has
        return {name: _convert(arguments[1], item, where=where, key=f"{key}.{name}") for name, item in each.items()}
    if origin is types.UnionType:
        inner = next(argument for argument in arguments if argument is not types.NoneType)
        return None if value is None else _convert(inner, value, where=where, key=key)
    if origin is tuple and isinstance(value, list | tuple):
        item = arguments[0]
        if arguments[-1] is not Ellipsis and len(value) != len(arguments):
            raise UserError(f"{where}: {key} must have {len(arguments)} values, got {value!r}")
        return tuple(_convert(item, each, where=where, key=key) for each in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    expected = origin or hint
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        name = "dict" if dataclasses.is_dataclass(hint) else expected.__name__
        raise UserError(f"{where}: {key} must be {name}, got {value!r}")
    return value


def _task(raw: Mapping[str, Any], *, where: str, key: str) -> TaskOptions:
    """Build the options of one task; its `family` says of which kind."""
    options = dict(raw)
    family = options.pop("family", None)
    if family not in OPTIONS:
        raise UserError(f"{where}: {key}.family: {unknown('family', str(family), OPTIONS)}")
    return typing.cast(TaskOptions, build(OPTIONS[family], options, where=where, prefix=f"{key}."))
