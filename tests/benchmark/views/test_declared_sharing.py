"""What a sensible declaration says of ordinary augmentations, held against the pixels of views of known scenes."""

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.config import load
from benchmark.data.factor_shapes.factors import FACTORS
from benchmark.data.factor_shapes.scenes import draw_images
from benchmark.views.making import view_policy

CONFIG = load("factor_shapes")
SCENE = dict(zip(FACTORS, (1, 0, 2, 1, 2, 3, 0, 5, 0), strict=True))
STILL: dict[str, Any] = {
    "crop_scale": (1.0, 1.0),
    "crop_ratio": (1.0, 1.0),
    "flip": 0.0,
    "jitter_p": 0.0,
    "grayscale_p": 0.0,
}
HUE_TURNED: dict[str, Any] = {"jitter": (0.0, 0.0, 0.0, 0.5), "jitter_p": 1.0}
VIEWS = 100


def views(scenes: list[dict[str, int]], **policy: Any) -> Tensor:
    """Augmented views of scenes, (N, pixels); nothing happens to them but what the policy says."""
    changed = dataclasses.replace(CONFIG.views, factors=None, blur_p=0.0, **STILL | policy)
    images = draw_images(torch.tensor([list(scene.values()) for scene in scenes]), image_size=32)
    made = view_policy(dataclasses.replace(CONFIG, views=changed), seed=0)
    return made(images, step=0, index=torch.arange(len(scenes)), view=1).flatten(1)


def told(changes: dict[str, int], **policy: Any) -> float:
    """Share of the views of a scene and of a changed one whose nearest other view is of the same scene."""
    made = views([SCENE] * VIEWS + [SCENE | changes] * VIEWS, **policy)
    scene = torch.arange(2 * VIEWS) // VIEWS
    distances = torch.cdist(made, made).fill_diagonal_(torch.inf)
    return float((scene[distances.argmin(dim=1)] == scene).double().mean())


@pytest.mark.parametrize("turned", [1, 4])
def test_jitter_of_the_hue_by_half_a_turn_destroys_both_hues(turned: int) -> None:
    both = {name: (SCENE[name] + turned) % 8 for name in ("hue", "background_hue")}
    assert told(both) == 1
    assert abs(told(both, **HUE_TURNED) - 0.5) < 0.12  # three deviations of 200 guesses are 0.11


@pytest.mark.parametrize("turned", [1, 4])
def test_it_leaves_their_difference(turned: int) -> None:
    for name in ("hue", "background_hue"):
        assert told({name: (SCENE[name] + turned) % 8}, **HUE_TURNED) == 1


@pytest.mark.parametrize("name", [name for name in FACTORS if "hue" not in name])
def test_it_leaves_every_other_factor(name: str) -> None:
    assert told({name: (SCENE[name] + 1) % 4}, **HUE_TURNED) == 1


def likeness(made: Tensor) -> Tensor:
    """Absolute correlations between all pairs of views: 1 for two that differ in brightness and contrast alone."""
    places = torch.triu_indices(len(made), len(made), offset=1)
    pairs: Tensor = torch.corrcoef(made).abs()[places[0], places[1]]
    return pairs


def test_without_colour_a_hue_is_luminance_alone_and_a_shape_is_more() -> None:
    """A scene of two plain areas has one contrast, whatever the luminance of either; its form is the shape."""
    hues, shapes = ([SCENE | {name: level} for level in range(8)] for name in ("hue", "shape"))
    gray = views(hues, grayscale_p=1.0)
    assert torch.allclose(gray.view(8, 3, -1)[:, 0], gray.view(8, 3, -1)[:, 2], atol=1e-5)  # one mean, one deviation
    assert likeness(gray).min() > 0.999
    assert likeness(views(shapes, grayscale_p=1.0)).max() < 0.99
    assert likeness(views(hues)).min() < 0.99
