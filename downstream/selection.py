"""Of several settings or epochs, the one that counts: chosen on validation data, never on the test split."""

from __future__ import annotations

from collections.abc import Sequence

from downstream.tasks import Metric


def choose(validated: Sequence[float]) -> int:
    """Place of the highest validation score; of several, the earliest."""
    return max(range(len(validated)), key=lambda place: (validated[place], -place))


def select(dataset: str, metric: str, *, validated: Sequence[float], tested: Sequence[float]) -> list[Metric]:
    """What is stored of a series of settings or epochs.

    Args:
        dataset: name as tables show it.
        metric: name of the number.
        validated: scores on the validation data.
        tested: scores on the test split, in the same order; they choose nothing but the "oracle".
    """
    chosen = choose(validated)
    return [
        Metric(dataset, metric, "val", "selected", validated[chosen]),
        Metric(dataset, metric, "test", "last", tested[-1]),
        Metric(dataset, metric, "test", "selected", tested[chosen]),
        Metric(dataset, metric, "test", "oracle", max(tested)),
    ]
