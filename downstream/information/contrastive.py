"""Mutual information of two views' representations by the InfoNCE bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from downstream.information.halves import Floats, halves, on_sphere

TEMPERATURES = tuple(10.0 ** (power / 3) for power in range(-9, 4))
"""From where the nearest neighbour takes all to where all are alike."""

SATURATED = 0.9
"""Share of the ceiling log K above which the bound says little more than that the truth is not below it."""


@dataclass(frozen=True)
class Bound:
    """The bound in nats, and the log K that it cannot exceed."""

    nats: float
    ceiling: float

    @property
    def saturated(self) -> bool:
        """Whether the bound exceeds 0.9 log K."""
        return self.nats > SATURATED * self.ceiling


def info_nce(z1: Floats, z2: Floats, *, seed: int) -> Bound:
    """Lower bound of I(z1; z2) by telling the partner of a view from those of the K - 1 other images.

    log K + E[s_ii - log sum_j exp s_ij], the mean over both directions (van den Oord et al. 2018, arXiv 1807.03748;
    Poole et al. 2019, arXiv 1905.06922), with the critic of contrastive learning, s = cos(z1, z2) / T. T is the best of
    `TEMPERATURES` for one half of the images and the bound is taken for the other half, both ways, against all K = N
    images. A critic that cannot tell what the views share makes it loose, never too high in expectation.

    Args:
        z1: representations of the first views (N, D).
        z2: of the second views (N, D).
        seed: draws the halves.
    """
    count, total = len(z1), 0.0
    cosines = torch.from_numpy(on_sphere(z1) @ on_sphere(z2).T).float()
    for fit, other in halves(count, seed=seed):
        inner = cosines[fit][:, fit]
        every = torch.arange(len(fit))
        gains = [_gain(inner, every, temperature=temperature) for temperature in TEMPERATURES]
        chosen = TEMPERATURES[int(np.argmax(gains))]
        total += len(other) * _gain(cosines, torch.from_numpy(other), temperature=chosen)
    return Bound(math.log(count) + total / count, math.log(count))


def _gain(cosines: Tensor, anchors: Tensor, *, temperature: float) -> float:
    """Mean of s_ii - log sum_j exp s_ij over the anchors, in both directions."""
    own = cosines[anchors, anchors] / temperature
    both = ((part[anchors] / temperature).logsumexp(dim=1).double().mean() for part in (cosines, cosines.T))
    return float(own.double().mean() - sum(both) / 2)
