import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import Tensor

from downstream.quality import alignment, effective_rank, lidar, rankme, spread, uniformity


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def unit(row: list[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in row))
    return [value / length for value in row]


def squared(a: list[float], b: list[float]) -> float:
    return sum((x - y) ** 2 for x, y in zip(unit(a), unit(b), strict=True))


def test_alignment_and_uniformity_agree_with_loops_over_images() -> None:
    z1, z2 = normal(20, 5, seed=1), normal(20, 5, seed=2)
    first, second = z1.tolist(), z2.tolist()
    wanted = sum(squared(a, b) for a, b in zip(first, second, strict=True)) / 20
    assert alignment(z1, z2) == pytest.approx(wanted, rel=1e-12)
    terms = [math.exp(-2 * squared(first[i], first[j])) for i in range(20) for j in range(i)]
    assert uniformity(z1) == pytest.approx(math.log(sum(terms) / len(terms)), rel=1e-12)


def test_the_length_of_a_projection_does_not_count_on_the_sphere() -> None:
    z1, z2 = normal(50, 4, seed=1), normal(50, 4, seed=2)
    longer = z1 * torch.linspace(0.1, 10, 50, dtype=torch.float64)[:, None]
    assert alignment(longer, z2) == pytest.approx(alignment(z1, z2), rel=1e-12)
    assert uniformity(longer) == pytest.approx(uniformity(z1), rel=1e-12)
    assert spread(longer) == pytest.approx(spread(z1), rel=1e-12)
    assert alignment(z1, z1) == 0
    assert alignment(z1, -z1) == pytest.approx(4)


@pytest.mark.parametrize("width", [3, 16])
def test_points_all_over_the_sphere_have_the_uniformity_of_the_integral(width: int) -> None:
    def density(cosine: float) -> float:
        """Of the cosine of two uniform points, up to a factor."""
        return float((1 - cosine**2) ** ((width - 3) / 2))

    whole = quad(density, -1, 1)[0]
    kernel = quad(lambda cosine: math.exp(-2 * (2 - 2 * cosine)) * density(cosine), -1, 1)[0]
    assert uniformity(normal(2000, width)) == pytest.approx(math.log(kernel / whole), abs=0.01)
    assert spread(normal(2000, width)) == pytest.approx(1, abs=0.005)


def test_features_that_are_all_the_same_have_no_spread_and_one_dimension() -> None:
    for value in (0.0, 3.0):
        same = torch.full((30, 6), value, dtype=torch.float64)
        assert uniformity(same) == pytest.approx(0, abs=1e-9)
        assert spread(same) == pytest.approx(0, abs=1e-6)
        assert rankme(same) == pytest.approx(1, abs=1e-6)
        assert effective_rank(same) == pytest.approx(1, abs=1e-6)
        assert lidar(torch.stack([same, same], dim=1)) == pytest.approx(1, abs=1e-6)


def test_equal_singular_values_count_fully_and_a_line_counts_as_one() -> None:
    balanced = torch.cat([torch.eye(7), -torch.eye(7)]).double()  # of mean 0
    assert rankme(balanced) == pytest.approx(7)
    assert effective_rank(balanced) == pytest.approx(7)
    line = normal(40, 1) @ normal(1, 7, seed=1)
    assert rankme(line) == pytest.approx(1, abs=1e-6)
    assert effective_rank(line) == pytest.approx(1, abs=1e-6)


def test_singular_values_of_three_to_one_count_by_their_size_or_by_their_square() -> None:
    axes = torch.diag(torch.tensor([3.0, 1.0])).double()
    features = torch.cat([axes, -axes])
    entropy = -sum(share * math.log(share) for share in (0.75, 0.25))
    assert rankme(features) == pytest.approx(math.exp(entropy))
    entropy = -sum(share * math.log(share) for share in (0.9, 0.1))
    assert effective_rank(features) == pytest.approx(math.exp(entropy))


def test_the_mean_of_the_features_is_a_direction_for_rankme_alone() -> None:
    features = normal(500, 8)
    features -= features.mean(dim=0)
    moved = features + 1e6 * torch.ones(8, dtype=torch.float64)
    assert effective_rank(moved) == pytest.approx(effective_rank(features), rel=1e-6)
    assert rankme(features) > 7.9
    assert rankme(moved) == pytest.approx(1, abs=0.01)


def lidar_by_loops(views: Tensor) -> float:
    """Sums over images and views one at a time, and the eigenvalues of within^-1 between, which is not symmetric."""
    features = views.numpy()
    count, q, width = features.shape
    means = [sum(features[i, j] for j in range(q)) / q for i in range(count)]
    grand = sum(means) / count
    within, between = np.zeros((width, width)), np.zeros((width, width))
    for i in range(count):
        between += np.outer(means[i] - grand, means[i] - grand) / (count - 1)
        for j in range(q):
            within += np.outer(features[i, j] - means[i], features[i, j] - means[i]) / (count * (q - 1))
    values = np.linalg.eigvals(np.linalg.inv(within + 1e-4 * np.eye(width)) @ (between - within / q)).real
    shares = [max(value, 0) / sum(max(other, 0) for other in values) for value in values]
    return math.exp(-sum(share * math.log(share) for share in shares if share > 0))


@pytest.mark.parametrize("q", [2, 5])
def test_lidar_agrees_with_loops_over_images_and_views(q: int) -> None:
    scales = torch.linspace(0.1, 3, 6, dtype=torch.float64)
    views = normal(40, 1, 6, seed=1) * scales + 0.5 * normal(40, q, 6, seed=2)
    assert lidar(views) == pytest.approx(lidar_by_loops(views), rel=1e-8)
    assert lidar(views) < 5.9


@pytest.mark.parametrize("q", [2, 10])
def test_lidar_counts_the_directions_that_belong_to_the_image_whatever_the_number_of_views(q: int) -> None:
    own = torch.zeros(4000, 1, 12, dtype=torch.float64)
    own[:, :, :4] = 3 * normal(4000, 1, 4, seed=1)
    views = own + normal(4000, q, 12, seed=2)
    assert lidar(views) == pytest.approx(4, abs=0.4)
    assert effective_rank(views[:, 0]) > 5.5  # of noise too
