"""SuperInfo (derived): predictive and superfluous information in the features, each with a coefficient of its own.

The paper (Yu et al., arXiv 2408.10292) is known here by its abstract and by the form of its objective,
J = I(z1; z2) - a I(v1; z1 | v2) - b I(v2; z2 | v1). The loss below is derived from that form: the chain v2 - v1 - z1
splits I(v1; z1) into the predictive I(v2; z1) and the superfluous I(v1; z1 | v2). It is not the paper's own form; no
published number belongs to it. The bound `mib` is that of [1] Federici et al. 2020, arXiv 2002.07017, section 3.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from objectives.base import Base, Composed
from objectives.contract import Dims, Form, Network, Views
from objectives.decoder import build_decoder, reconstruction_error
from objectives.noise import add_noise
from objectives.projections import at_least_float32, require_pairs
from objectives.registry import OBJECTIVES

BOUNDS = ("rate", "mib")


def rate(mean: Tensor, *, sigma: float) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) in nats, summed over the features, averaged over the images.

    Args:
        mean: mu, (N, F).
        sigma: standard deviation of the encoder's noise, > 0.
    """
    with torch.autocast(mean.device.type, enabled=False):
        per_feature = at_least_float32(mean).square() + sigma**2 - 1 - 2 * math.log(sigma)
        return per_feature.sum(dim=1).mean() / 2


def symmetrised_kl(mean1: Tensor, mean2: Tensor, *, sigma: float) -> Tensor:
    """Mean of KL(p1 || p2) and KL(p2 || p1) of N(mu1, sigma^2) and N(mu2, sigma^2): |mu1 - mu2|^2 / (2 sigma^2).

    Args:
        mean1: mu1, (N, F).
        mean2: mu2, (N, F), same order.
        sigma: standard deviation of the encoder's noise, > 0.

    Returns:
        Scalar in nats, averaged over the images.
    """
    require_pairs(mean1, mean2)
    with torch.autocast(mean1.device.type, enabled=False):
        difference = at_least_float32(mean1) - at_least_float32(mean2)
        return difference.square().sum(dim=1).mean() / (2 * sigma**2)


@OBJECTIVES.register_module("superinfo")
class SuperInfo(Composed):
    """base loss + superfluous_weight * S + predictive_weight * [MSE(D(h1), v2) + MSE(D(h2), v1)]; derived.

    h = mu + sigma * eps. S is an upper bound of the superfluous information, up to the predictive term and a constant:
    with `rate` the sum of both views' `rate`, with `mib` their `symmetrised_kl`. Reconstruction is across the views: it
    bounds the predictive information I(v2; z1) from below.
    """

    derived: ClassVar[bool] = True
    variants: ClassVar[tuple[Form, ...]] = (Form({"bound": "mib"}), Form({"base": "barlow_twins"}))
    neutral: ClassVar[Mapping[str, float]] = {"superfluous_weight": 0.0, "predictive_weight": 0.0, "sigma": 0.0}
    exempt: ClassVar[Mapping[str, str]] = dict.fromkeys(("order", "swap"), "the noise of the two views is drawn apart")

    def __init__(
        self,
        dims: Dims,
        *,
        base: Base = "infonce",
        bound: str = "rate",  # or mib, which alone is InfoCL's MIB control
        superfluous_weight: float = 1e-3,  # no published value; inside the grid 1e-4 to 1e-1
        predictive_weight: float = 0.1,  # no published value; inside the grid 0.01, 0.1, 1
        sigma: float = 0.1,  # InfoCL's, as the paper's is not known
        decoder: str = "light",  # or infocl
    ) -> None:
        super().__init__("superinfo", base, dims)
        if bound not in BOUNDS:
            raise ValueError(f"superinfo: bound must be one of {', '.join(BOUNDS)}, got {bound!r}")
        for name, value in (("superfluous_weight", superfluous_weight), ("predictive_weight", predictive_weight)):
            if not 0 <= value < math.inf:
                raise ValueError(f"superinfo: {name} must be >= 0 and finite, got {value}")
        if not (0 < sigma < math.inf or sigma == superfluous_weight == 0):
            raise ValueError(f"superinfo: sigma must be > 0, or 0 with superfluous_weight = 0, got {sigma}")
        self.bound, self.sigma = bound, sigma
        self.superfluous_weight, self.predictive_weight = superfluous_weight, predictive_weight
        self.decoder = build_decoder("superinfo", decoder, dims)

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return the terms of the base loss, "superfluous" and "predictive", both weighted."""
        mu1, mu2 = net.encode(views.x1).h, net.encode(views.x2).h
        h1, h2 = (add_noise(mu, sigma=self.sigma, generator=net.generator) for mu in (mu1, mu2))
        terms = self.base.compare(h1, h2, views, net)
        if self.superfluous_weight > 0:
            terms["superfluous"] = self.superfluous_weight * self._bound(mu1, mu2)
        errors = reconstruction_error(self.decoder(h1), views.x2) + reconstruction_error(self.decoder(h2), views.x1)
        terms["predictive"] = self.predictive_weight * errors
        return terms

    def _bound(self, mu1: Tensor, mu2: Tensor) -> Tensor:
        if self.bound == "mib":
            return symmetrised_kl(mu1, mu2, sigma=self.sigma)
        return rate(mu1, sigma=self.sigma) + rate(mu2, sigma=self.sigma)
