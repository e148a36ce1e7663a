"""What a representation with Gaussian noise tells of its view, by the distances of the representations alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from downstream.information.halves import Floats


@dataclass(frozen=True)
class NoisyChannel:
    """z + sigma eps for N views, without sigma: what is drawn and computed once for all of them.

    Attributes:
        squared: |z_i - z_j|^2 (N, N).
        along: eps_i (z_i - z_j) (N, N) for one draw eps_i of standard normal noise each.
        spread: root of the mean variance of a dimension of z.
    """

    squared: Tensor
    along: Tensor
    spread: float

    @classmethod
    def of(cls, z: Floats, *, seed: int) -> NoisyChannel:
        """The channel of representations z (N, D)."""
        points = torch.from_numpy(np.ascontiguousarray(z, dtype=np.float64))
        draws = torch.from_numpy(np.random.default_rng((seed, 2)).standard_normal(z.shape))
        products = draws @ points.T
        squared = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist").square()
        return cls(squared, products.diagonal()[:, None] - products, float(np.sqrt(z.var(axis=0).mean())))

    def information(self, *, noise: float) -> float:
        """I(z + sigma eps; v) in nats, sigma = `noise` times the spread of z per dimension.

        Without noise a deterministic encoder keeps all of its view, however it places it. With noise
        log N + E[log p(z' | v_i) - log sum_j p(z' | v_j)], z' being drawn for v_i, is a lower bound for views of any
        distribution, whose critic is known and not learned (Poole et al. 2019, arXiv 1905.06922), and the
        truth for the N views alone. It cannot exceed log N.

        Returns:
            Of one draw of noise for every view, so that a value near 0 may be below it.
        """
        sigma = max(noise * self.spread, 1e-12)
        scores = -self.squared / (2 * sigma**2) - self.along / sigma
        return math.log(len(scores)) - float(scores.logsumexp(dim=1).mean())

    def bracket(self, *, noise: float) -> tuple[float, float]:
        """Lower and upper bound in nats of what the noisy z tells of v uniform over the N views.

        The output is a mixture of N Gaussians. Their Kullback-Leibler divergences |z_i - z_j|^2 / 2 sigma^2 bound its
        entropy from above and their Bhattacharyya distances, a quarter of those, from below (Kolchinsky and Tracey
        2017, arXiv 1706.02419).
        """
        divergence = self.squared / (2 * max(noise * self.spread, 1e-12) ** 2)
        lower, upper = (
            math.log(len(part)) - float((-part).logsumexp(dim=1).mean()) for part in (divergence / 4, divergence)
        )
        return lower, upper
