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
        base: the base loss, see `build_base`; one of `bases` where the objective names any.
        dims: sizes of the network.
    """

    def __init__(self, owner: str, base: Base, dims: Dims) -> None:
        super().__init__()
        self.base = build_base(owner, base, dims, allowed=self.bases or base_losses())
        self.needs_labels, self.needs_factors = self.base.needs_labels, self.base.needs_factors
        self.needs_target = self.base.needs_target

    def target_momentum(self, progress: float) -> float:
        """Return what the base loss asks for."""
        return self.base.target_momentum(progress)


def base_losses() -> tuple[str, ...]:
    """Registry names of all base losses."""
    return tuple(sorted(name for name, kind in OBJECTIVES.module_dict.items() if issubclass(kind, BaseLoss)))


def build_base(owner: str, base: Base, dims: Dims, *, allowed: tuple[str, ...]) -> BaseLoss:
    """Build the base loss of an objective.

    Args:
        owner: name of the objective, for the message.
        base: what to build.
        dims: sizes of the network.
        allowed: names of the base losses that will do.

    Raises:
        ValueError: there is no such base loss, or it refuses its arguments.
    """
    arguments = {"type": base} if isinstance(base, str) else dict(base)
    name = arguments.pop("type")
    if name not in allowed:
        raise ValueError(f"{owner}: base must be one of {', '.join(allowed)}, got {name!r}")
    built: BaseLoss = OBJECTIVES.module_dict[name](dims, **arguments)
    return built
