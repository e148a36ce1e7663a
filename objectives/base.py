"""Objectives that are built on a base loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from objectives.contract import BaseLoss, Dims, Objective
from objectives.registry import OBJECTIVES

Base = str | Mapping[str, Any]
"""Registry name of a base loss, or {"type": name, argument: value, ...}."""


class Composed(Objective):
    """Adds terms to those of `self.base`, and needs what the base needs.

    Args:
        owner: name of the objective, for messages.
        base: the base loss, see `build_base`.
        dims: sizes of the network.
    """

    def __init__(self, owner: str, base: Base, dims: Dims) -> None:
        super().__init__()
        self.base = build_base(owner, base, dims)
        self.needs_labels, self.needs_target = self.base.needs_labels, self.base.needs_target

    def target_momentum(self, progress: float) -> float:
        """Return what the base loss asks for."""
        return self.base.target_momentum(progress)


def build_base(owner: str, base: Base, dims: Dims) -> BaseLoss:
    """Build the base loss of an objective.

    Args:
        owner: name of the objective, for the message.
        base: what to build.
        dims: sizes of the network.

    Raises:
        ValueError: there is no such base loss, or it refuses its arguments.
    """
    arguments = {"type": base} if isinstance(base, str) else dict(base)
    name = arguments.pop("type")
    kind = OBJECTIVES.get(name) if name in OBJECTIVES else None
    if kind is None or not issubclass(kind, BaseLoss):
        known = ", ".join(sorted(key for key, found in OBJECTIVES.module_dict.items() if issubclass(found, BaseLoss)))
        raise ValueError(f"{owner}: base must be one of {known}, got {name!r}")
    built: BaseLoss = kind(dims, **arguments)
    return built
