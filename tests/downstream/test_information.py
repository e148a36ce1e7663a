import math
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from scipy.integrate import quad

from downstream.information.calibration import Gaussians, bias
from downstream.information.contrastive import TEMPERATURES, info_nce
from downstream.information.decoder import decoder_information
from downstream.information.halves import Floats, halves
from downstream.information.neighbours import ksg, projected_ksg, shared_directions
from downstream.information.noise import NoisyChannel
from downstream.information.plane import Settings, between_views, of_view

SETTINGS = Settings(components=2, neighbours=3, pixels=8, noise=1.0, seed=0)


def normal(*shape: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal(shape)


def oracle(levels: Sequence[int], *, count: int, seed: int = 0) -> Floats:
    """One-hot codes of independent factors, each uniform over its levels."""
    random = np.random.default_rng(seed)
    return np.hstack([np.eye(each)[random.integers(0, each, count)] for each in levels])


@pytest.mark.parametrize("levels", [(8,), (4, 8), (8, 8)])
def test_an_oracle_of_the_shared_factors_has_their_entropy_within_the_error_on_gaussians(
    levels: tuple[int, ...],
) -> None:
    known, code = sum(map(math.log, levels)), oracle(levels, count=1024)
    found = between_views(code, code, SETTINGS)
    for family in ("infonce", "ksg"):
        assert abs(found[f"{family}_information_nats"] - known) <= abs(found[f"{family}_bias_nats"])
        assert found[f"{family}_information_nats"] == pytest.approx(known, abs=0.1)
    assert found["infonce_ceiling_nats"] == pytest.approx(math.log(1024))
    assert found["infonce_saturated"] == 0


def test_views_that_share_nothing_have_no_information() -> None:
    found = between_views(oracle((8, 4), count=1024, seed=1), oracle((8, 4), count=1024, seed=2), SETTINGS)
    for family in ("infonce", "ksg"):
        assert found[f"{family}_information_nats"] == pytest.approx(0, abs=0.1)
        assert found[f"{family}_bias_nats"] == pytest.approx(0, abs=0.1)


def test_factors_that_only_one_view_has_do_not_count() -> None:
    shared = oracle((8,), count=1024)
    views = [np.hstack([shared, oracle((5, 5), count=1024, seed=seed)]) for seed in (1, 2)]
    found = between_views(views[0], views[1], SETTINGS)
    assert found["ksg_information_nats"] == pytest.approx(math.log(8), abs=0.1)
    assert 0.5 < found["infonce_information_nats"] < math.log(8)  # the cosine counts what the views do not share


def test_a_bound_at_its_ceiling_is_flagged() -> None:
    z = normal(256, 64)
    bound = info_nce(z, z, seed=0)
    assert bound.saturated
    assert bound.nats == pytest.approx(math.log(256), abs=1e-3)
    assert not info_nce(z, z + 2 * normal(256, 64, seed=1), seed=0).saturated
    assert between_views(z, z, SETTINGS)["infonce_saturated"] == 1


def bound_by_loops(z1: Floats, z2: Floats, *, seed: int) -> float:
    """One anchor, one direction and one temperature at a time."""

    def cosine(a: Floats, b: Floats) -> float:
        return float(a @ b / math.sqrt(float(a @ a) * float(b @ b)))

    def gain(anchors: Iterable[int], others: Iterable[int], temperature: float) -> float:
        total = 0.0
        for i in anchors:
            own = cosine(z1[i], z2[i]) / temperature
            total += own - math.log(sum(math.exp(cosine(z1[i], z2[j]) / temperature) for j in others)) / 2
            total -= math.log(sum(math.exp(cosine(z1[j], z2[i]) / temperature) for j in others)) / 2
        return total

    total, everyone = 0.0, range(len(z1))
    for fit, other in halves(len(z1), seed=seed):
        chosen = max((each for each in TEMPERATURES if each > 2e-3), key=lambda each: gain(fit, fit, each))
        total += gain(other, everyone, chosen)
    return math.log(len(z1)) + total / len(z1)


def test_the_bound_agrees_with_a_loop_over_images() -> None:
    z1 = normal(12, 4)
    z2 = z1 + normal(12, 4, seed=1)
    assert info_nce(z1, z2, seed=3).nats == pytest.approx(bound_by_loops(z1, z2, seed=3), abs=1e-5)


@pytest.mark.parametrize("nats", [1.0, 3.0])
def test_the_bound_is_a_little_below_the_truth_of_gaussians(nats: float) -> None:
    gaussians = Gaussians.draw(1024, 64, seed=0)
    found = info_nce(gaussians.x, gaussians.partner(nats, dims=64), seed=0).nats
    assert 0.75 * nats < found < nats


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9, -0.99])
def test_neighbours_give_the_information_of_bivariate_gaussians(rho: float) -> None:
    x, noise = normal(3000, 1), normal(3000, 1, seed=1)
    y = rho * x + math.sqrt(1 - rho**2) * noise
    assert ksg(x, y, neighbours=3, seed=0) == pytest.approx(-math.log(1 - rho**2) / 2, abs=0.06)


def test_neighbours_agree_with_a_loop_over_points() -> None:
    x, y = normal(40, 2), normal(40, 1, seed=1)
    x, y = x / (x - x.mean(axis=0)).std(), y / y.std()

    def psi(n: int) -> float:
        return -0.5772156649015329 + sum(1 / k for k in range(1, n))

    total = 0.0
    for i in range(40):
        apart = [(float(abs(x[i] - x[j]).max()), float(abs(y[i] - y[j]).max())) for j in range(40) if j != i]
        reach = sorted(max(pair) for pair in apart)[2]
        total += psi(sum(dx < reach for dx, _ in apart) + 1) + psi(sum(dy < reach for _, dy in apart) + 1)
    wanted = psi(3) + psi(40) - total / 40
    assert ksg(x, y, neighbours=3, seed=0) == pytest.approx(wanted, abs=1e-6)
    assert ksg(5 - 100 * x, y, neighbours=3, seed=0) == pytest.approx(wanted, abs=1e-6)


def test_the_directions_are_those_that_the_views_share_and_a_half_of_them_has_half_the_information() -> None:
    gaussians = Gaussians.draw(2000, 20, seed=0)
    partner = gaussians.partner(3.0, dims=2)
    turn = np.linalg.qr(normal(20, 20, seed=5))[0] * np.geomspace(0.1, 10, 20)
    x, y = gaussians.x @ turn, partner @ turn
    basis = shared_directions(x, y, components=2)
    assert (x @ basis).std(axis=0) == pytest.approx([1, 1], abs=0.05)
    back = turn @ basis  # on the axes of the Gaussians
    assert np.linalg.norm(back[:2]) > 0.97 * np.linalg.norm(back)
    one, two = (projected_ksg(x, y, components=count, neighbours=3, seed=0) for count in (1, 2))
    assert one == pytest.approx(1.5, abs=0.15)
    assert two == pytest.approx(3, abs=0.4)


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


def test_noise_leaves_of_gaussians_what_the_channel_carries_and_no_more_than_log_n() -> None:
    channel = NoisyChannel.of(normal(1500, 50), seed=0)
    for nats in (0.5, 2.0):
        noise = math.expm1(2 * nats / 50) ** -0.5
        assert channel.information(noise=noise) == pytest.approx(nats, abs=0.15)
    assert channel.information(noise=1e-3) == pytest.approx(math.log(1500))


def test_partners_are_correlated_as_the_information_asks() -> None:
    gaussians = Gaussians.draw(20000, 3, seed=0)
    partner = gaussians.partner(1.0, dims=2)
    found = [float(np.corrcoef(gaussians.x[:, column], partner[:, column])[0, 1]) for column in range(3)]
    assert found == pytest.approx([math.sqrt(1 - math.exp(-1)), math.sqrt(1 - math.exp(-1)), 0], abs=0.02)
    assert partner.std(axis=0) == pytest.approx([1, 1, 1], abs=0.02)


def test_the_bias_is_the_estimate_less_the_truth_of_gaussians_of_which_the_same_is_said() -> None:
    def curve(truth: float) -> float:
        return 0.1 + min(0.5 * truth, 3.0)

    assert bias(2.1, curve, highest=20) == pytest.approx(2.1 - 4.0, abs=0.01)
    assert bias(0.05, curve, highest=20) == 0.05  # less than of independent ones
    assert bias(3.4, curve, highest=20) == 3.4 - 20  # more than of any


def test_a_collapsed_representation_has_finite_numbers_and_no_information() -> None:
    same = np.full((64, 6), 0.5)
    found = between_views(same, same, SETTINGS) | of_view(same, normal(64, 20), SETTINGS)
    assert all(math.isfinite(value) for value in found.values())
    for family, slack in (("infonce", 1e-4), ("decoder", 0.1), ("noise", 1e-3), ("ksg", 0.3)):
        assert found[f"{family}_information_nats"] == pytest.approx(0, abs=slack), family


def test_a_linear_view_is_known_more_with_less_noise_and_the_errors_are_those_of_gaussians() -> None:
    pixels = normal(600, 12)
    z = pixels @ normal(12, 6, seed=1)
    found = of_view(z, pixels, SETTINGS)
    louder = of_view(z, pixels, Settings(2, 3, 8, noise=4.0, seed=0))
    assert louder["noise_information_nats"] < found["noise_information_nats"]
    assert louder["decoder_information_nats"] == found["decoder_information_nats"] > 2
    assert abs(louder["noise_bias_nats"]) < 0.1


def test_the_seed_alone_decides_the_numbers() -> None:
    z, other = normal(100, 5), normal(100, 5, seed=1)
    first = between_views(z, z + other, SETTINGS) | of_view(z, other, SETTINGS)
    assert first == between_views(z, z + other, SETTINGS) | of_view(z, other, SETTINGS)
    again = Settings(2, 3, 8, 1.0, seed=1)
    assert first != between_views(z, z + other, again) | of_view(z, other, again)
