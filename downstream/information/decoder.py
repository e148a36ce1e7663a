"""What a representation tells of the pixels of its view, by how well a linear decoder tells them."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV

from downstream.information.halves import Floats, halves

_PENALTIES = tuple(10.0**power for power in range(-4, 7))
_LEAST = 1e-12  # of the variance: what counts as told exactly


def decoder_information(z: Floats, pixels: Floats, *, components: int, seed: int) -> float:
    """V-information from z to the first principal components of the pixels, in nats.

    Xu et al. 2020 (arXiv 2002.10689) for decoders that are Gaussians of a mean linear in z and of a variance for every
    component: 1/2 sum_j log(var_j / residual_j), both on the half of the images that neither the components, nor the
    decoder, nor its penalty (leave-one-out, for every component) were fitted to; both ways. Where z and the pixels are
    jointly Gaussian and the residuals of the components uncorrelated, it is I(z; v) of those components. Otherwise it
    is what such a decoder can use: the entropy of v given z is an upper bound, but that of v alone is the Gaussian's
    too, so that pixels which are no Gaussians can make the difference exceed I.

    Args:
        z: representations (N, D).
        pixels: the views that they are of (N, P).
        components: of the pixels; fewer where there are fewer.
        seed: draws the halves.
    """
    total = 0.0
    for fit, other in halves(len(z), seed=seed):
        kept = min(components, len(fit) - 1, pixels.shape[1])
        pca = PCA(kept, svd_solver="randomized", random_state=seed).fit(pixels[fit])
        told = _gain(z[fit], pca.transform(pixels[fit]), z[other], pca.transform(pixels[other]))
        total += len(other) * told
    return total / len(z)


def linear_information(z: Floats, targets: Floats, *, seed: int) -> float:
    """The same for targets (N, J) that are their own components."""
    total = sum(
        len(other) * _gain(z[fit], targets[fit], z[other], targets[other]) for fit, other in halves(len(z), seed=seed)
    )
    return total / len(z)


def _gain(z: Floats, targets: Floats, new: Floats, truth: Floats) -> float:
    """1/2 sum_j log(var_j / residual_j) of `truth` (M, J) by a decoder of `targets` (N, J)."""
    mean, scale = targets.mean(axis=0), np.maximum(targets.std(axis=0), 1e-12)
    centre, length = z.mean(axis=0), max(float(z.std(axis=0).mean()), 1e-12)
    ridge = RidgeCV(_PENALTIES, alpha_per_target=True).fit((z - centre) / length, (targets - mean) / scale)
    truth = (truth - mean) / scale
    told = np.reshape(ridge.predict((new - centre) / length), truth.shape)
    residual, variance = (np.maximum((part**2).mean(axis=0), _LEAST) for part in (truth - told, truth))
    return float(np.log(variance / residual).sum() / 2)
