import math
from collections.abc import Sequence

import numpy as np
import pytest
from information_draws import SETTINGS, normal
from scipy.integrate import quad

from downstream.information.decoder import decoder_information
from downstream.information.noise import NoisyChannel
from downstream.information.plane import Settings, features_of_view, of_view


def test_the_decoder_tells_what_a_linear_gaussian_channel_carries() -> None:
    scales = np.array([3.0, 1.0, 0.3])
    pixels = normal(6000, 3) * scales
    z = (pixels + normal(6000, 3, seed=1)) @ normal(3, 3, seed=2)
    parts = np.log1p(scales**2) / 2
    for kept in (1, 2, 3):
        found = decoder_information(z, pixels, components=kept, seed=0)
        assert found == pytest.approx(parts[:kept].sum(), abs=0.05)
    assert decoder_information(1e3 * z, pixels, components=3, seed=0) == pytest.approx(parts.sum(), abs=0.05)


def test_the_decoder_is_told_nothing_by_what_has_nothing_to_do_with_the_view() -> None:
    assert decoder_information(normal(800, 40), normal(800, 30, seed=1), components=10, seed=0) == pytest.approx(
        0, abs=0.05
    )


def mixture_information(points: Sequence[float], sigma: float) -> float:
    """Entropy of the mixture of Gaussians around the points, by integration, less that of one of them."""

    def density(at: float) -> float:
        heights = [math.exp(-((at - point) ** 2) / (2 * sigma**2)) for point in points]
        return sum(heights) / (len(points) * sigma * math.sqrt(2 * math.pi))

    low, high = min(points) - 12 * sigma, max(points) + 12 * sigma
    terms = quad(lambda at: -density(at) * math.log(density(at) + 1e-300), low, high, limit=400)
    return terms[0] - math.log(sigma * math.sqrt(2 * math.pi * math.e))


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0, 3.0])
def test_what_noise_leaves_is_the_integral_over_the_mixture_and_lies_between_the_pairwise_bounds(noise: float) -> None:
    points = [-2.0, -0.5, 0.0, 1.0, 3.0]
    z = np.repeat(points, 300)[:, None]  # N is 1500, but only five outputs differ
    exact = mixture_information(points, noise * float(np.std(points)))
    channel = NoisyChannel.of(z, seed=0)
    assert channel.information(noise=noise) == pytest.approx(exact, abs=0.05)
    lower, upper = channel.bracket(noise=noise)
    assert lower <= exact + 1e-9
    assert exact - 1e-9 <= upper
    assert upper - lower < 0.75


def test_of_features_lengths_count_and_neither_their_place_nor_their_unit_does() -> None:
    points = [1.0, 2.0, 3.5, 6.0]
    lengths = np.repeat(points, 300)[:, None]
    h = lengths * np.array([[2.0, 1.0, 2.0]]) / 3  # on one ray, so that all are one point of the sphere
    found = features_of_view(h, lengths, SETTINGS)
    sigma = float(np.std(points)) / math.sqrt(3)  # the noise is relative to the spread of a dimension
    assert found["h_noise_information_nats"] == pytest.approx(mixture_information(points, sigma), abs=0.06)
    assert of_view(h, lengths, SETTINGS)["noise_information_nats"] == pytest.approx(0, abs=1e-6)
    assert found["h_decoder_information_nats"] > 5 > 1 > of_view(h, lengths, SETTINGS)["decoder_information_nats"]
    moved = features_of_view(1e3 * h + 50, lengths, SETTINGS)
    for name in ("h_noise_information_nats", "h_noise_bias_nats"):
        assert moved[name] == pytest.approx(found[name], abs=1e-6)


def test_a_decoder_of_features_tells_what_a_gaussian_channel_carries_whatever_their_scale() -> None:
    pixels = normal(1200, 3) * np.array([3.0, 1.0, 0.3])
    h = (pixels + normal(1200, 3, seed=1)) @ normal(3, 3, seed=2)
    for scale in (1e-2, 1e3):
        told = features_of_view(scale * (h + 1), pixels, SETTINGS)["h_decoder_information_nats"]
        assert told == pytest.approx(np.log1p(np.array([9.0, 1.0, 0.09])).sum() / 2, abs=0.1)


def test_noise_leaves_of_gaussians_what_the_channel_carries_and_no_more_than_log_n() -> None:
    channel = NoisyChannel.of(normal(1500, 50), seed=0)
    for nats in (0.5, 2.0):
        noise = math.expm1(2 * nats / 50) ** -0.5
        assert channel.information(noise=noise) == pytest.approx(nats, abs=0.15)
    assert channel.information(noise=1e-3) == pytest.approx(math.log(1500))


def test_a_linear_view_is_known_more_with_less_noise_and_the_errors_are_those_of_gaussians() -> None:
    pixels = normal(600, 12)
    z = pixels @ normal(12, 6, seed=1)
    found = of_view(z, pixels, SETTINGS)
    louder = of_view(z, pixels, Settings(2, 3, 8, noise=4.0, seed=0))
    assert louder["noise_information_nats"] < found["noise_information_nats"]
    assert louder["decoder_information_nats"] == found["decoder_information_nats"] > 2
    assert abs(louder["noise_bias_nats"]) < 0.1
