"""Where a representation lies in the information plane: every estimate with its error on Gaussians of the same size."""

from __future__ import annotations

import math
from dataclasses import dataclass

from downstream.information.calibration import Gaussians, bias, biases
from downstream.information.ceiling import saturated
from downstream.information.contrastive import info_nce
from downstream.information.decoder import decoder_information, linear_information
from downstream.information.halves import Floats, on_sphere
from downstream.information.neighbours import ksg_ceiling, projected_ksg
from downstream.information.noise import NoisyChannel


@dataclass(frozen=True)
class Settings:
    """What the estimators are given.

    Attributes:
        components: dimensions of the neighbour estimate.
        neighbours: its k.
        pixels: principal components that the decoder tells.
        noise: relative to the spread of z, or of h, per dimension.
        seed: of halves, noise and Gaussians.
    """

    components: int
    neighbours: int
    pixels: int
    noise: float
    seed: int


def between_views(z1: Floats, z2: Floats, settings: Settings) -> dict[str, float]:
    """Estimates of I(z1; z2) of representations (N, D), normalised here.

    Two of different kinds: the bound by telling partners, which sees all dimensions and no more than log N; and nearest
    neighbours, which see a few dimensions and have no such ceiling. What the Gaussian formula says of canonical
    correlations would be a third, but on factors of few levels, which correlate with themselves by 1, it is infinite.

    Both are compared with Gaussians whose information is spread evenly over all D dimensions, and with those that have
    it in as many as the neighbours see.

    Returns:
        Metrics by name; no bias where the estimate exceeds what is said of any such Gaussians.
    """
    z1, z2 = on_sphere(z1), on_sphere(z2)
    (count, width), seed = z1.shape, settings.seed
    gaussians = Gaussians.draw(count, width, seed=seed)

    def told(x: Floats, y: Floats) -> float:
        return info_nce(x, y, seed=seed).nats

    def near(x: Floats, y: Floats) -> float:
        return projected_ksg(x, y, components=settings.components, neighbours=settings.neighbours, seed=seed)

    bound, ksg = info_nce(z1, z2, seed=seed), near(z1, z2)
    of_bound, of_ksg = (
        biases(nats, said, gaussians, few=settings.components, highest=2 * math.log(count))
        for nats, said in ((bound.nats, told), (ksg, near))
    )
    return {
        "infonce_information_nats": bound.nats,
        "infonce_ceiling_nats": bound.ceiling,
        "infonce_saturated": float(bound.saturated),
        **_where_known("infonce_bias_nats", of_bound.spread),
        **_where_known("infonce_few_bias_nats", of_bound.few),
        "ksg_information_nats": ksg,
        "ksg_saturated": float(saturated(ksg, ceiling=ksg_ceiling(count, neighbours=settings.neighbours))),
        **_where_known("ksg_bias_nats", of_ksg.spread),
        **_where_known("ksg_few_bias_nats", of_ksg.few),
    }


def noise_bracket(z: Floats, settings: Settings) -> tuple[float, float]:
    """Between which values the pairwise distances of z (N, D), normalised here, put what noise leaves of N views."""
    return NoisyChannel.of(on_sphere(z), seed=settings.seed).bracket(noise=settings.noise)


def of_view(z: Floats, pixels: Floats, settings: Settings) -> dict[str, float]:
    """Estimates of I(z; v) of representations (N, D), normalised here, and their views (N, P).

    Two of different kinds again: what a decoder can use of z, in the pixels; and what noise leaves of z.

    Returns:
        Metrics by name; no bias where the estimate exceeds what is said of any Gaussians that were tried.
    """
    return _told_of_view(on_sphere(z), pixels, settings)


def features_of_view(h: Floats, pixels: Floats, settings: Settings) -> dict[str, float]:
    """The same estimates of I(h; v), of features (N, F) as they are, since their lengths can tell of the view too.

    Neither depends on where h lies or on its unit: the decoder is linear with a mean of its own, its penalty is
    relative to the spread of h, and so is the noise. An objective that makes all of h larger gains nothing by it.

    Returns:
        The metrics of `of_view`, each name behind "h_".
    """
    return {f"h_{name}": value for name, value in _told_of_view(h, pixels, settings).items()}


def _told_of_view(points: Floats, pixels: Floats, settings: Settings) -> dict[str, float]:
    """The estimates of points (N, D) as they are."""
    (count, width), seed = points.shape, settings.seed
    gaussians = Gaussians.draw(count, width, seed=seed)
    decoded = decoder_information(points, pixels, components=settings.pixels, seed=seed)
    dims = min(settings.pixels, width, pixels.shape[1])
    channel, model = NoisyChannel.of(points, seed=seed), NoisyChannel.of(gaussians.x, seed=seed)
    noisy = channel.information(noise=settings.noise)

    def linear(nats: float) -> float:
        return linear_information(gaussians.x, gaussians.partner(nats, dims=dims)[:, :dims], seed=seed)

    def by_noise(nats: float) -> float:
        # Of Gaussians with noise sigma, I = D/2 log(1 + 1/sigma^2).
        return 0.0 if nats == 0 else model.information(noise=math.expm1(2 * nats / width) ** -0.5)

    return {
        "decoder_information_nats": decoded,
        **_where_known("decoder_bias_nats", bias(decoded, linear, highest=max(8.0, 4 * decoded))),
        "noise_information_nats": noisy,
        "noise_saturated": float(saturated(noisy, ceiling=math.log(count))),
        **_where_known("noise_bias_nats", bias(noisy, by_noise, highest=2 * math.log(count))),
    }


def _where_known(name: str, value: float | None) -> dict[str, float]:
    return {} if value is None else {name: value}
