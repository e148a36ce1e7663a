import math
from collections.abc import Iterable

import numpy as np
import pytest
from information_draws import LEVELS, SETTINGS, normal, oracle
from scipy.special import digamma

from downstream.information.calibration import Gaussians
from downstream.information.contrastive import info_nce
from downstream.information.critic import TEMPERATURES, Frame, fitted, shared, whole, without_chance
from downstream.information.halves import Floats, halves, on_sphere
from downstream.information.neighbours import ksg, ksg_ceiling, projected_ksg, shared_directions
from downstream.information.plane import Settings, between_views, of_view

PAIRS = 2048  # as in configs/bench/factor_shapes.py, like the components and neighbours of the estimates
TOLERANCE = 0.15  # nats


@pytest.mark.parametrize("keeps", ["shared", "all"])
@pytest.mark.parametrize("count", [0, 1, 2, 4, 5])
def test_an_oracle_has_what_is_shared_or_is_flagged_whatever_else_it_keeps(count: int, keeps: str) -> None:
    known = sum(map(math.log, LEVELS[:count]))
    first, both = oracle(LEVELS, count=PAIRS, seed=1), oracle(LEVELS[:count] or (1,), count=PAIRS, seed=2)
    second = oracle(LEVELS, count=PAIRS, seed=3)
    width = sum(LEVELS[:count])
    z1, z2 = (np.hstack([both, part[:, width:]]) if keeps == "all" else both for part in (first, second))
    bound = info_nce(on_sphere(z1), on_sphere(z2), seed=0)
    near = projected_ksg(on_sphere(z1), on_sphere(z2), components=2, neighbours=3, seed=0)
    for nats, full in ((bound.nats, bound.saturated), (near, near > 0.9 * ksg_ceiling(PAIRS, neighbours=3))):
        assert nats < known + TOLERANCE
        assert full or nats > known - TOLERANCE
    assert bound.nats <= bound.ceiling + 1e-6
    assert bound.saturated == (count == 5)  # 8.3 nats, ln 2048 = 7.6


def test_views_that_share_nothing_have_no_information() -> None:
    found = between_views(oracle((8, 4), count=1024, seed=1), oracle((8, 4), count=1024, seed=2), SETTINGS)
    for family in ("infonce", "ksg"):
        assert found[f"{family}_information_nats"] == pytest.approx(0, abs=0.1)


def test_the_critic_is_that_which_fits_whole_or_shared_and_weighs_directions_by_their_correlation() -> None:
    gaussians = Gaussians.draw(1024, 32, seed=0)
    spread, hidden = gaussians.partner(3.0, dims=32), gaussians.partner(3.0, dims=2)
    assert fitted(gaussians.x, spread, seed=0).frame.directions == pytest.approx(np.eye(32))
    frame = fitted(gaussians.x, hidden, seed=0).frame
    assert np.linalg.norm(frame.directions[:2]) > 0.9 * np.linalg.norm(frame.directions)
    uneven = shared(gaussians.x, gaussians.x + gaussians.noise * np.geomspace(0.1, 2, 32))
    lengths = np.linalg.norm(uneven.directions, axis=1)
    assert np.corrcoef(np.log(lengths[:16]), np.arange(16))[0, 1] < -0.9


def test_correlations_of_chance_are_taken_away_and_true_ones_are_what_they_are() -> None:
    x, y = normal(400, 40), normal(400, 40, seed=1)
    symmetric = (x.T @ y + y.T @ x) / 800

    def spectrum() -> Floats:
        return np.asarray(np.linalg.eigvalsh(symmetric), dtype=np.float64)

    assert not without_chance(0.95 * spectrum(), count=400).any()
    symmetric[0, 0] += 0.9
    found = without_chance(spectrum(), count=400)
    assert found.max() == pytest.approx(0.9, abs=0.1)


def test_a_bound_of_views_that_share_nothing_is_not_above_it_though_directions_are_fitted_to_few() -> None:
    bounds = [
        info_nce(normal(128, 40, seed=seed), normal(128, 40, seed=-seed - 1 + 999), seed=0).nats for seed in range(8)
    ]
    assert max(bounds) < 0.02


def test_a_bound_at_its_ceiling_is_flagged() -> None:
    z = normal(256, 64)
    bound = info_nce(z, z, seed=0)
    assert bound.saturated
    assert bound.nats == pytest.approx(math.log(256), abs=1e-3)
    assert not info_nce(z, z + 2 * normal(256, 64, seed=1), seed=0).saturated
    assert between_views(z, z, SETTINGS)["infonce_saturated"] == 1


def gain_by_loops(frame: Frame, z1: Floats, z2: Floats, anchors: Iterable[int], temperature: float) -> float:
    """One anchor and one direction at a time."""

    def cosine(a: Floats, b: Floats) -> float:
        a, b = ((part - frame.centre) @ frame.directions for part in (a, b))
        return float(a @ b / math.sqrt(float(a @ a) * float(b @ b)))

    total = 0.0
    for i in anchors:
        total += cosine(z1[i], z2[i]) / temperature
        total -= math.log(sum(math.exp(cosine(z1[i], each) / temperature) for each in z2)) / 2
        total -= math.log(sum(math.exp(cosine(each, z2[i]) / temperature) for each in z1)) / 2
    return total


def bound_by_loops(z1: Floats, z2: Floats, *, seed: int) -> float:
    """Every frame and temperature of the one half by its gain in quarters, and the bound by that in the other half."""
    total = 0.0
    for fit, other in halves(len(z1), seed=seed):
        a, b = z1[fit], z2[fit]
        gains = {
            (frame, each): sum(
                gain_by_loops(frame(a[p], b[p]), a[q], b[q], range(len(q)), each)
                for p, q in halves(len(fit), seed=seed)
            )
            for frame in (whole, shared)
            for each in TEMPERATURES
            if each > 2e-3  # exp overflows
        }
        frame, temperature = max(gains, key=lambda choice: gains[choice])
        total += gain_by_loops(frame(a, b), z1, z2, other, temperature)
    return math.log(len(z1)) + total / len(z1)


def test_the_bound_agrees_with_a_loop_over_images() -> None:
    z1 = normal(40, 2)
    z2 = z1 + normal(40, 2, seed=1)
    assert info_nce(z1, z2, seed=3).nats == pytest.approx(bound_by_loops(z1, z2, seed=3), abs=1e-5)


@pytest.mark.parametrize("nats", [1.0, 3.0])
def test_the_bound_is_a_little_below_the_truth_of_gaussians(nats: float) -> None:
    gaussians = Gaussians.draw(1024, 64, seed=0)
    found = info_nce(gaussians.x, gaussians.partner(nats, dims=64), seed=0).nats
    assert 0.75 * nats < found < nats


def test_neighbours_count_to_no_more_than_the_number_of_points_lets_them() -> None:
    x = normal(500, 2)
    assert ksg(x, x, neighbours=3, seed=0) == pytest.approx(digamma(500) - digamma(4), abs=1e-3)


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


def test_a_collapsed_representation_has_finite_numbers_and_no_information() -> None:
    same = np.full((64, 6), 0.5)
    found = between_views(same, same, SETTINGS) | of_view(same, normal(64, 20), SETTINGS)
    assert all(math.isfinite(value) for value in found.values())
    for family, slack in (("infonce", 1e-4), ("decoder", 0.1), ("noise", 1e-3), ("ksg", 0.3)):
        assert found[f"{family}_information_nats"] == pytest.approx(0, abs=slack), family


def test_the_seed_alone_decides_the_numbers() -> None:
    z, other = normal(100, 5), normal(100, 5, seed=1)
    first = between_views(z, z + other, SETTINGS) | of_view(z, other, SETTINGS)
    assert first == between_views(z, z + other, SETTINGS) | of_view(z, other, SETTINGS)
    again = Settings(2, 3, 8, 1.0, seed=1)
    assert first != between_views(z, z + other, again) | of_view(z, other, again)
