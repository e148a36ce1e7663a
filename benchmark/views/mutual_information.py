"""Lower bounds of the mutual information between two views, from what a critic says of a batch; in nats.

Sources: [1] van den Oord et al. 2018, arXiv 1807.03748, section 2.3. [2] Donsker and Varadhan 1983, in the form of
Belghazi et al. 2018 (MINE), arXiv 1801.04062, eq. 1. Both are in the public copy of InfoMin's view generator
(github ali-design/GenRep, LearningView/criterion.py); its clipping of the mean by 1e-6 is not needed here.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def infonce_bound(z1: Tensor, z2: Tensor, *, temperature: float) -> Tensor:
    """Log N less the mean InfoNCE loss of both directions [1]; at most log N.

    The public code feeds log N less the sum of both directions to the generator, which is no bound; this is one.

    Args:
        z1: critic's outputs for the first views, (N, D).
        z2: for the second views, same order.
        temperature: T of exp(cos/T).
    """
    scores = F.normalize(z1, dim=1) @ F.normalize(z2, dim=1).T / temperature
    own = torch.arange(len(scores), device=scores.device)
    return math.log(len(scores)) - (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2


def dv_bound(z1: Tensor, z2: Tensor) -> Tensor:
    """Mean score of the N pairs less the log of the mean exp(score) of the N (N - 1) others [2]; score = z1 . z2.

    Args:
        z1: critic's outputs for the first views, (N, D), not normalised.
        z2: for the second views, same order.
    """
    scores, count = z1 @ z2.T, len(z1)
    own = torch.eye(count, dtype=torch.bool, device=scores.device)
    others = scores.masked_fill(own, -math.inf).flatten().logsumexp(dim=0) - math.log(count * (count - 1))
    return scores.diagonal().mean() - others
