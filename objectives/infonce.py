"""InfoNCE between two views with in-batch negatives, in the symmetric NT-Xent form of SimCLR.

Sources: [1] van den Oord et al. 2018, arXiv 1807.03748, eq. 4. [2] Chen et al. 2020, arXiv 2002.05709, eq. 1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from objectives.contract import Dims, Network, Objective, Views
from objectives.registry import OBJECTIVES


def info_nce(z1: Tensor, z2: Tensor, *, temperature: float) -> Tensor:
    """NT-Xent loss [2, eq. 1], averaged over all 2N anchors.

    For anchor i with positive j(i), the other view of the same image:
    -log exp(cos(z_i, z_j)/T) / sum over k != i of exp(cos(z_i, z_k)/T).

    Args:
        z1: projections of the first views, (N, D).
        z2: projections of the second views, (N, D), same order.
        temperature: T > 0.

    Returns:
        Scalar loss in nats; log(2N - 1) when all projections are equal.

    Raises:
        ValueError: the shapes differ, or there are fewer than two images.
    """
    if z1.ndim != 2 or z1.shape != z2.shape or len(z1) < 2:
        shapes = f"{tuple(z1.shape)} and {tuple(z2.shape)}"
        raise ValueError(f"z1 and z2 must both be (N, D) with N >= 2; got {shapes}")
    positives = torch.arange(2 * len(z1), device=z1.device).roll(len(z1))
    with torch.autocast(z1.device.type, enabled=False):  # half precision cannot tell cosines near 1 apart
        z = torch.cat((z1, z2))
        z = F.normalize(z.to(torch.promote_types(z.dtype, torch.float32)), dim=1)
        logits = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
        return F.cross_entropy(logits, positives)


@OBJECTIVES.register_module("infonce")
class InfoNCE(Objective):
    """Contrast two views of an image with all other views in the batch."""

    def __init__(self, dims: Dims, *, temperature: float = 0.5) -> None:  # 0.5 for small images, [2] appendix B.9
        super().__init__()
        if not temperature > 0:
            raise ValueError(f"infonce: temperature must be > 0, got {temperature}")
        self.temperature = temperature

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return {"contrast": NT-Xent of the projections}."""
        z1 = net.project(net.encode(views.x1).h)
        z2 = net.project(net.encode(views.x2).h)
        return {"contrast": info_nce(z1, z2, temperature=self.temperature)}
