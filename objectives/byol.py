"""BYOL: predict the projection that a slowly moving copy of the network makes of the other view.

Source: [1] Grill et al. 2020, arXiv 2006.07733, eq. 2 and section 3.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from objectives.contract import BaseLoss, Dims, Network, Views
from objectives.projections import at_least_float32, require_pairs
from objectives.registry import OBJECTIVES


def prediction_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Squared distance of directions, 2 - 2 cos [1, eq. 2], averaged over the images.

    Args:
        prediction: (N, D).
        target: (N, D), same order; no gradient flows into it.

    Returns:
        Scalar from 0 (same directions) to 4 (opposite ones).
    """
    require_pairs(prediction, target)
    with torch.autocast(prediction.device.type, enabled=False):
        cosine = F.cosine_similarity(at_least_float32(prediction), at_least_float32(target.detach()), dim=1)
        return 2 - 2 * cosine.mean()


@OBJECTIVES.register_module("byol")
class BYOL(BaseLoss):
    """Predict each view's target projection from the other view; both directions are summed."""

    def __init__(
        self,
        dims: Dims,
        *,
        hidden: int = 0,  # width of the predictor's hidden layer; 0 = D, as InfoCL has it on small images
        momentum: float = 0.996,  # of the target at the first step, [1] section 3.3; rises to 1
    ) -> None:
        super().__init__()
        if hidden < 0:
            raise ValueError(f"byol: hidden must be >= 0, got {hidden}")
        if not 0 <= momentum <= 1:
            raise ValueError(f"byol: momentum must be in [0, 1], got {momentum}")
        width = hidden or dims.projection
        self.momentum, self.needs_target = momentum, True
        self.predictor = nn.Sequential(
            nn.Linear(dims.projection, width),
            nn.BatchNorm1d(width),
            nn.ReLU(inplace=True),
            nn.Linear(width, dims.projection),
        )

    @staticmethod
    def at_equal_projections(images: int, dimensions: int) -> float:
        """Return 0: every prediction has the target's direction."""
        return 0.0

    def target_momentum(self, progress: float) -> float:
        """Return 1 - (1 - momentum)(cos(pi progress) + 1)/2 [1, section 3.3]."""
        return 1 - (1 - self.momentum) * (math.cos(math.pi * progress) + 1) / 2

    def compare(self, h1: Tensor, h2: Tensor, views: Views, net: Network) -> dict[str, Tensor]:
        """Return {"predict": prediction errors summed over the two directions}."""
        p1, p2 = (self.predictor(net.project(h)) for h in (h1, h2))
        with torch.no_grad():
            t1, t2 = (net.target.project(net.target.encode(x).h) for x in (views.x1, views.x2))
        return {"predict": prediction_error(p1, t2) + prediction_error(p2, t1)}
