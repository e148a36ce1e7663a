"""What is known of the information of rendered views, before anything is trained: as metrics, and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmark.data.factor_shapes.information import Information, information
from benchmark.views.making import is_rendered

if TYPE_CHECKING:
    from benchmark.config import BenchConfig

_PLACE = {"dataset": "views", "split": "train", "selection": "last"}


def known_metrics(config: BenchConfig) -> list[dict[str, Any]]:
    """I(v1; v2), H(v1), H(v1 | v2) and I(v1; y) of every factor y, in nats.

    Nothing where views are not rendered, or are noisy: then what is known are upper bounds.
    """
    facts = _facts(config)
    if facts is None or _is_noisy(config):
        return []
    values = {"shared": facts.shared, "entropy": facts.entropy, "non_shared": facts.entropy - facts.shared}
    named = (values | dict(facts.told)).items()
    return [{**_PLACE, "metric": f"known_{name}_nats", "value": value} for name, value in named]


def describe_known(config: BenchConfig) -> str | None:
    """One line: what views share, what they do not, and of which factors; None where views are not rendered."""
    facts = _facts(config)
    if facts is None:
        return None
    assert config.views.factors is not None
    shared = [f"{name} {facts.told[name]:.2f}" for name in facts.told if name in config.views.factors.shared]
    left = [f"{name} {nats:.2f}" for name, nats in facts.non_shared.items() if nats > 0.005]
    amounts = f"I(v1; v2) = {facts.shared:.2f} of H(v1) = {facts.entropy:.2f} nats"
    if _is_noisy(config):
        amounts = f"I(v1; v2) < {facts.shared:.2f} nats, as the views have noise"
    return (
        f"views: {amounts}; "
        f"shared: {', '.join(shared) or 'nothing'}; not shared, I(v1; y | v2): {', '.join(left) or 'nothing'}"
    )


def _facts(config: BenchConfig) -> Information | None:
    if not is_rendered(config):
        return None
    assert config.views.factors is not None
    return information(config.views.factors.shared)


def _is_noisy(config: BenchConfig) -> bool:
    return config.views.factors is not None and config.views.factors.noise > 0
