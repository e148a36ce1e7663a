"""Classes that an mm config names by a string: what is mistyped is refused with the nearest name."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import re
from collections.abc import Iterator
from typing import Any

from mmengine.registry import Registry


def find(name: str, registry: Registry) -> Any:
    """Return the class of that name.

    Raises:
        ValueError: there is none.
    """
    found = registry.get(name)
    if found is None:
        raise ValueError(f"unknown {registry.name} type '{name}'.{_nearest(name, registry)}")
    return found


@contextlib.contextmanager
def named(file: str) -> Iterator[None]:
    """Turn mmengine's KeyError about a class that is not registered into one line that begins with `file`.

    Raises:
        ValueError: instead of that KeyError.
    """
    try:
        yield
    except KeyError as error:
        found = re.search(r"(\w+) is not in the (?:(\w+)::)?(.+?) registry", str(error))
        if found is None:
            raise
        name, scope, kind = found.groups()
        hint = "".join(_nearest(name, registry) for registry in _registries(scope, kind))
        raise ValueError(f"{file}: unknown {kind} type '{name}'.{hint}") from error


def _registries(scope: str | None, kind: str) -> list[Registry]:
    """The registry of that library and kind, if it is where the libraries have theirs."""
    module = importlib.import_module(f"{scope or 'mmengine'}.registry")
    return [each for each in vars(module).values() if isinstance(each, Registry) and each.name == kind]


def _nearest(name: str, registry: Registry) -> str:
    parent = registry.parent.module_dict if registry.parent is not None else {}
    near = difflib.get_close_matches(name, [*registry.module_dict, *parent], n=1)
    return f" Did you mean '{near[0]}'?" if near else ""
