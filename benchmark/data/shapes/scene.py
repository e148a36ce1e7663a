"""Scenes with known factors: what is drawn, not how.

Shape legend: N scenes, K object slots. Lengths are fractions of the image side, angles are radians, hues are turns in
[0, 1). Slot 0 is nearest to the viewer and hides what it overlaps; slot k lies behind slot k - 1. Slot 0 is also the
main object.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.textures import TEXTURES

CHUNK = 256  # scenes drawn from one generator; changing it changes every scene

Range = tuple[float, float]


@dataclass(frozen=True)
class SceneStatistics:
    """How scenes are distributed. A range is uniform on [low, high).

    Attributes:
        objects: Fewest and most objects in a scene, both included.
        main_radius: Radius of slot 0. Every shape of radius r covers the area `distances.AREA` * r ** 2.
        main_offset: Largest distance of the main object's centre from the image's, along either axis.
        other_radius: Radius of the other objects; they lie anywhere in the image.
        candidates: Positions tried for each further object to keep it clear of those before it; 1 never looks.
        hue_gap: Least distance between the hue of an object and that of the background, in turns. Above 0 it makes the
            two hues depend on each other (mutual information -log(1 - 2 * hue_gap) nats). Besides, a position depends
            on its radius and, where `candidates` > 1, on nearer objects; all other factors are independent.
        saturation: Saturation of objects.
        value: Brightness of objects.
        contrast: Depth of an object's texture, 0 (invisible) to 1 (down to black).
        period: Period of an object's texture.
        background_saturation: Saturation of the background.
        background_value: Brightness of the background.
        background_contrast: Depth of the background's texture.
        background_period: Period of the background's texture.
        light: Strength of the light gradient; 0.3 runs from 0.7 to 1.3 of the brightness across the image.
        noise: Standard deviation of the pixel noise, in units of the full brightness range.
    """

    objects: tuple[int, int]
    main_radius: Range
    main_offset: float
    other_radius: Range
    candidates: int
    hue_gap: float
    saturation: Range
    value: Range
    contrast: Range
    period: Range
    background_saturation: Range
    background_value: Range
    background_contrast: Range
    background_period: Range
    light: Range
    noise: Range


CENTRED = SceneStatistics(
    objects=(1, 4),
    main_radius=(0.22, 0.34),
    main_offset=0.12,
    other_radius=(0.07, 0.12),
    candidates=4,
    hue_gap=0.12,
    saturation=(0.55, 0.95),
    value=(0.7, 1.0),
    contrast=(0.3, 0.5),
    period=(0.10, 0.14),
    background_saturation=(0.25, 0.6),
    background_value=(0.25, 0.55),
    background_contrast=(0.1, 0.3),
    background_period=(0.18, 0.26),
    light=(0.0, 0.35),
    noise=(0.0, 0.02),
)
"""One large object near the middle, whose shape is the image's class, and small ones around it."""

SCATTERED = replace(CENTRED, main_radius=(0.11, 0.26), main_offset=0.5, other_radius=(0.11, 0.26))
"""Objects of comparable sizes anywhere in the image, as detection and segmentation need them."""


@dataclass(frozen=True)
class Scenes:
    """Factors of N scenes of K object slots.

    Attributes:
        count: (N,) int64, objects in the scene; slots from `count` on are empty, whatever their factors say.
        shape: (N, K) int64, index into `SHAPES`.
        texture: (N, K) int64, index into `TEXTURES`.
        hue: (N, K), in turns.
        saturation: (N, K), in [0, 1].
        value: (N, K), in [0, 1].
        contrast: (N, K), depth of the texture.
        period: (N, K), period of the texture.
        radius: (N, K).
        rotation: (N, K), counter-clockwise as seen; the texture turns with its object.
        x: (N, K), centre, from the left.
        y: (N, K), centre, from the top.
        background_hue: (N,), in turns.
        background_saturation: (N,).
        background_value: (N,).
        background_texture: (N,) int64, index into `TEXTURES`.
        background_contrast: (N,).
        background_period: (N,).
        background_rotation: (N,), of the texture.
        light_angle: (N,), where the light comes from; 0 is the right, pi / 2 the top.
        light_strength: (N,).
        noise: (N,), standard deviation of the pixel noise.
        noise_seed: (N,) int64, of the pixel noise.
    """

    count: Tensor
    shape: Tensor
    texture: Tensor
    hue: Tensor
    saturation: Tensor
    value: Tensor
    contrast: Tensor
    period: Tensor
    radius: Tensor
    rotation: Tensor
    x: Tensor
    y: Tensor
    background_hue: Tensor
    background_saturation: Tensor
    background_value: Tensor
    background_texture: Tensor
    background_contrast: Tensor
    background_period: Tensor
    background_rotation: Tensor
    light_angle: Tensor
    light_strength: Tensor
    noise: Tensor
    noise_seed: Tensor

    def __len__(self) -> int:
        return len(self.count)

    def __getitem__(self, rows: slice | Tensor) -> Scenes:
        return Scenes(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def present(self) -> Tensor:
        """(N, K) bool, the slots that hold an object."""
        return torch.arange(self.shape.shape[1]) < self.count[:, None]

    @property
    def label(self) -> Tensor:
        """(N,) int64, the shape of the main object."""
        return self.shape[:, 0]

    def batches(self, size: int) -> Iterator[Scenes]:
        """Yield the scenes in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self[start : start + size]


def sample_scenes(*, seed: int, split: str, count: int, statistics: SceneStatistics) -> Scenes:
    """Draw scenes. Scene i depends on `(seed, split, statistics, i)` alone, not on `count`.

    Args:
        seed: Seed of the data set.
        split: Name of an independent stream, such as `"pretrain"`.
        count: How many scenes, at least 1.
        statistics: Their distribution.

    Raises:
        ValueError: If `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"shapes: the number of scenes must be >= 1, got {count}")
    chunks = [
        _sample_chunk(_generator(f"{seed}/{split}/{chunk}"), statistics=statistics)
        for chunk in range(-(-count // CHUNK))
    ]
    return join(chunks)[:count]


def join(parts: Sequence[Scenes]) -> Scenes:
    """The scenes of all parts, in order; all must have the same number of slots."""
    return Scenes(**{field.name: torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Scenes)})


def _generator(name: str) -> torch.Generator:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
    return torch.Generator().manual_seed(seed)


def _sample_chunk(generator: torch.Generator, *, statistics: SceneStatistics) -> Scenes:
    fewest, slots = statistics.objects

    def uniform(bounds: Range, *shape: int) -> Tensor:
        low, high = bounds
        return low + (high - low) * torch.rand(shape or (CHUNK,), generator=generator)

    def integer(low: int, high: int, *shape: int) -> Tensor:
        return torch.randint(low, high, shape or (CHUNK,), generator=generator)

    each = (CHUNK, slots)
    radius = torch.cat(
        [uniform(statistics.main_radius, CHUNK, 1), uniform(statistics.other_radius, CHUNK, slots - 1)], 1
    )
    x, y = _place(uniform((-1, 1), *each, statistics.candidates, 2), radius=radius, main_offset=statistics.main_offset)
    background_hue = uniform((0, 1))
    gap = statistics.hue_gap
    return Scenes(
        count=integer(fewest, slots + 1),
        shape=integer(0, len(SHAPES), *each),
        texture=integer(0, len(TEXTURES), *each),
        hue=(background_hue[:, None] + uniform((gap, 1 - gap), *each)) % 1,
        saturation=uniform(statistics.saturation, *each),
        value=uniform(statistics.value, *each),
        contrast=uniform(statistics.contrast, *each),
        period=uniform(statistics.period, *each),
        radius=radius,
        rotation=uniform((0, 2 * math.pi), *each),
        x=x,
        y=y,
        background_hue=background_hue,
        background_saturation=uniform(statistics.background_saturation),
        background_value=uniform(statistics.background_value),
        background_texture=integer(0, len(TEXTURES)),
        background_contrast=uniform(statistics.background_contrast),
        background_period=uniform(statistics.background_period),
        background_rotation=uniform((0, 2 * math.pi)),
        light_angle=uniform((0, 2 * math.pi)),
        light_strength=uniform(statistics.light),
        noise=uniform(statistics.noise),
        noise_seed=integer(0, 2**62),
    )


def _place(draws: Tensor, *, radius: Tensor, main_offset: float) -> tuple[Tensor, Tensor]:
    """Centres (N, K): the first candidate clear of nearer objects, else the clearest.

    `draws` (N, K, candidates, 2) in [-1, 1) are the candidates, relative to the room that an object has.
    """
    slots = radius.shape[1]
    reach = 0.5 - radius
    reach[:, 0].clamp_(max=main_offset)
    options = 0.5 + draws * reach[:, :, None, None]
    chosen = [options[:, 0, 0]]
    for slot in range(1, slots):
        nearer = torch.stack(chosen, 1)
        distance = torch.cdist(options[:, slot], nearer)  # (N, candidates, nearer slots)
        clearance = distance - (radius[:, slot, None] + radius[:, :slot])[:, None]
        best = clearance.amin(2).clamp(max=0).argmax(1)
        chosen.append(options[torch.arange(len(options)), slot, best])
    x, y = torch.stack(chosen, 1).unbind(2)
    return x, y
