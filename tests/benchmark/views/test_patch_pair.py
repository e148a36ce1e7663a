import contextlib
import dataclasses
import io
import math
import re
from pathlib import Path

import pytest
import torch
from scipy import stats
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

from benchmark.config import load
from benchmark.errors import UserError
from benchmark.preflight import check_row
from benchmark.views import PatchPairConfig, ViewConfig, ViewPolicy
from benchmark.views.patch_pair import draw_pair
from downstream.imagefolder import ImageSet
from objectives.registry import load_objectives

MANY = torch.arange(20_000)
SIZES = [(64, 64), (50, 90)]
PAIR = "views.patch_pair={'size': 24, 'distance': 8}"


def boxes(
    size: int,
    distance: float,
    *,
    image_size: tuple[int, int] = (64, 64),
    seed: int = 0,
    step: int = 0,
    index: Tensor = MANY,
    pair: int = 0,
) -> Tensor:
    config = PatchPairConfig(size=size, distance=distance)
    return draw_pair(config, image_size=image_size, seed=seed, step=step, index=index, pair=pair)


def plain(policy: ViewConfig, *, size: int, distance: float) -> ViewConfig:
    """Patches that nothing is done to but to normalise them."""
    undone = dataclasses.replace(policy, flip=0.0, jitter_p=0.0, grayscale_p=0.0, blur_p=0.0, solarize_p=0.0)
    return dataclasses.replace(undone, patch_pair=PatchPairConfig(size=size, distance=distance))


def random_images(count: int, *sides: int) -> Tensor:
    return torch.randint(0, 256, (count, 3, *sides), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("distance", [0.0, 1.0, 8.0, 13.5, 24.0, 26.0, 40.0, 45.0])
@pytest.mark.parametrize("sides", SIZES, ids=str)
def test_both_patches_lie_in_the_image_at_the_distance_asked_for(sides: tuple[int, int], distance: float) -> None:
    first, second = boxes(24, distance, image_size=sides)
    for patch in (first, second):
        assert (patch >= 0).all()
        assert (patch + 24 <= torch.tensor(sides)).all()
    found = (second - first).double().norm(dim=1)
    assert (found - distance).abs().max() <= math.hypot(0.5, 0.5)
    assert abs(found.mean() - distance) < 0.15


def test_at_distance_0_both_patches_are_the_same_place() -> None:
    first, second = boxes(24, 0.0)
    assert torch.equal(first, second)
    for starts in first.T:
        assert stats.chisquare(torch.bincount(starts, minlength=41)).pvalue > 1e-3


@pytest.mark.parametrize(("sides", "distance"), [((64, 64), 40.0), ((64, 64), 50.0), ((50, 90), 30.0)], ids=str)
def test_directions_are_uniform_over_those_in_which_a_pair_fits(sides: tuple[int, int], distance: float) -> None:
    first, second = boxes(24, distance, image_size=sides)
    offset = (second - first).double()
    found = torch.atan2(offset[:, 0], offset[:, 1])
    # An independent draw: directions from the whole circle, kept where whole pixels have room for them.
    whole = torch.rand(200_000, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2 * math.pi
    down, right = whole.sin() * distance, whole.cos() * distance
    fits = (down.abs() <= sides[0] - 24) & (right.abs() <= sides[1] - 24)
    expected = torch.atan2(down[fits].round() + 0.0, right[fits].round() + 0.0)  # no -0, whose angle is another
    assert stats.ks_2samp(found.numpy(), expected.numpy()).pvalue > 1e-3


def test_directions_cover_the_whole_circle_where_all_fit() -> None:
    first, second = boxes(24, 30.0)
    offset = (second - first).double()
    parts = ((torch.atan2(offset[:, 0], offset[:, 1]) / (2 * math.pi) + 0.5 / 16) % 1 * 16).long()
    # Whole pixels move a direction by up to a degree over the border of a sector.
    assert (torch.bincount(parts, minlength=16) / len(MANY) - 1 / 16).abs().max() < 0.01


def test_neither_patch_differs_from_the_other_in_distribution() -> None:
    first, second = boxes(24, 20.0, image_size=(50, 90))
    for one, other in zip(first.T, second.T, strict=True):
        assert stats.ks_2samp(one.numpy(), other.numpy()).pvalue > 1e-3


def test_patches_may_stand_in_opposite_corners_and_along_one_axis_alone() -> None:
    corners = boxes(24, 40 * math.sqrt(2))
    assert (corners.unique() == torch.tensor([0, 40])).all()
    assert (corners[0] + corners[1] == 40).all()
    first, second = boxes(50, 17.0, image_size=(50, 90))
    assert torch.equal((second - first).abs().unique(dim=0), torch.tensor([[0, 17]]))


def test_a_pair_does_not_depend_on_the_rest_of_the_batch_or_its_order() -> None:
    whole = boxes(24, 17.3)
    for rows in (torch.tensor([17]), torch.tensor([199, 0]), MANY.flip(0), torch.arange(5, 70)):
        assert torch.equal(boxes(24, 17.3, index=rows), whole[:, rows])


def test_seed_step_index_and_pair_each_make_another_pair() -> None:
    base = boxes(24, 17.3)
    others = [
        boxes(24, 17.3, seed=1),
        boxes(24, 17.3, step=1),
        boxes(24, 17.3, pair=1),
        boxes(24, 17.3, index=MANY + len(MANY)),
    ]
    for other in others:
        assert (other == base).all(2).all(0).double().mean() < 0.01


@pytest.mark.parametrize("sides", SIZES, ids=str)
@pytest.mark.parametrize("size", [24, 32, 45])
def test_the_views_are_torchvisions_crops_of_the_boxes(policy: ViewConfig, sides: tuple[int, int], size: int) -> None:
    config = plain(policy, size=size, distance=4.5)
    images, index = random_images(30, *sides), torch.arange(30) + 1000
    drawn = boxes(size, 4.5, image_size=sides, seed=7, step=9, index=index)
    for view in (0, 1):
        expected = torch.stack(
            [
                tv.resized_crop(image / 255, *place, size, size, size=[32, 32], antialias=True)
                for image, place in zip(images, drawn[view].tolist(), strict=True)
            ]
        )
        expected = tv.normalize(expected, list(config.mean), list(config.std))
        torch.testing.assert_close(
            ViewPolicy(config, seed=7)(images, step=9, index=index, view=view), expected, atol=5e-5, rtol=0
        )


def test_at_distance_0_two_views_differ_by_the_rest_of_the_policy_alone(policy: ViewConfig) -> None:
    images, index = random_images(40, 48, 48), torch.arange(40)
    same = ViewPolicy(plain(policy, size=24, distance=0.0), seed=0)
    flipped = ViewPolicy(dataclasses.replace(same.config, flip=0.5), seed=0)
    first, second = (same(images, step=0, index=index, view=view) for view in (0, 1))
    assert torch.equal(first, second)
    for view in (0, 1):
        seen = flipped(images, step=0, index=index, view=view)
        mirrored = (seen - first.flip(3)).abs().flatten(1).amax(1) < 1e-5
        unchanged = (seen - first).abs().flatten(1).amax(1) < 1e-5
        assert (mirrored ^ unchanged).all()
        assert 10 < mirrored.sum() < 30
    one, other = (flipped(images, step=0, index=index, view=view) for view in (0, 1))
    assert 10 < ((one - other).abs().flatten(1).amax(1) > 1e-5).sum() < 30


def test_colours_are_drawn_as_without_patches(policy: ViewConfig) -> None:
    images = random_images(1, 1, 1).expand(50, -1, 40, 40).contiguous()  # of one colour, wherever a crop is
    patched = dataclasses.replace(policy, patch_pair=PatchPairConfig(size=24, distance=8.0))
    for view in (0, 1):
        with_patches, without = (
            ViewPolicy(config, seed=3)(images, step=2, index=torch.arange(50), view=view)
            for config in (patched, policy)
        )
        torch.testing.assert_close(with_patches, without, atol=1e-4, rtol=0)


def test_the_jigsaw_puzzle_is_cut_as_without_patches(policy: ViewConfig) -> None:
    images, index = random_images(10, 60, 60), torch.arange(10)
    patched = dataclasses.replace(policy, patch_pair=PatchPairConfig(size=24, distance=8.0))
    puzzles = [ViewPolicy(config, seed=0).patches(images, step=0, index=index) for config in (patched, policy)]
    assert torch.equal(*puzzles)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 0, "distance": 8.0}, "size must be >= 1 px, got 0"),
        ({"size": 24, "distance": -1.0}, "distance must be finite and >= 0 px, got -1.0"),
        ({"size": 24, "distance": math.inf}, "distance must be finite and >= 0 px, got inf"),
        ({"size": 24, "distance": math.nan}, "distance must be finite and >= 0 px, got nan"),
    ],
)
def test_values_that_name_no_pair_are_refused_in_one_line(values: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'views: patch_pair {message}')}$"):
        PatchPairConfig(**values)  # type: ignore[arg-type]


TOO_LARGE = "views: patch_pair size must be at most the image's side, 64 px, got 65"
TOO_FAR = (
    "views: patch_pair distance must be at most 56.56 px for patches of 24 px in 64 x 64 px, got 57"  # 40 * sqrt(2)
)


@pytest.mark.parametrize(("size", "distance", "message"), [(65, 0.0, TOO_LARGE), (24, 57.0, TOO_FAR)])
def test_a_pair_that_images_do_not_hold_is_refused_by_checks_and_by_the_policy(
    policy: ViewConfig, size: int, distance: float, message: str
) -> None:
    images = ImageSet(random_images(4, 64, 64), torch.zeros(4, dtype=torch.int64), ("a",), "")
    config = load("smoke", ["training.batch=4", f"views.patch_pair={{'size': {size}, 'distance': {distance}}}"])
    load_objectives([])
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        check_row(config.row("infonce"), images=images)
    views = ViewPolicy(plain(policy, size=size, distance=distance), seed=0)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        views(random_images(4, 64, 64), step=0, index=torch.arange(4), view=0)


def test_a_row_that_trains_nothing_needs_no_images_for_its_patches() -> None:
    load_objectives([])
    nothing = ImageSet(torch.empty(0, 3, 0, 0, dtype=torch.uint8), torch.empty(0, dtype=torch.int64), (), "")
    check_row(load("smoke", [PAIR]).row("random"), images=nothing)


def test_a_puzzle_and_pairs_of_patches_do_not_go_together() -> None:
    load_objectives([])
    images = ImageSet(random_images(4, 64, 64), torch.zeros(4, dtype=torch.int64), ("a",), "")
    config = load("smoke", ["training.batch=4", PAIR])
    with pytest.raises(UserError, match=r"^infomin: a jigsaw puzzle .* views.patch_pair must be None$"):
        check_row(config.row("infomin"), images=images)


def test_the_documented_overlaps_are_what_the_code_beside_them_prints() -> None:
    page = (Path(__file__).parents[3] / "docs" / "information.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n+```text\n(.*?)```", page, flags=re.DOTALL)
    ((code, printed),) = [block for block in blocks if "draw_pair" in block[0]]
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(code, "docs/information.md", "exec"), {})
    assert output.getvalue() == printed
