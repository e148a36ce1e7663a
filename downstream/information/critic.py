"""Critics that tell the partner of a view: the cosine, of whole representations or of what two views share of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from downstream.information.halves import Floats, halves, on_sphere
from downstream.information.neighbours import shared_directions

TEMPERATURES = tuple(10.0 ** (power / 3) for power in range(-9, 4))
"""From where the nearest neighbour takes all to where all are alike."""

_HIGHEST = 0.999  # correlation: beyond it, its weight would be a matter of rounding


@dataclass(frozen=True)
class Frame:
    """What cosines are taken of: (z - centre) @ directions, centre (D,), directions (D, d)."""

    centre: Floats
    directions: Floats

    def cosines(self, z1: Floats, z2: Floats) -> Tensor:
        """Cosines (N, M) of z1 (N, D) and z2 (M, D)."""
        first, second = (on_sphere((z - self.centre) @ self.directions) for z in (z1, z2))
        return torch.from_numpy(first @ second.T).float()


@dataclass(frozen=True)
class Critic:
    """s = cosine in the frame / temperature."""

    frame: Frame
    temperature: float


def whole(z1: Floats, _: Floats) -> Frame:
    """The cosine of representations as they are, which contrastive objectives use."""
    width = z1.shape[1]
    return Frame(np.zeros(width), np.eye(width))


def shared(z1: Floats, z2: Floats) -> Frame:
    """The cosine of what two views (N, D) have in common: directions by correlation, each weighted by its own.

    For Gaussians of correlations r the best critic is bilinear with r / (1 - r^2), so every direction of variance 1 is
    multiplied by the root of that on both sides. What is correlated by chance is kept out by `without_chance`.
    """
    width, centre = z1.shape[1], (z1.mean(axis=0) + z2.mean(axis=0)) / 2
    directions = shared_directions(z1, z2, components=width)
    first, second = (z1 - centre) @ directions, (z2 - centre) @ directions
    energy = np.maximum((first**2).mean(axis=0) + (second**2).mean(axis=0), 1e-12)
    found = without_chance(2 * (first * second).mean(axis=0) / energy, count=len(z1))
    kept = np.minimum(found, _HIGHEST)
    return Frame(centre, directions * np.sqrt(kept / (1 - kept**2)))


def without_chance(correlations: Floats, *, count: int) -> Floats:
    """Correlations (D,) of N = `count` pairs without what choosing directions adds to them; 0 where that may be all.

    Without any true correlation those found fill a semicircle up to 2s, s^2 = D / 2N, and a true r is found as
    r + s^2 / r (a symmetric random matrix of low rank: Benaych-Georges and Nadakuditi 2011, arXiv 0910.2120).
    """
    chance = len(correlations) / (2 * count)
    inner = np.maximum(correlations**2 - 4 * chance, 0)
    above = correlations > 2 * math.sqrt(chance)
    return np.asarray(np.where(above, (correlations + np.sqrt(inner)) / 2, 0.0))


def fitted(z1: Floats, z2: Floats, *, seed: int) -> Critic:
    """The critic, of both frames and all `TEMPERATURES`, that tells partners best among pairs (N, D) it has not seen.

    Directions come of one half of these pairs, gains of the other, both ways; those of the critic then come of all.
    """
    frames = (whole, shared)
    gains = np.zeros((len(frames), len(TEMPERATURES)))
    for fit, other in halves(len(z1), seed=seed):
        every = torch.arange(len(other))
        for row, frame in enumerate(frames):
            cosines = frame(z1[fit], z2[fit]).cosines(z1[other], z2[other])
            gains[row] += [gain(cosines, every, temperature=each) for each in TEMPERATURES]
    row, column = divmod(int(gains.argmax()), len(TEMPERATURES))
    return Critic(frames[row](z1, z2), TEMPERATURES[column])


def gain(cosines: Tensor, anchors: Tensor, *, temperature: float) -> float:
    """Mean of s_ii - log sum_j exp s_ij over the anchors, in both directions, s = `cosines` (N, N) / temperature."""
    own = cosines[anchors, anchors] / temperature
    both = ((part[anchors] / temperature).logsumexp(dim=1).double().mean() for part in (cosines, cosines.T))
    return float(own.double().mean() - sum(both) / 2)
