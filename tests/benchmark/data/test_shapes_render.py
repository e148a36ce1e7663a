from __future__ import annotations

import colorsys
import math
from dataclasses import replace

import pytest
import torch
from matplotlib.path import Path as Polygon

from benchmark.data.shapes.distances import AREA, SHAPES
from benchmark.data.shapes.render import hsv_to_rgb, render, render_with_extent
from benchmark.data.shapes.scene import CENTRED, SCATTERED, Scenes, sample_scenes
from benchmark.data.shapes.textures import TEXTURES

SIZE = 24


def sample(count: int) -> Scenes:
    return sample_scenes(seed=0, split="test", count=count, statistics=SCATTERED)


def test_an_image_is_the_same_in_every_batch() -> None:
    scenes = sample(9)
    images, masks = render(scenes, image_size=SIZE)
    assert images.dtype == torch.uint8
    assert images.shape == (9, 3, SIZE, SIZE)
    assert masks.shape == (9, 4, SIZE, SIZE)
    for index in range(9):
        image, mask = render(scenes[index : index + 1], image_size=SIZE)
        assert torch.equal(image[0], images[index])
        assert torch.equal(mask[0], masks[index])


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_covers_the_same_area(name: str) -> None:
    axis = (torch.arange(1000) + 0.5) / 250 - 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    inside = SHAPES[name](x, y) <= 0
    assert float(inside.float().mean() * 16) == pytest.approx(AREA, rel=0.01)
    assert float(torch.hypot(x, y)[inside].max()) < 1.4


@pytest.mark.parametrize("name", SHAPES)
def test_distances_have_slope_one_next_to_the_outline(name: str) -> None:
    axis = (torch.arange(800, dtype=torch.float64) + 0.5) / 200 - 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    distance = SHAPES[name](x, y)
    down, right = torch.gradient(distance, spacing=0.005)
    slope = torch.hypot(down, right)[distance.abs() < 0.03]
    assert float(slope.median()) == pytest.approx(1, abs=1e-3)
    assert float(((slope - 1).abs() < 0.01).double().mean()) > 0.8  # corners and folds are the rest


def corners(points: int, outer: float, inner: float) -> list[tuple[float, float]]:
    turns = [step * math.pi / points for step in range(2 * points)]
    return [
        ((inner if step % 2 else outer) * math.sin(turn), (inner if step % 2 else outer) * math.cos(turn))
        for step, turn in enumerate(turns)
    ]


CROSS = [
    *((0.317, 0.317), (1.025, 0.317), (1.025, -0.317), (0.317, -0.317), (0.317, -1.025), (-0.317, -1.025)),
    *((-0.317, -0.317), (-1.025, -0.317), (-1.025, 0.317), (-0.317, 0.317), (-0.317, 1.025), (0.317, 1.025)),
]
HALF = math.sqrt(2.2) / 2
OUTLINES = {
    "square": [(HALF, HALF), (HALF, -HALF), (-HALF, -HALF), (-HALF, HALF)],
    "triangle": corners(3, 1.3014, 0.6507),
    "star": corners(5, 1.3, 0.5759),
    "cross": CROSS,
}


@pytest.mark.parametrize("name", OUTLINES)
def test_masks_agree_with_point_in_polygon_tests_pixel_by_pixel(name: str) -> None:
    scenes = sample(6)
    alone = replace(scenes, count=torch.ones_like(scenes.count))
    alone = replace(alone, shape=torch.full_like(scenes.shape, list(SHAPES).index(name)))
    _, masks = render(alone, image_size=SIZE)
    outline = Polygon(OUTLINES[name])
    wrong = 0
    for n in range(len(scenes)):
        centre_x, centre_y = float(scenes.x[n, 0]), float(scenes.y[n, 0])
        radius, angle = float(scenes.radius[n, 0]), float(scenes.rotation[n, 0])
        for row in range(SIZE):
            for column in range(SIZE):
                right, up = (column + 0.5) / SIZE - centre_x, centre_y - (row + 0.5) / SIZE
                turned = complex(right, up) / complex(math.cos(angle), math.sin(angle)) / radius
                wrong += outline.contains_point((turned.real, turned.imag)) != bool(masks[n, 0, row, column])
    assert wrong <= 2  # pixels whose centre lies on the outline


def test_nearer_objects_hide_farther_ones() -> None:
    scenes = sample(40)
    _, masks, extents = render_with_extent(scenes, image_size=SIZE)
    for n in range(len(scenes)):
        taken = torch.zeros(SIZE, SIZE, dtype=torch.bool)
        for slot in range(4):
            if slot >= scenes.count[n]:
                assert not extents[n, slot].any()
            assert torch.equal(masks[n, slot], extents[n, slot] & ~taken)
            taken |= extents[n, slot]


def plain(scenes: Scenes) -> Scenes:
    """The same scenes without texture, light and noise."""
    zeros = torch.zeros_like(scenes.noise)
    solid = torch.zeros_like(scenes.texture)
    return replace(
        scenes, texture=solid, background_texture=torch.zeros_like(scenes.count), light_strength=zeros, noise=zeros
    )


def test_masked_pixels_have_the_colour_of_their_object() -> None:
    scenes = plain(sample(20))
    images, masks = render(scenes, image_size=64)
    for n, slot in scenes.present.nonzero().tolist():
        eroded = -torch.nn.functional.max_pool2d(-masks[n, slot][None].float(), 5, stride=1, padding=2)[0] > 0
        colour = colorsys.hsv_to_rgb(*(float(f[n, slot]) for f in (scenes.hue, scenes.saturation, scenes.value)))
        wanted = torch.tensor(colour)[:, None] * 255
        assert (images[n][:, eroded] - wanted).abs().le(1).all()


def test_colours_agree_with_the_standard_library() -> None:
    hsv = torch.rand(200, 3, generator=torch.Generator().manual_seed(0))
    wanted = torch.tensor([colorsys.hsv_to_rgb(*colour) for colour in hsv.tolist()])
    torch.testing.assert_close(hsv_to_rgb(*hsv.unbind(1)), wanted)


def test_edges_are_a_mixture_of_object_and_background() -> None:
    scenes = plain(sample(1))
    disc = replace(
        scenes, count=torch.ones_like(scenes.count), shape=torch.zeros_like(scenes.shape),
        saturation=torch.zeros_like(scenes.saturation), value=torch.ones_like(scenes.value),
        background_value=torch.zeros_like(scenes.noise),
    )  # fmt: skip
    images, _ = render(disc, image_size=64)
    covered = float(images[0, 0].sum()) / 255 / 64**2
    assert covered == pytest.approx(AREA * float(scenes.radius[0, 0]) ** 2, rel=2e-3)


def test_textures_are_darkness_between_none_and_full_and_tell_apart() -> None:
    axis = torch.linspace(0, 2, 81)[:-1]
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    patterns = [texture(x, y) for texture in TEXTURES.values()]
    for index, pattern in enumerate(patterns):
        assert 0 <= float(pattern.min()) <= float(pattern.max()) <= 1
        torch.testing.assert_close(pattern.roll(40, 1), pattern, rtol=0, atol=1e-4)  # the period is 1
        for other in patterns[:index]:
            assert (pattern - other).abs().mean() > 0.1


def test_light_comes_from_where_the_factor_says() -> None:
    scenes = plain(sample(1))
    lit = replace(scenes, light_strength=torch.full_like(scenes.noise, 0.5), count=torch.zeros_like(scenes.count))
    from_top, _ = render(replace(lit, light_angle=torch.full_like(scenes.noise, math.pi / 2)), image_size=SIZE)
    rows = from_top[0].float().mean((0, 2))
    assert (rows.diff() <= 0).all()
    assert float(rows[0] / rows[-1]) == pytest.approx(1.5 / 0.5, rel=0.15)


def test_noise_has_the_declared_strength_and_differs_between_scenes() -> None:
    scenes = sample_scenes(seed=0, split="test", count=2, statistics=CENTRED)
    quiet = plain(replace(scenes, background_value=torch.full_like(scenes.noise, 0.5)))
    noisy = replace(quiet, noise=torch.full_like(scenes.noise, 0.05))
    difference = render(noisy, image_size=64)[0].float() - render(quiet, image_size=64)[0].float()
    noise = difference[:, :, :8, :8] / 255
    assert float(noise.std()) == pytest.approx(0.05, rel=0.15)
    assert abs(torch.corrcoef(noise.flatten(1))[0, 1]) < 0.2
