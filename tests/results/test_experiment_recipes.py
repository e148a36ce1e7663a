"""Swept values of a row, read from what was hashed into its pretraining."""

from __future__ import annotations

import math
from typing import Any

import pytest

from objectives import infocl
from results.experiments.recipe import WEIGHTS, all_else, recipe_values

AUGMENTED: dict[str, Any] = {"crop_scale": [0.2, 1.0], "jitter": [0.8, 0.8, 0.8, 0.5], "grayscale_p": 0.3}


def inputs(objective: str, arguments: dict[str, Any] | None = None, **views: Any) -> dict[str, Any]:
    return {"row": "row", "seed": 3, "objective": objective, "arguments": arguments or {}, "views": views}


@pytest.mark.parametrize("regularizer", infocl.REGULARIZERS)
def test_a_weight_that_is_left_open_is_the_objectives_own(regularizer: str) -> None:
    own = recipe_values(inputs("infocl", {"regularizer": regularizer, "weight": None}), row="row")
    assert (own.method, own.weight) == (regularizer, WEIGHTS[regularizer])
    assert WEIGHTS == infocl._WEIGHTS


def test_coefficients_are_those_of_the_arguments() -> None:
    infocl_row = recipe_values(inputs("infocl", {"regularizer": "lbe", "weight": 0.1}), row="row")
    assert (infocl_row.method, infocl_row.weight) == ("lbe", 0.1)
    superinfo = recipe_values(inputs("superinfo", {"superfluous_weight": 0.01, "predictive_weight": 1}), row="row")
    assert (superinfo.superfluous_weight, superinfo.predictive_weight) == (0.01, 1.0)
    mrcl = recipe_values(inputs("mrcl", {"ratio": 0.5, "weight": 2.0}), row="row")
    assert (mrcl.ratio, mrcl.weight) == (0.5, 2.0)


def test_another_base_or_bound_is_another_method() -> None:
    byol = recipe_values(inputs("infocl", {"regularizer": "rc", "base": {"type": "byol"}}), row="row")
    assert byol.method == "rc (byol)"
    assert recipe_values(inputs("superinfo", {"bound": "mib"}), row="row").method == "superinfo mib"


def test_view_values_are_those_of_the_policy() -> None:
    factors = {"mode": "rendered", "shared": ["shape", "hue"], "noise": 0.0}
    rendered = recipe_values(inputs("infonce", factors=factors), row="row")
    assert (rendered.rendered, rendered.shared) == (True, ("shape", "hue"))
    ordinary = recipe_values(inputs("infonce", factors=None, patch_pair=None, **AUGMENTED), row="row")
    assert (ordinary.crop, ordinary.jitter, ordinary.hue_jitter, ordinary.gray_probability) == (0.2, 0.8, 0.5, 0.3)
    assert ordinary.shared is None
    assert math.isnan(ordinary.distance)


def test_what_rendered_views_make_nothing_of_is_no_value_of_theirs() -> None:
    factors = {"mode": "rendered", "shared": ["shape"], "noise": 0.0}
    own = recipe_values(inputs("infonce", factors=factors, **AUGMENTED), row="row")
    assert all(math.isnan(value) for value in (own.crop, own.jitter, own.hue_jitter, own.gray_probability))


def test_declared_factors_leave_the_values_of_augmented_views() -> None:
    factors = {"mode": "augmented", "shared": ["shape"], "noise": 0.0}
    own = recipe_values(inputs("infonce", factors=factors, **AUGMENTED), row="row")
    assert (own.shared, own.crop, own.jitter) == (("shape",), 0.2, 0.8)


def test_patches_have_a_distance_and_colours_and_no_crop() -> None:
    own = recipe_values(inputs("infonce", patch_pair={"size": 16, "distance": 8.0}, **AUGMENTED), row="row")
    assert (own.distance, own.jitter, own.hue_jitter, own.gray_probability) == (8.0, 0.8, 0.5, 0.3)
    assert math.isnan(own.crop)


def test_a_row_that_was_not_trained_here_has_no_values() -> None:
    own = recipe_values({}, row="somewhere")
    assert own.method == "somewhere"
    assert math.isnan(own.weight)
    assert math.isnan(own.crop)


def test_all_else_is_blind_to_row_seed_and_the_paths_alone() -> None:
    one = inputs("infonce", crop_scale=[0.2, 1.0], jitter=[0.4])
    other = {**inputs("infonce", crop_scale=[0.5, 1.0], jitter=[0.4]), "row": "other", "seed": 9}
    assert all_else(one, paths=["views.crop_scale"]) == all_else(other, paths=["views.crop_scale"])
    assert all_else(one, paths=["views.jitter"]) != all_else(other, paths=["views.jitter"])
    assert all_else(one, paths=["views.patch_pair.distance"]) == all_else(one, paths=[])
    assert one["views"]["crop_scale"] == [0.2, 1.0]
