"""Mutual information of two views' representations by the InfoNCE bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from downstream.information.ceiling import saturated
from downstream.information.critic import fitted, gain
from downstream.information.halves import Floats, halves


@dataclass(frozen=True)
class Bound:
    """The bound in nats, and the log K that it cannot exceed."""

    nats: float
    ceiling: float

    @property
    def saturated(self) -> bool:
        """Whether the bound exceeds 0.9 log K."""
        return saturated(self.nats, ceiling=self.ceiling)


def info_nce(z1: Floats, z2: Floats, *, seed: int) -> Bound:
    """Lower bound of I(z1; z2) by telling the partner of a view from those of the K - 1 other images.

    log K + E[s_ii - log sum_j exp s_ij], the mean over both directions (van den Oord et al. 2018, arXiv 1807.03748;
    Poole et al. 2019, arXiv 1905.06922). The critic s is the cosine over a temperature, either of the representations
    as they are or of what the views share of them, where what each view has for itself does not drown it; frame,
    directions and temperature come of one half of the images (`critic.fitted`). The bound is taken for the views of the
    other half, both ways, against all K = N images. A critic that fits badly makes it loose, and none too high in
    expectation as long as images that the critic was fitted to are taken for a partner no less than others.

    Args:
        z1: representations of the first views (N, D).
        z2: of the second views (N, D).
        seed: draws the halves.
    """
    count, total = len(z1), 0.0
    for fit, other in halves(count, seed=seed):
        critic = fitted(z1[fit], z2[fit], seed=seed)
        anchors = torch.from_numpy(other)
        total += len(other) * gain(critic.frame.cosines(z1, z2), anchors, temperature=critic.temperature)
    return Bound(math.log(count) + total / count, math.log(count))
