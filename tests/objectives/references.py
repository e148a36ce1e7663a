"""The losses written out from their equations, number by number: slow, differentiable, independent of the project."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def dot(a: Tensor, b: Tensor) -> Tensor:
    total = torch.zeros((), dtype=a.dtype)
    for x, y in zip(a, b, strict=True):
        total = total + x * y
    return total


def cosine(a: Tensor, b: Tensor) -> Tensor:
    return dot(a, b) / torch.sqrt(dot(a, a) * dot(b, b))


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    return dot(a - b, a - b)


def nt_xent(z1: Tensor, z2: Tensor, *, temperature: float) -> Tensor:
    """SimCLR (arXiv 2002.05709), eq. 1, anchor by anchor and negative by negative."""
    rows = [*z1, *z2]
    total = torch.zeros((), dtype=z1.dtype)
    for anchor in range(len(rows)):
        positive = (anchor + len(z1)) % len(rows)
        denominator = torch.zeros((), dtype=z1.dtype)
        for other in range(len(rows)):
            if other != anchor:
                denominator = denominator + torch.exp(cosine(rows[anchor], rows[other]) / temperature)
        total = total - torch.log(torch.exp(cosine(rows[anchor], rows[positive]) / temperature) / denominator)
    return total / len(rows)


def moco(query: Tensor, key: Tensor, queue: Tensor, *, temperature: float) -> Tensor:
    """MoCo (arXiv 1911.05722), eq. 1."""
    total = torch.zeros((), dtype=query.dtype)
    for q, positive in zip(query, key, strict=True):
        numerator = torch.exp(cosine(q, positive) / temperature)
        denominator = numerator
        for negative in queue:
            denominator = denominator + torch.exp(cosine(q, negative) / temperature)
        total = total - torch.log(numerator / denominator)
    return total / len(query)


def jigsaw(h: Tensor, order: Sequence[Sequence[int]], weights: Mapping[str, Tensor]) -> Tensor:
    """PIRL (arXiv 1912.01991), section 3.2, with InfoMin's layers: (N, 9, F) patches, shuffled, to (N, D)."""

    def linear(x: Tensor, layer: str) -> Tensor:
        rows = [dot(row, x) + b for row, b in zip(weights[f"{layer}.weight"], weights[f"{layer}.bias"], strict=True)]
        return torch.stack(rows)

    projections = []
    for patches, places in zip(h, order, strict=True):
        pieces: list[Tensor] = []
        for place in places:
            hidden = linear(patches[place], "each.0")
            hidden = torch.stack([value if value > 0 else 0 * value for value in hidden])
            pieces += [*linear(hidden, "each.2")]
        projections.append(linear(torch.stack(pieces), "join"))
    return torch.stack(projections)


def byol(prediction: Tensor, target: Tensor) -> Tensor:
    """BYOL (arXiv 2006.07733), eq. 2: the squared distance of the two directions."""
    total = torch.zeros((), dtype=prediction.dtype)
    for p, t in zip(prediction, target, strict=True):
        total = total + squared_distance(p / torch.sqrt(dot(p, p)), t / torch.sqrt(dot(t, t)))
    return total / len(prediction)


def correlation(z1: Tensor, z2: Tensor) -> list[list[Tensor]]:
    """Barlow Twins (arXiv 2103.03230), eq. 2, of projections centred over the batch."""

    def centred(column: Tensor) -> list[Tensor]:
        mean = sum(column) / len(column)
        return [value - mean for value in column]

    def length(values: Sequence[Tensor]) -> Tensor:
        return torch.sqrt(torch.stack([value * value for value in values]).sum() + len(values) * 1e-5)

    columns1, columns2 = [centred(column) for column in z1.T], [centred(column) for column in z2.T]
    return [
        [
            sum((x * y for x, y in zip(a, b, strict=True)), start=torch.zeros(())) / (length(a) * length(b))
            for b in columns2
        ]
        for a in columns1
    ]


def barlow_twins(z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
    """Barlow Twins, eq. 1: invariance and redundancy, without the factor of the second."""
    c = correlation(z1, z2)
    invariance = redundancy = torch.zeros((), dtype=z1.dtype)
    for i in range(len(c)):
        for j in range(len(c)):
            if i == j:
                invariance = invariance + (1 - c[i][j]) ** 2
            else:
                redundancy = redundancy + c[i][j] ** 2
    return invariance, redundancy


def lbe(noisy: Tensor, mean: Tensor, *, rho: float) -> Tensor:
    """InfoCL (arXiv 2203.07004), eq. 13-15 without constants."""
    total = torch.zeros((), dtype=noisy.dtype)
    for h in noisy:
        inner = torch.zeros((), dtype=noisy.dtype)
        for mu in mean:
            inner = inner + torch.exp(-rho * squared_distance(h, mu))
        total = total - torch.log(inner)
    return total / len(noisy)


def gaussian_kl(mu1: float, sigma1: float, mu2: float, sigma2: float) -> float:
    """KL(N(mu1, sigma1^2) || N(mu2, sigma2^2)) in nats, one dimension, in closed form."""
    return math.log(sigma2 / sigma1) + (sigma1**2 + (mu1 - mu2) ** 2) / (2 * sigma2**2) - 0.5


def mean_squared_error(a: Tensor, b: Tensor) -> Tensor:
    total = torch.zeros((), dtype=a.dtype)
    for x, y in zip(a.flatten(), b.flatten(), strict=True):
        total = total + (x - y) ** 2
    return total / a.numel()
