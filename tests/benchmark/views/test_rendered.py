import dataclasses
import math

import pytest
import torch

from benchmark.config import load
from benchmark.data.factor_shapes.dataset import levels_of
from benchmark.data.factor_shapes.factors import FACTORS, LEVELS, positions
from benchmark.data.factor_shapes.scenes import draw_images
from benchmark.pretrain import PretrainModel, build_parts
from benchmark.view_maker import ViewMaker
from benchmark.views.factors import FactorViewsConfig
from benchmark.views.making import view_policy
from benchmark.views.rendered import RenderedViews
from objectives.registry import load_objectives

CONFIG = load("factor_shapes", ["data.factors.pretrain=4096"])
SHARED = ("shape", "x", "hue")


def policy(shared: tuple[str, ...] = SHARED, *, noise: float = 0.0, seed: int = 0) -> RenderedViews:
    views = dataclasses.replace(CONFIG.views, factors=FactorViewsConfig("rendered", shared, noise))
    made = view_policy(dataclasses.replace(CONFIG, views=views), seed=seed)
    assert isinstance(made, RenderedViews)
    return made


def pixels(views: torch.Tensor) -> torch.Tensor:
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (CONFIG.views.mean, CONFIG.views.std))
    return ((views * std + mean) * 255).round().to(torch.uint8)


@pytest.mark.parametrize("step", [0, 7])
def test_shared_factors_are_kept_and_all_others_are_drawn_anew_independently_of_the_first_view(step: int) -> None:
    views, index = policy(), torch.arange(4096)
    first, second = (views.shown(step=step, index=index, view=view) for view in (0, 1))
    for name, column, count in zip(FACTORS, range(len(LEVELS)), LEVELS, strict=True):
        same = (first[:, column] == second[:, column]).double().mean().item()
        if name in SHARED:
            assert same == 1
        else:
            assert abs(same - 1 / count) < 5 * math.sqrt(1 / count / 4096), name


def test_the_first_view_is_the_scene_and_the_second_is_drawn_from_its_own_levels() -> None:
    views, index = policy(), torch.arange(40)
    images = draw_images(views.levels[:40], image_size=32)
    assert torch.equal(pixels(views(images, step=5, index=index, view=0)), images)
    expected = draw_images(views.shown(step=5, index=index, view=1), image_size=32)
    assert torch.equal(pixels(views(images, step=5, index=index, view=1)), expected)


def test_with_all_factors_shared_both_views_are_equal_and_with_none_no_factor_is() -> None:
    every, index = policy(tuple(FACTORS)), torch.arange(64)
    images = draw_images(every.levels[:64], image_size=32)
    assert torch.equal(every(images, step=0, index=index, view=0), every(images, step=0, index=index, view=1))
    none = policy(()).shown(step=0, index=torch.arange(4096), view=1)
    for column, count in enumerate(LEVELS):
        assert (none[:, column] == every.levels[:4096, column]).double().mean() < 1.3 / count


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_views_depend_on_seed_step_and_index_alone(noise: float) -> None:
    views, index = policy(noise=noise), torch.arange(50)
    images = draw_images(views.levels[:50], image_size=32)
    whole = views(images, step=3, index=index, view=1)
    rows = torch.tensor([17, 4, 33])
    assert torch.equal(views(images[rows], step=3, index=rows, view=1), whole[rows])
    assert not torch.equal(views(images, step=4, index=index, view=1), whole)
    assert not torch.equal(policy(noise=noise, seed=1)(images, step=3, index=index, view=1), whole)


def test_noise_has_its_deviation_and_is_drawn_apart_for_both_views() -> None:
    noisy, clear, index = policy(tuple(FACTORS), noise=0.02), policy(tuple(FACTORS)), torch.arange(200)
    images = draw_images(clear.levels[:200], image_size=32)
    scene = clear(images, step=1, index=index, view=0) * CONFIG.views.std[0]
    inner = ((scene + CONFIG.views.mean[0]) > 0.1) & ((scene + CONFIG.views.mean[0]) < 0.9)  # nothing is clipped there
    one, two = ((noisy(images, step=1, index=index, view=view) * CONFIG.views.std[0] - scene)[inner] for view in (0, 1))
    assert one.std().item() == pytest.approx(0.02, rel=0.02)
    assert one.mean().abs() < 1e-4
    assert abs(torch.corrcoef(torch.stack([one, two]))[0, 1]) < 0.01


def test_held_out_scenes_are_drawn_apart_from_those_of_the_pretraining() -> None:
    held_out = view_policy(CONFIG, seed=0, split="held_out")
    assert isinstance(held_out, RenderedViews)
    assert CONFIG.data.factors is not None
    trained = levels_of(CONFIG.data.factors, "pretrain", count=4096)
    assert (held_out.levels == trained).float().mean() < 0.3
    in_both = {tuple(row) for row in held_out.levels.tolist()} & {tuple(row) for row in trained.tolist()}
    assert len(in_both) < 20  # 4096 * 4096 / 3.3 million are 5 by chance


def test_ordinary_augmentations_may_declare_what_they_leave() -> None:
    declared = FactorViewsConfig("augmented", ("shape",), 0.0)
    views = dataclasses.replace(CONFIG.views, factors=declared)
    assert CONFIG.data.factors is not None
    images, index = draw_images(levels_of(CONFIG.data.factors, "pretrain", count=8), image_size=32), torch.arange(8)
    made = view_policy(dataclasses.replace(CONFIG, views=views), seed=0)
    plain = view_policy(dataclasses.replace(CONFIG, views=dataclasses.replace(views, factors=None)), seed=0)
    assert torch.equal(made(images, step=2, index=index, view=1), plain(images, step=2, index=index, view=1))


@pytest.mark.parametrize(
    ("mode", "shared", "noise", "message"),
    [
        ("drawn", ("shape",), 0.0, "views.factors.mode must be one of rendered, augmented, got 'drawn'"),
        ("rendered", ("colour",), 0.0, "views.factors.shared: unknown factor 'colour'.* Known: shape, "),
        ("rendered", ("hue", "hue"), 0.0, "views.factors.shared: each factor is named once, got hue, hue"),
        ("rendered", ("hue",), 1.0, r"views.factors.noise must be in \[0, 1\), got 1.0"),
        (
            "augmented",
            ("hue", "radius", "hue"),
            0.0,
            "views.factors.shared: each factor is named once, got hue, radius, hue",
        ),
        ("augmented", ("hue",), 0.1, "views.factors.noise must be 0 in augmented views, got 0.1"),
    ],
)
def test_what_names_no_views_is_refused(mode: str, shared: tuple[str, ...], noise: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FactorViewsConfig(mode, shared, noise)


def test_factor_names_are_the_columns_of_the_levels() -> None:
    assert [list(FACTORS)[place] for place in positions(("y", "shape"))] == ["y", "shape"]


def test_the_ceiling_is_told_the_levels_of_which_each_view_was_drawn() -> None:
    load_objectives()
    parts = build_parts("supervised", CONFIG, seed=0, classes=8, device="cpu")
    model = PretrainModel(parts, CONFIG, seed=0, steps=9)
    index = torch.arange(30, 50)
    scenes = draw_images(policy(CONFIG.views.factors.shared).levels[index], image_size=32)  # type: ignore[union-attr]
    views = model.data_preprocessor({"images": scenes, "labels": torch.zeros(20), "index": index, "step": 4})["views"]
    assert views.labels is None
    for shown, x in zip(views.factors, (views.x1, views.x2), strict=True):
        assert torch.equal(draw_images(shown, image_size=32), pixels(x))
    assert parts.objective(views, parts.network)["cross_entropy"].item() > 1


def test_a_contrastive_objective_is_not_told_factors() -> None:
    load_objectives()
    parts = build_parts("infonce", CONFIG, seed=0, classes=8, device="cpu")
    model = PretrainModel(parts, CONFIG, seed=0, steps=9)
    scenes, index = torch.zeros(4, 3, 32, 32, dtype=torch.uint8), torch.arange(4)
    made = model.data_preprocessor({"images": scenes, "labels": torch.zeros(4), "index": index, "step": 0})["views"]
    assert made.factors is None


def test_of_views_made_of_images_nothing_is_known_to_tell() -> None:
    maker = ViewMaker(view_policy(load("shapes"), seed=0), labels=False, factors=True, puzzle=None, split=None)
    images, index = torch.zeros(4, 3, 64, 64, dtype=torch.uint8), torch.arange(4)
    assert maker({"images": images, "labels": torch.zeros(4), "index": index, "step": 0})["views"].factors is None
