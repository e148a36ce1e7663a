"""What is known or declared of what views share, before anything is trained: as metrics, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmark.data.factor_shapes.information import Information, information
from benchmark.views.making import is_rendered

if TYPE_CHECKING:
    from benchmark.config import BenchConfig

_NOTHING = 0.005  # nats that would be written as 0.00
_PLACE = {"dataset": "views", "split": "train", "selection": "last"}


def known_metrics(config: BenchConfig) -> list[dict[str, Any]]:
    """What is known, in nats: I(v1; v2), H(v1), H(v1 | v2); of a factor y I(v1; y), I(v1; y | v2) and I(v1; v2 | y).

    Nothing where views are not rendered, or are noisy: then all of these are bounds.
    """
    facts = _facts(config)
    if facts is None or _is_noisy(config):
        return []
    values = {"shared": facts.shared, "entropy": facts.entropy, "non_shared": facts.entropy - facts.shared}
    for name in facts.told:
        values[name] = facts.told[name]
        values[f"{name}_non_shared"] = facts.non_shared[name]
        values[f"{name}_superfluous"] = facts.superfluous[name]
    return [{**_PLACE, "metric": f"known_{name}_nats", "value": value} for name, value in values.items()]


def describe_known(config: BenchConfig) -> tuple[str, ...]:
    """Lines on what views share, what they do not, and what is superfluous; of augmented ones, what is declared.

    None where nothing is known nor declared.
    """
    views, facts = config.views.factors, _facts(config)
    if views is None:
        return ()
    if facts is None:
        declared = ", ".join(views.shared) or "nothing"
        return (f"views: declared as shared: {declared}; as destroyed: all other factors; nothing is known in nats",)
    shared = {name: facts.told[name] for name in facts.told if name in views.shared}
    if _is_noisy(config):
        return (f"views: I(v1; v2) at most {facts.shared:.2f} nats, as they have noise; shared: {_listed(shared)}",)
    return (
        f"views: I(v1; v2) = {facts.shared:.2f} of H(v1) = {facts.entropy:.2f} nats; shared: {_listed(shared)}",
        f"views: of factors y, I(v1; y | v2), not shared: {_listed(facts.non_shared)}",
        f"views: of tasks y, I(v1; v2 | y), superfluous: {_listed(facts.superfluous)}",
    )


def _listed(nats: Mapping[str, float]) -> str:
    """Write "hue 2.08, x 1.39", without what is 0."""
    return ", ".join(f"{name} {value:.2f}" for name, value in nats.items() if value > _NOTHING) or "nothing"


def _facts(config: BenchConfig) -> Information | None:
    if not is_rendered(config):
        return None
    assert config.views.factors is not None
    return information(config.views.factors.shared)


def _is_noisy(config: BenchConfig) -> bool:
    return config.views.factors is not None and config.views.factors.noise > 0
