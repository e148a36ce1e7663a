"""Where objectives are registered and found by name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.registry import Registry

OBJECTIVES = Registry("objective")


def load_objectives(plugins: Sequence[str] = ()) -> None:
    """Import every module of this package, then the named modules from elsewhere; each registers its objectives.

    Args:
        plugins: dotted module names, `my_package.my_objective`.

    Raises:
        ValueError: a plug-in cannot be imported.
    """
    for module in pkgutil.iter_modules(importlib.import_module("objectives").__path__):
        importlib.import_module(f"objectives.{module.name}")
    if plugins and "" not in sys.path:
        sys.path.insert(0, "")  # the folder the command was given in, as `python -m` has it
    for plugin in plugins:
        try:
            importlib.import_module(plugin)
        except Exception as error:  # whatever a user's module raises is the user's to see
            raise ValueError(f"--import {plugin}: {' '.join(str(error).split())}") from error


def defaults(kind: type) -> dict[str, Any]:
    """The hyper-parameters of an objective's class, which are its keyword-only arguments, and their defaults."""
    parameters = inspect.signature(kind).parameters.values()
    return {parameter.name: parameter.default for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}


def resolve(name: str, chosen: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """All arguments to build an objective with; a base comes with the arguments of the objective of its name.

    Args:
        name: registry name of the objective.
        chosen: arguments by the names of objectives, where they differ from the defaults. A `base` is a name, or
            {"type": name, argument: value} where some of the base's arguments are to be others than `chosen` has.
    """
    arguments = {**defaults(OBJECTIVES.get(name)), **chosen.get(name, {})}
    if "base" in arguments:
        own = arguments["base"] if isinstance(arguments["base"], Mapping) else {"type": arguments["base"]}
        kind = str(own.get("type"))
        known = defaults(OBJECTIVES.module_dict[kind]) if kind in OBJECTIVES.module_dict else {}
        arguments["base"] = {"type": kind, **known, **chosen.get(kind, {}), **own}
    return arguments


def modules(name: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the modules that hold an objective, built with resolved arguments, and its base."""
    base = arguments.get("base")
    names = [name, base["type"]] if isinstance(base, Mapping) else [name]
    return tuple(OBJECTIVES.get(name).__module__ for name in names)
