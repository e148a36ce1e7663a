"""What is known of the views of each row's pretraining: information in nats, and the factors that views share."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def known_of_views(part: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Average over seeds what is known of the views.

    Args:
        part: rows of `results.store.loading.load` with one config.

    Returns:
        Row -> metric, such as "known_shared_nats" -> mean. Rows of which nothing is known are left out.
    """
    rows = part[(part["kind"] == "pretrain") & part["value"].notna()]
    found: dict[str, dict[str, float]] = {}
    for (objective, metric), values in rows.groupby(["objective", "metric"])["value"]:
        found.setdefault(str(objective), {})[str(metric)] = float(values.mean())
    return found


def shared_factors(part: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Name the factors that both views had in common.

    Args:
        part: rows of `results.store.loading.load` with one config.

    Returns:
        Row -> factors. Rows of which it is not known, or whose cells disagree, are left out.
    """
    rows = part[part["shared"].notna()]
    said = {str(name): set(values) for name, values in rows.groupby("objective")["shared"]}
    return {name: tuple(filter(None, texts.pop().split(", "))) for name, texts in said.items() if len(texts) == 1}


def shared_by_all(shared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """Name the factors that views share if that is the same for all rows of which it is known; None if it is not."""
    sets = {frozenset(names): names for names in shared.values()}
    return next(iter(sets.values())) if len(sets) == 1 else None
