"""InfoNCE between two views: negatives from the batch (NT-Xent, SimCLR) or from a queue of earlier keys (MoCo).

Sources: [1] van den Oord et al. 2018, arXiv 1807.03748, eq. 4. [2] Chen et al. 2020, arXiv 2002.05709, eq. 1.
[3] He et al. 2020, arXiv 1911.05722, eq. 1 and algorithm 1. [4] Chen et al. 2020, arXiv 2003.04297.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from objectives.contract import BaseLoss, Dims, Form, Network, Views
from objectives.log_partition import kernel_runs, log_partition, suits_kernel
from objectives.projections import at_least_float32, require_pairs
from objectives.ranks import gather, ranks
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
    require_pairs(z1, z2)
    with torch.autocast(z1.device.type, enabled=False):  # half precision cannot tell cosines near 1 apart
        if ranks() == 1 and _suit_kernel(z1, z2):
            from objectives.kernels.nt_xent import nt_xent

            return nt_xent(z1, z2, temperature=temperature)
        z1, z2 = gather(_directions(z1)), gather(_directions(z2))
        positives = (z1 * z2).sum(dim=1).mean() / temperature
        return log_partition(torch.cat((z1, z2)), temperature=temperature).mean() - positives


def info_nce_queue(query: Tensor, key: Tensor, queue: Tensor, *, temperature: float) -> Tensor:
    """InfoNCE with negatives from a queue [3, eq. 1], averaged over the queries.

    For image i: -log exp(cos(q_i, k_i)/T) / (exp(cos(q_i, k_i)/T) + sum over the queue of exp(cos(q_i, k)/T)).

    Args:
        query: projections of one view, (N, D).
        key: projections of the other view by the target, (N, D), same order; no gradient flows into them.
        queue: directions of earlier keys, (K, D), rows of unit length.
        temperature: T > 0.

    Returns:
        Scalar loss in nats; log(K + 1) when all projections are equal.
    """
    require_pairs(query, key)
    with torch.autocast(query.device.type, enabled=False):
        query, key = _directions(query), _directions(key.detach())
        cosines = torch.cat([(query * key).sum(dim=1, keepdim=True), query @ queue.to(query).T], dim=1)
        return F.cross_entropy(cosines / temperature, torch.zeros(len(query), dtype=torch.int64, device=query.device))


def _suit_kernel(z1: Tensor, z2: Tensor) -> bool:
    """Whether the whole loss is a GPU's few launches; where not, its denominator may still be a kernel."""
    width, dtype = z1.shape[1], torch.promote_types(z1.dtype, torch.float32)
    alike = z1.dtype == z2.dtype and z1.device == z2.device
    return alike and suits_kernel(z1.device.type, dtype, width) and kernel_runs(z1.device, width)


def _directions(z: Tensor) -> Tensor:
    """Rows of unit length, in float32 or better."""
    return F.normalize(at_least_float32(z), dim=1)


@OBJECTIVES.register_module("infonce")
class InfoNCE(BaseLoss):
    """Contrast two views of an image with all other views in the batch, or with the keys of earlier batches."""

    variants: ClassVar[tuple[Form, ...]] = (
        Form(
            {"queue": 32},
            exempt={
                "views": "the second view makes keys alone, by the target, through which no gradient flows",
                "swap": "first views make queries, second ones keys",
            },
        ),
    )

    queue: Tensor
    oldest: Tensor

    def __init__(
        self,
        dims: Dims,
        *,
        temperature: float = 0.5,  # for small images, [2] appendix B.9; MoCo v2 has 0.2
        queue: int = 0,  # keys; 0 takes the negatives from the batch. MoCo v2 has 65,536
        momentum: float = 0.999,  # of the target that makes the keys, [3] section 4.1
    ) -> None:
        super().__init__()
        if not 0 < temperature < math.inf:
            raise ValueError(f"infonce: temperature must be > 0 and finite, got {temperature}")
        if queue < 0:
            raise ValueError(f"infonce: queue must be >= 0, got {queue}")
        if not 0 <= momentum <= 1:
            raise ValueError(f"infonce: momentum must be in [0, 1], got {momentum}")
        self.temperature, self.momentum, self.needs_target = temperature, momentum, queue > 0
        self.register_buffer("queue", F.normalize(torch.randn(queue, dims.projection), dim=1))
        self.register_buffer("oldest", torch.zeros((), dtype=torch.int64))

    @staticmethod
    def at_equal_projections(images: int, dimensions: int) -> float:
        """Return log(2N - 1): the positive is one of as many equal ones."""
        return math.log(2 * images - 1)

    def target_momentum(self, progress: float) -> float:
        """Return the same share at every step."""
        return self.momentum

    def compare(self, h1: Tensor, h2: Tensor, views: Views, net: Network) -> dict[str, Tensor]:
        """Return {"contrast": NT-Xent of the projections, or InfoNCE of first views against the queue}."""
        query = net.project(h1)
        return self._terms(query, self._target_keys(views, net) if self.needs_target else net.project(h2))

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """As `compare`; with a queue the second views go through the target alone, as in MoCo."""
        query = net.project(net.encode(views.x1).h)
        return self._terms(query, self.keys(views, net))

    def keys(self, views: Views, net: Network) -> Tensor:
        """Return what the queries are compared with: projections (N, D) of the second views, by the target or not."""
        return self._target_keys(views, net) if self.needs_target else net.project(net.encode(views.x2).h)

    @torch.no_grad()
    def _target_keys(self, views: Views, net: Network) -> Tensor:
        return net.target.project(net.target.encode(views.x2).h)

    def _terms(self, query: Tensor, key: Tensor) -> dict[str, Tensor]:
        loss = self.contrast(query, key)
        self.remember(key)
        return {"contrast": loss}

    def contrast(self, query: Tensor, key: Tensor) -> Tensor:
        """Return NT-Xent of projections (N, D) and (N, D), or InfoNCE of queries and keys against the queue."""
        if not self.needs_target:
            return info_nce(query, key, temperature=self.temperature)
        return info_nce_queue(query, key, self.queue.clone(), temperature=self.temperature)

    @torch.no_grad()
    def remember(self, key: Tensor) -> None:
        """Put the newest keys (N, D), as many as there is room for, in the place of the oldest; in training alone."""
        if not (self.training and self.needs_target):
            return
        key = gather(_directions(key))[: len(self.queue)]
        place = (self.oldest + torch.arange(len(key), device=key.device)) % len(self.queue)
        self.queue[place] = key.to(self.queue)
        self.oldest.copy_((self.oldest + len(key)) % len(self.queue))
