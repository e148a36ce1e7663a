"""The losses written out from their equations, number by number: slow, differentiable, independent of the project."""

from __future__ import annotations

import itertools
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
    """PIRL (arXiv 1912.01991), section 2.3, with InfoMin's layers: (N, 9, F) patches, shuffled, to (N, D)."""

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


def direction(a: Tensor) -> Tensor:
    return a / torch.sqrt(dot(a, a))


def byol(prediction: Tensor, target: Tensor) -> Tensor:
    """BYOL (arXiv 2006.07733), eq. 2: the squared distance of the two directions."""
    total = torch.zeros((), dtype=prediction.dtype)
    for p, t in zip(prediction, target, strict=True):
        total = total + squared_distance(direction(p), direction(t))
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


def gaussian_kl(mu1: Tensor, sigma1: float, mu2: Tensor, sigma2: float) -> Tensor:
    """KL(N(mu1, sigma1^2) || N(mu2, sigma2^2)) in nats, one dimension, in closed form."""
    return math.log(sigma2 / sigma1) + (sigma1**2 + (mu1 - mu2) ** 2) / (2 * sigma2**2) - 0.5


def divergence(mean1: Tensor, sigma1: float, mean2: Tensor, sigma2: float) -> Tensor:
    """The same of (N, F), summed over the independent features, averaged over the images."""
    total = torch.zeros((), dtype=mean1.dtype)
    for a, b in zip(mean1, mean2, strict=True):
        for mu1, mu2 in zip(a, b, strict=True):
            total = total + gaussian_kl(mu1, sigma1, mu2, sigma2)
    return total / len(mean1)


def rate(mean: Tensor, *, sigma: float) -> Tensor:
    """Divergence from the standard normal."""
    return divergence(mean, sigma, torch.zeros_like(mean), 1.0)


def symmetrised_kl(mean1: Tensor, mean2: Tensor, *, sigma: float) -> Tensor:
    """InfoCL, eq. 16: the mean of both directions."""
    return (divergence(mean1, sigma, mean2, sigma) + divergence(mean2, sigma, mean1, sigma)) / 2


Pixels = set[tuple[int, int, int]]
"""Places (image, row, column)."""


def mean_squared_error(a: Tensor, b: Tensor, counted: Pixels | None = None) -> Tensor:
    """Of all elements, or of images (N, C, H, W) at the pixels that are counted."""
    total, number = torch.zeros((), dtype=a.dtype), 0
    places = itertools.product(*map(range, a.shape))
    for place, x, y in zip(places, a.flatten(), b.flatten(), strict=True):
        if counted is None or (place[0], *place[2:]) in counted:
            total, number = total + (x - y) ** 2, number + 1
    return total / number


def hidden_blocks(draws: Tensor, *, ratio: float) -> list[set[int]]:
    """For each image the round(ratio * B) blocks with the lowest of its B numbers; draws (N, B)."""
    hidden = []
    for numbers in draws.tolist():
        lowest = sorted(range(len(numbers)), key=numbers.__getitem__)
        hidden.append(set(lowest[: round(ratio * len(numbers))]))
    return hidden


def block_pixels(blocks: Sequence[set[int]], *, block: int, size: int) -> Pixels:
    """The pixels of square blocks that are counted row by row, in images of `size` by `size`."""
    pixels = set()
    for image, row, column in itertools.product(range(len(blocks)), range(size), range(size)):
        if row // block * (size // block) + column // block in blocks[image]:
            pixels.add((image, row, column))
    return pixels


def filled(x: Tensor, hidden: Pixels, fill: Tensor) -> Tensor:
    """Images (N, C, H, W) whose hidden pixels are those of `fill`."""
    values = []
    for place, value, other in zip(itertools.product(*map(range, x.shape)), x.flatten(), fill.flatten(), strict=True):
        values.append(other if (place[0], *place[2:]) in hidden else value)
    return torch.stack(values).reshape(x.shape)
