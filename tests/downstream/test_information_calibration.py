import math

import numpy as np
import pytest
from information_draws import LEVELS, SETTINGS, normal, oracle, partner
from scipy.special import entr

from downstream.information.calibration import Gaussians, bias, biases
from downstream.information.halves import Floats
from downstream.information.plane import between_views

PAIRS = 1024
SLACK = 0.1  # nats, of drawing 1024 pairs


def known(shared: int, kept: float) -> float:
    """I of factors that are kept with a probability or else drawn anew: log L - H(level in view 2 | in view 1)."""
    total = 0.0
    for levels in LEVELS[:shared]:
        same = kept + (1 - kept) / levels
        total += math.log(levels) - entr(same) - (levels - 1) * entr((1 - same) / (levels - 1))
    return total


@pytest.mark.parametrize("shared", [0, 1, 2, 3, 4])
def test_an_oracle_is_measured_within_the_error_that_is_printed_beside_the_estimate(shared: int) -> None:
    code = oracle(LEVELS, count=PAIRS, seed=1)
    found = between_views(code, partner(code, shared=shared, kept=1.0), SETTINGS)
    for estimate, printed in (("infonce", "infonce_bias_nats"), ("ksg", "ksg_few_bias_nats")):
        error = found[f"{estimate}_information_nats"] - known(shared, 1.0)
        assert abs(error) <= abs(found[printed]) + SLACK, (estimate, error, found)


@pytest.mark.parametrize(("shared", "kept"), [(1, 0.5), (1, 0.8), (2, 0.8), (4, 0.9)])
def test_factors_that_are_shared_in_part_are_within_the_larger_bias_of_infonce_and_no_less_than_ksg_says(
    shared: int, kept: float
) -> None:
    code = oracle(LEVELS, count=PAIRS, seed=1)
    found = between_views(code, partner(code, shared=shared, kept=kept), SETTINGS)
    error = found["infonce_information_nats"] - known(shared, kept)
    both = [found[name] for name in ("infonce_bias_nats", "infonce_few_bias_nats") if name in found]
    assert abs(error) <= max(map(abs, both)) + SLACK
    assert found["ksg_information_nats"] < known(shared, kept) + SLACK  # of what two directions show of it


def test_gaussians_that_have_their_information_in_some_dimensions_lie_between_the_two_biases() -> None:
    gaussians = Gaussians.draw(1024, 64, seed=7)
    found = between_views(gaussians.x, gaussians.partner(3.0, dims=6), SETTINGS)
    error = found["infonce_information_nats"] - 3.0
    assert found["infonce_few_bias_nats"] < error < found["infonce_bias_nats"]
    assert error < -0.5  # which the first bias alone would not have told
    assert found["infonce_bias_nats"] > -0.3


def test_where_a_bias_is_printed_estimates_of_gaussians_are_right_up_to_it() -> None:
    gaussians = Gaussians.draw(1024, 32, seed=7)
    for nats in (1.0, 3.0):
        found = between_views(gaussians.x, gaussians.partner(nats, dims=32), SETTINGS)
        assert found["infonce_information_nats"] - found["infonce_bias_nats"] == pytest.approx(nats, abs=0.3)
        assert abs(found["infonce_information_nats"] - nats) <= abs(found["infonce_bias_nats"]) + SLACK
        if "ksg_bias_nats" in found:
            assert found["ksg_information_nats"] - found["ksg_bias_nats"] > 0.3 * nats
    few = between_views(gaussians.x, gaussians.partner(3.0, dims=2), SETTINGS)
    assert few["ksg_information_nats"] - few["ksg_few_bias_nats"] == pytest.approx(3.0, abs=0.3)


def test_more_than_is_said_of_any_gaussians_has_no_bias_and_neighbours_that_run_out_a_flag() -> None:
    code = oracle((8, 8, 8), count=512)
    found = between_views(code, code, SETTINGS)
    assert found["ksg_saturated"] == 1
    assert "ksg_bias_nats" not in found
    few = between_views(oracle((4,), count=512), oracle((4,), count=512), SETTINGS)
    assert few["ksg_saturated"] == 0
    assert few["ksg_information_nats"] == pytest.approx(math.log(4), abs=0.1)


def test_partners_are_correlated_as_the_information_asks() -> None:
    gaussians = Gaussians.draw(20000, 3, seed=0)
    other = gaussians.partner(1.0, dims=2)
    found = [float(np.corrcoef(gaussians.x[:, column], other[:, column])[0, 1]) for column in range(3)]
    assert found == pytest.approx([math.sqrt(1 - math.exp(-1)), math.sqrt(1 - math.exp(-1)), 0], abs=0.02)
    assert other.std(axis=0) == pytest.approx([1, 1, 1], abs=0.02)


def test_the_bias_is_the_estimate_less_the_truth_of_gaussians_of_which_the_same_is_said() -> None:
    def curve(truth: float) -> float:
        return 0.1 + min(0.5 * truth, 3.0)

    assert bias(2.1, curve, highest=20) == pytest.approx(2.1 - 4.0, abs=0.1)
    assert bias(0.05, curve, highest=20) == 0.05  # less than of independent ones
    assert bias(3.4, curve, highest=20) is None  # more than of any


def test_one_that_sees_two_of_eight_dimensions_has_no_bias_where_all_is_in_two_and_misses_the_rest_of_eight() -> None:
    def seen(x: Floats, y: Floats) -> float:
        correlations = [np.corrcoef(x[:, column], y[:, column])[0, 1] for column in range(2)]
        return float(-np.log1p(-np.square(correlations)).sum() / 2)

    gaussians = Gaussians(normal(20000, 8), normal(20000, 8, seed=1))
    found = biases(1.0, seen, gaussians, few=2, highest=16)
    assert found.few == pytest.approx(0, abs=0.05)
    assert found.spread == pytest.approx(1.0 - 4.0, abs=0.15)
    assert biases(4.5, seen, gaussians, few=2, highest=16).spread is None
    assert biases(1.0, seen, gaussians, few=99, highest=16).few == pytest.approx(1.0 - 4.0, abs=0.15)
