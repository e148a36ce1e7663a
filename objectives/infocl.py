"""InfoCL: keep non-shared, task-relevant information in the features by a regulariser on any base loss.

Source: [1] Wang et al. 2022, arXiv 2203.07004: eq. 10 (the whole), 11-12 (RC), 13-15 (LBE), 16 and appendix D (MIB).
Equations 11 to 15 are images in the public text; their form here is that of the text around them and of the authors'
released settings. `ip`, `mib` and `noise` are controls: what happens without the information that rc and lbe add.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from objectives.base import Base, Composed
from objectives.contract import Dims, Features, Form, Network, Views
from objectives.decoder import build_decoder, check_decoder, reconstruction_error
from objectives.log_kernel import log_kernel_sum
from objectives.noise import add_noise
from objectives.projections import at_least_float32, require_pairs
from objectives.ranks import gather
from objectives.registry import OBJECTIVES

REGULARIZERS = ("rc", "lbe", "ip", "mib", "noise")
_NOISY = ("lbe", "mib", "noise")
_DRAWN_APART = dict.fromkeys(("order", "swap"), "the noise of the two views is drawn apart")
# lambda of SimCLR on small images, released settings.
_WEIGHTS = {"rc": 1.0, "lbe": 1.0, "ip": 5e-4, "mib": 5e-4, "noise": 0.0}


def information_bound(noisy: Tensor, mean: Tensor, *, rho: float) -> Tensor:
    """LBE's estimate of I(h; v) up to a constant [1, eq. 13-15].

    -1/M sum over k of ln sum over l of exp(-rho |h_k - mu_l|^2), the own index included.

    Args:
        noisy: h, (M, C), features with noise; both views of all images.
        mean: mu, (M, C), the same features without noise.
        rho: precision of the kernel, > 0.

    Returns:
        Scalar in nats; -ln M, its least value, where all distances are 0.
    """
    require_pairs(noisy, mean)
    with torch.autocast(noisy.device.type, enabled=False):
        noisy, mean = gather(at_least_float32(noisy)), gather(at_least_float32(mean))
        return -log_kernel_sum(noisy, mean, rho=rho).mean()


@OBJECTIVES.register_module("infocl")
class InfoCL(Composed):
    """base loss + weight * regulariser, which is one of five.

    - `rc`: MSE(D(h1), v1) + MSE(D(h2), v2), one decoder D for both views, the views as the targets;
    - `lbe`: minus `information_bound` of noisy features, weighted over the stages;
    - `ip`: MSE(h1, h2); `mib`: MSE(mu1, mu2) with noisy h; `noise`: noisy h and nothing else.

    With `lbe`, `mib` and `noise` the base loss sees h = mu + sigma * eps. Evaluations see mu.
    """

    variants: ClassVar[tuple[Form, ...]] = (
        *(Form({"regularizer": name}, exempt=_DRAWN_APART) for name in ("lbe", "mib", "noise")),
        Form({"regularizer": "ip"}),
        Form({"base": "byol"}),
    )
    neutral: ClassVar[Mapping[str, float]] = {"weight": 0.0, "sigma": 0.0}

    def __init__(
        self,
        dims: Dims,
        *,
        base: Base = "infonce",
        regularizer: str = "rc",  # rc, lbe, ip, mib or noise
        weight: float | None = None,  # lambda; None = the paper's, 1 for rc and lbe, 5e-4 for ip and mib
        sigma: float = 0.1,  # standard deviation of the noise, [1] section 4
        rho: float = 0.05,  # [1] section 4; 1/80 on ImageNet
        stages: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0),  # weights of the residual stages; (0, 0, 0, 1) on ImageNet
        decoder: str = "light",  # a narrow one; infocl is the paper's
    ) -> None:
        super().__init__("infocl", base, dims)
        if regularizer not in REGULARIZERS:
            raise ValueError(f"infocl: regularizer must be one of {', '.join(REGULARIZERS)}, got {regularizer!r}")
        weight = _WEIGHTS[regularizer] if weight is None else weight
        for name, value in (("weight", weight), ("sigma", sigma)):
            if not 0 <= value < math.inf:
                raise ValueError(f"infocl: {name} must be >= 0 and finite, got {value}")
        if not 0 < rho < math.inf:
            raise ValueError(f"infocl: rho must be > 0 and finite, got {rho}")
        if len(stages) != 4 or not all(0 <= share < math.inf for share in stages) or not sum(stages) > 0:
            raise ValueError(f"infocl: stages must be four weights >= 0, not all 0, got {stages}")
        self.regularizer, self.weight, self.sigma, self.rho = regularizer, weight, sigma, rho
        self.stages = stages
        check_decoder("infocl", decoder)
        self.decoder = build_decoder("infocl", decoder, dims) if regularizer == "rc" else None

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return the terms of the base loss and, but for `noise`, the weighted one named after the regulariser."""
        mu1, mu2 = net.encode(views.x1), net.encode(views.x2)
        noisy1, noisy2 = (self._sample(mu, net.generator) for mu in (mu1, mu2))
        terms = self.base.compare(noisy1.h, noisy2.h, views, net)
        if self.decoder is not None:
            errors = [reconstruction_error(self.decoder(mu.h), x) for mu, x in ((mu1, views.x1), (mu2, views.x2))]
            terms[self.regularizer] = self.weight * (errors[0] + errors[1])
        elif self.regularizer == "lbe":
            terms[self.regularizer] = -self.weight * self._bound((mu1, mu2), (noisy1, noisy2))
        elif self.regularizer in ("ip", "mib"):
            terms[self.regularizer] = self.weight * F.mse_loss(mu1.h, mu2.h)
        return terms

    def _sample(self, mu: Features, generator: torch.Generator) -> Features:
        """Independent noise on every stage, or none."""
        if self.regularizer not in _NOISY:
            return mu
        first, second, third, fourth = (add_noise(x, sigma=self.sigma, generator=generator) for x in mu.stages)
        return Features(stages=(first, second, third, fourth), h=fourth)

    def _bound(self, mu: tuple[Features, Features], noisy: tuple[Features, Features]) -> Tensor:
        """LBE summed over the stages that have a weight, over the views of both kinds together."""
        total = mu[0].h.new_zeros(())
        for stage, share in enumerate(self.stages):
            if share > 0:
                clean, drawn = (torch.cat([features.stages[stage] for features in pair]) for pair in (mu, noisy))
                total = total + share * information_bound(drawn, clean, rho=self.rho)
        return total
