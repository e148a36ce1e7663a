"""How good features are without a label: alignment, uniformity, spread and effective numbers of dimensions."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

_DELTA = 1e-4  # added to the covariance within an image, LiDAR (arXiv 2312.04000)


def alignment(z1: Tensor, z2: Tensor) -> float:
    """Mean squared distance of the two views of an image on the sphere.

    Wang and Isola 2020 (arXiv 2005.10242, §4.1) with alpha = 2.

    Args:
        z1: first views (N, D), normalised here.
        z2: second views (N, D).

    Returns:
        0 (the views are told apart by nothing) to 4.
    """
    return float((normalize(z1, dim=1) - normalize(z2, dim=1)).square().sum(dim=1).mean())


def uniformity(z: Tensor) -> float:
    """Logarithm of the mean of exp(-2 |z_i - z_j|^2) over all pairs of images, on the sphere.

    Wang and Isola 2020 (arXiv 2005.10242, §4.1) with t = 2.

    Args:
        z: (N, D), normalised here.

    Returns:
        Nats: 0 where all points are one, falling to about -4 where they are spread evenly over many dimensions.
    """
    squared = torch.pdist(normalize(z, dim=1)).square()
    return float((-2 * squared).logsumexp(dim=0) - math.log(len(squared)))


def spread(z: Tensor) -> float:
    """Mean standard deviation of a dimension of z on the sphere, times sqrt(D).

    The check for collapse of SimSiam (Chen and He 2021, arXiv 2011.10566, §4.1).

    Args:
        z: (N, D), normalised here.

    Returns:
        1 where z is spread evenly over the sphere, 0 where it has collapsed to a point.
    """
    std = normalize(z, dim=1).std(dim=0, correction=0)
    return min(1.0, float(std.mean()) * math.sqrt(z.shape[1]))


def rankme(h: Tensor) -> float:
    """Exponential of the entropy of the normalised singular values of the features as they are.

    RankMe of Garrido et al. 2023 (arXiv 2210.02885): not centred, singular values and not their squares. The
    paper's 1e-7 inside the logarithm is left out, since 0 log 0 is 0 here.

    Args:
        h: (N, F).

    Returns:
        1 to min(N, F) dimensions.
    """
    return _dimensions(torch.linalg.svdvals(h))


def effective_rank(h: Tensor) -> float:
    """Exponential of the entropy of the normalised eigenvalues of the covariance of the features.

    The effective rank of Roy and Vetterli 2007 (EUSIPCO) of the covariance matrix, that is the entropy of the
    shares of variance of a principal component analysis. `rankme` is the same of the features themselves: the mean is a
    direction of its own there, and small directions count more, by the root of their variance.

    Args:
        h: (N, F).

    Returns:
        1 to min(N - 1, F) dimensions.
    """
    return _dimensions(torch.linalg.svdvals(h - h.mean(dim=0)).square())


def lidar(views: Tensor) -> float:
    """Exponential of the entropy of the normalised eigenvalues of the LDA matrix whose classes are the images.

    LiDAR of Thilak et al. 2024 (arXiv 2312.04000): the covariance between images, whitened by the covariance within an
    image + 1e-4. The paper takes 50 views of an image. With few the means of the images carry a share 1/q of
    the covariance within, by which noise would count as signal; it is subtracted here (the unbiased estimate of a
    random-effects model), and eigenvalues below 0 count as 0.

    Args:
        views: q >= 2 views of N images (N, q, F).

    Returns:
        1 to F dimensions.
    """
    count, q, width = views.shape
    means = views.mean(dim=1)
    inner = (views - means[:, None]).flatten(0, 1)
    within = inner.T @ inner / (count * (q - 1))
    between = means.T.cov() - within / q
    values, vectors = torch.linalg.eigh(within + _DELTA * torch.eye(width, dtype=views.dtype))
    whiten = vectors * values.rsqrt()
    return _dimensions(torch.linalg.eigvalsh(whiten.T @ between @ whiten).clamp_min(0))


def _dimensions(values: Tensor) -> float:
    """Exponential of the entropy of values >= 0 that are made to sum to 1; 1 where all are 0."""
    shares = values / values.sum().clamp_min(torch.finfo(values.dtype).tiny)
    return float(torch.special.entr(shares).sum().exp())
