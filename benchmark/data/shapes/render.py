"""Scenes to pixels.

Shape legend: N scenes, K object slots, M objects or surfaces, S pixels per side. The centre of pixel (row i, column j)
lies at ((j + 0.5) / S, (i + 0.5) / S).
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.scene import Scenes
from benchmark.data.shapes.textures import TEXTURES


def render(scenes: Scenes, *, image_size: int) -> tuple[Tensor, Tensor]:
    """Draw scenes, each the same in every batch.

    Args:
        scenes: N scenes.
        image_size: S, pixels.

    Returns:
        The images, (N, 3, S, S) uint8, and the visible part of each object, (N, K, S, S) bool, empty for an empty slot.
    """
    images, masks, _ = render_with_extent(scenes, image_size=image_size)
    return images, masks


def render_with_extent(scenes: Scenes, *, image_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """As `render`, and also each object as it would be seen alone, (N, K, S, S) bool."""
    depth = signed_distances(scenes, image_size=image_size)
    image = _background(scenes, image_size=image_size)
    coverage = (0.5 - depth).clamp(0, 1)
    present = scenes.present
    for slot in reversed(range(present.shape[1])):  # the farthest first
        rows = present[:, slot].nonzero()[:, 0]
        alpha = coverage[rows, slot, None]
        image[rows] = torch.lerp(image[rows], _surface(scenes[rows], slot=slot, image_size=image_size), alpha)
    image = image * _light(scenes, image_size=image_size) + _noise(scenes, image_size=image_size)
    return (image * 255).round().clamp(0, 255).to(torch.uint8), visible(depth <= 0), depth <= 0


def visible(inside: Tensor) -> Tensor:
    """What nearer slots leave of each object.

    Args:
        inside: (N, K, S, S) bool, the whole objects.
    """
    nearer = inside.cumsum(1) - inside.to(torch.int64)
    return inside & (nearer == 0)


def signed_distances(scenes: Scenes, *, image_size: int) -> Tensor:
    """Distance in pixels to the outline of each object, negative inside, infinite for an empty slot: (N, K, S, S)."""
    n, slots = scenes.shape.shape
    result = torch.full((n, slots, image_size, image_size), torch.inf)
    present = scenes.present
    for index, distance in enumerate(SHAPES.values()):
        where = present & (scenes.shape == index)
        radius = scenes.radius[where][:, None, None]
        x, y = _local(scenes.x[where], scenes.y[where], scenes.rotation[where], image_size=image_size)
        result[where] = distance(x / radius, y / radius) * radius * image_size
    return result


def _local(x: Tensor, y: Tensor, rotation: Tensor, *, image_size: int) -> tuple[Tensor, Tensor]:
    """Pixel centres in frames at (x, y) turned by `rotation`, y up: two (M, S, S), from three (M,)."""
    centres = (torch.arange(image_size) + 0.5) / image_size
    right = centres[None, None, :] - x[:, None, None]
    up = y[:, None, None] - centres[None, :, None]
    cos, sin = rotation.cos()[:, None, None], rotation.sin()[:, None, None]
    return cos * right + sin * up, cos * up - sin * right


def _surface(scenes: Scenes, *, slot: int, image_size: int) -> Tensor:
    """Colour of one slot's objects, wherever they are: (N, 3, S, S)."""
    x, y = _local(scenes.x[:, slot], scenes.y[:, slot], scenes.rotation[:, slot], image_size=image_size)
    colour = hsv_to_rgb(scenes.hue[:, slot], scenes.saturation[:, slot], scenes.value[:, slot])
    dark = _pattern(scenes.texture[:, slot], x, y, period=scenes.period[:, slot])
    return colour[:, :, None, None] * (1 - scenes.contrast[:, slot, None, None] * dark)[:, None]


def _background(scenes: Scenes, *, image_size: int) -> Tensor:
    middle = torch.full((len(scenes),), 0.5)
    x, y = _local(middle, middle, scenes.background_rotation, image_size=image_size)
    colour = hsv_to_rgb(scenes.background_hue, scenes.background_saturation, scenes.background_value)
    dark = _pattern(scenes.background_texture, x, y, period=scenes.background_period)
    return colour[:, :, None, None] * (1 - scenes.background_contrast[:, None, None] * dark)[:, None]


def _pattern(texture: Tensor, x: Tensor, y: Tensor, *, period: Tensor) -> Tensor:
    """Darkness (M, S, S) of textures (M,) of periods (M,) at points (M, S, S)."""
    dark = torch.zeros_like(x)
    for index, pattern in enumerate(TEXTURES.values()):
        where = texture == index
        length = period[where][:, None, None]
        dark[where] = pattern(x[where] / length, y[where] / length)
    return dark


def _light(scenes: Scenes, *, image_size: int) -> Tensor:
    middle = torch.full((len(scenes),), 0.5)
    towards, _ = _local(middle, middle, scenes.light_angle, image_size=image_size)
    return (1 + 2 * scenes.light_strength[:, None, None] * towards)[:, None]


def _noise(scenes: Scenes, *, image_size: int) -> Tensor:
    """Gaussian noise, (N, 3, S, S), of a generator per scene, so that it does not depend on the batch."""
    result = torch.empty(len(scenes), 3, image_size, image_size)
    generator = torch.Generator()
    for image, seed in zip(result, scenes.noise_seed.tolist(), strict=True):
        image.normal_(generator=generator.manual_seed(seed))
    return result * scenes.noise[:, None, None, None]


def hsv_to_rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Colours (M, 3) from hue in turns, saturation and value, each (M,)."""
    sector = (torch.tensor([5.0, 3.0, 1.0]) + 6 * hue[:, None]) % 6
    share = torch.minimum(sector, 4 - sector).clamp(0, 1)
    return value[:, None] * (1 - saturation[:, None] * share)
