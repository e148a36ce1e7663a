"""Linear CKA, of arrays and of stored features."""

import math
from pathlib import Path

import numpy as np
import pytest
from drawn_texts import outside, overlapping
from numpy.typing import NDArray
from one_bench import NO_CURVES, material, texts
from probed_store import features, write_probed

from results.cka import cka_of_rows, linear_cka, read_features
from results.figures.cka import cka
from results.figures.theme import theme
from results.figures.writing import figure_svgs
from results.store.loading import load

RANDOM = np.random.default_rng(0)
A, B = RANDOM.standard_normal((12, 5)), RANDOM.standard_normal((12, 3)) + 2


def hsic(k: list[list[float]], m: list[list[float]]) -> float:
    """The unbiased estimate of Song et al. 2012, equation 4, by loops over kernels without their diagonals."""
    n = len(k)
    every = range(n)
    k, m = ([[0.0 if i == j else each[i][j] for j in every] for i in every] for each in (k, m))
    trace = sum(k[i][j] * m[j][i] for i in every for j in every)
    sums = sum(map(sum, k)) * sum(map(sum, m))
    product = sum(k[i][j] * m[j][x] for i in every for j in every for x in every)
    return (trace + sums / ((n - 1) * (n - 2)) - 2 / (n - 2) * product) / (n * (n - 3))


def gram(a: NDArray[np.float64]) -> list[list[float]]:
    return [[float(sum(x * y for x, y in zip(one, other, strict=True))) for other in a] for one in a]


def test_the_form_over_features_is_the_ratio_of_hsic_over_gram_matrices() -> None:
    k, m = gram(A), gram(B)
    assert linear_cka(A, B) == pytest.approx(hsic(k, m) / math.sqrt(hsic(k, k) * hsic(m, m)), rel=1e-10)


def test_rotation_shift_and_scale_change_nothing_and_another_linear_map_does() -> None:
    rotation, _ = np.linalg.qr(RANDOM.standard_normal((5, 5)))
    assert linear_cka(A, 3 * A @ rotation + 1) == pytest.approx(1, abs=1e-12)
    assert linear_cka(A @ rotation, B) == pytest.approx(linear_cka(A, B), abs=1e-12)
    assert linear_cka(A, A * [10, 1, 1, 1, 1]) < 0.9


def test_features_without_anything_in_common_have_zero_and_constant_ones_no_value() -> None:
    one = np.array([[1.0], [-1], [1], [-1]])
    for width in (8, 128, 512):  # where the plain form has 0.03, 0.33 and 0.67
        a, b = (RANDOM.standard_normal((256, width)) for _ in range(2))
        assert abs(linear_cka(a, b)) < 0.05
    assert math.isnan(linear_cka(one, np.ones((4, 2))))
    assert math.isnan(linear_cka(one, np.full((4, 2), np.inf)))


def test_features_of_different_numbers_of_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^linear CKA: \(N, F\) and \(N, G\) .* got \(12, 5\) and \(4, 3\)$"):
        linear_cka(A, B[:4])


def test_rows_are_compared_at_the_same_seed_and_a_row_with_itself_at_others() -> None:
    first, second, third = A, A[::-1].copy(), A[:, :2]
    found = cka_of_rows({"x": {0: first, 1: second}, "y": {1: third, 2: first}})
    assert found["x", "y"] == found["y", "x"] == pytest.approx(linear_cka(second, third))
    assert found["x", "x"] == pytest.approx(linear_cka(first, second))
    assert cka_of_rows({"x": {0: A}, "y": {0: A[:5]}}) == {}


def test_half_precision_is_compared_in_double() -> None:
    large = (A * 2000).astype(np.float16)
    assert linear_cka(large, A) == pytest.approx(1, abs=1e-4)


def test_a_file_that_holds_no_features_is_refused_in_one_line(tmp_path: Path) -> None:
    assert read_features(tmp_path) is None
    path = tmp_path / "features.npy"
    for content in (np.arange(3), np.array([[{}]], dtype=object)):
        np.save(path, content, allow_pickle=True)
        with pytest.raises(ValueError, match="expected, got") as raised:
            read_features(tmp_path)
        assert str(raised.value).startswith(f"{path}: ")
        assert "\n" not in str(raised.value)


def test_the_figure_has_every_pair_and_names_rows_without_features(tmp_path: Path) -> None:
    runs = write_probed(tmp_path, rows=("random", "infonce", "infocl"), seeds=(0, 1))
    for seed in (0, 1):
        (runs / "cells" / f"-infocl-{seed}-representation" / "features.npy").unlink()
    frame = load(runs)
    pairs = [(features("random", seed=seed), features("infonce", seed=seed)) for seed in (0, 1)]
    wanted = np.mean([linear_cka(*pair) for pair in pairs])
    with theme():
        said = texts(cka(material(frame)))
    assert [text for text in said if text == f"{wanted:.2f}"] == 2 * [f"{wanted:.2f}"]
    assert "Without features, so not shown: infocl." in " ".join(said)


def test_nothing_in_the_figure_is_cut_off_or_lies_on_something_else(tmp_path: Path) -> None:
    with theme():
        drawn = cka(material(load(write_probed(tmp_path))))
    assert not isinstance(drawn, str)
    (figure,) = drawn.values()
    assert (outside(figure), overlapping(figure)) == ([], [])


def test_a_config_without_such_a_task_is_not_told_that_it_has_no_such_figure(tmp_path: Path) -> None:
    frame = load(write_probed(tmp_path, rows=("infonce",), seeds=(0,)))
    plain = frame[frame["family"] == "classification"]
    assert {"cka", "factors"} <= {each.name for each in figure_svgs(frame, NO_CURVES, derived=())}
    assert not {"cka", "factors"} & {each.name for each in figure_svgs(plain, NO_CURVES, derived=())}
    (asked,) = figure_svgs(plain, NO_CURVES, derived=(), names=["cka"])
    assert asked.left_out == "figures: shapes has no two sets of features of the same images, so no cka"
