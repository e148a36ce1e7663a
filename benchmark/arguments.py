"""The hyper-parameters that a config has for an objective, before it is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmark.errors import UserError, unknown
from objectives.registry import OBJECTIVES, defaults


def check_arguments(name: str, arguments: dict[str, Any]) -> None:
    """Refuse hyper-parameters that an objective does not take, or of another type than its default.

    Args:
        name: registry name of the objective.
        arguments: as the config has them; a `base` may be a mapping with arguments of its own.

    Raises:
        UserError: names the objective, the argument, what is allowed and what it got.
    """
    known = defaults(OBJECTIVES.get(name))
    for key, value in arguments.items():
        if key not in known:
            raise UserError(f"{name}: {unknown('argument', key, known)}")
        if key == "base" and isinstance(value, Mapping):
            _check_base(name, value)
            continue
        if known[key] is None and value is None:
            continue
        allowed = (int, float) if known[key] is None or isinstance(known[key], float) else type(known[key])
        if not isinstance(value, allowed) or isinstance(value, bool) != isinstance(known[key], bool):
            expected = "float" if known[key] is None else type(known[key]).__name__
            raise UserError(f"{name}: {key} must be {expected}, got {value!r}")
        if isinstance(value, tuple) and not all(isinstance(item, int | float) for item in value):
            raise UserError(f"{name}: {key} must hold numbers, got {value!r}")


def _check_base(owner: str, base: Mapping[str, Any]) -> None:
    """Refuse a base without a name, or with arguments that it does not take; the objective says which it can have."""
    if not isinstance(base.get("type"), str):
        raise UserError(f"{owner}: base must have the name of a base loss as its type, got {dict(base)!r}")
    if base["type"] in OBJECTIVES.module_dict:
        check_arguments(base["type"], {key: value for key, value in base.items() if key != "type"})
