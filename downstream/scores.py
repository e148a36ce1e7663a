"""How right a classifier is."""

from __future__ import annotations

from torch import Tensor


def score(predicted: Tensor, labels: Tensor, *, metric: str) -> float:
    """Score labels told against true ones.

    Args:
        predicted: (N,) int64.
        labels: (N,) int64.
        metric: "top1", the share of images told right; or "mean_class", the mean over the classes that occur of the
            share of each that was told right, which is scikit-learn's balanced accuracy.

    Returns:
        A fraction in [0, 1].
    """
    right = (predicted == labels).double()
    if metric == "top1":
        return float(right.mean())
    counts = labels.bincount()
    hits = labels.bincount(weights=right, minlength=len(counts))
    return float((hits / counts)[counts > 0].mean())
