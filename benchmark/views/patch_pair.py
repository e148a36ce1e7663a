"""Views that are two patches of one image at a given distance: the further apart, the less they tell of each other.

Source: Tian et al. 2020 (InfoMin), arXiv 2005.10243; its text has the principle, the numbers are this project's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.views.random_streams import uniform

# Views count from 0 and name their streams, the jigsaw puzzle's is 2**30.
_STREAM = 2**29
_DRAWS = 4


@dataclass(frozen=True)
class PatchPairConfig:
    """Where the two patches are.

    The direction from the first to the second is uniform over those in which a pair fits into the image; the place is
    then uniform over those at which it fits. So the two views have the same distribution. The offset is rounded to
    whole pixels along either axis, which changes its length by at most 0.71 px.

    With the distance changes more than what the patches share: patches that are far apart lie near opposite borders of
    the image, and the middle is seen less.

    Attributes:
        size: side of a patch in pixels of the resident image (`data.image_size`).
        distance: from one patch to the other in the same pixels, Euclidean; 0 = both are the same place.
    """

    size: int
    distance: float

    def __post_init__(self) -> None:
        """Refuse values that name no pair."""
        if self.size < 1:
            raise ValueError(f"views: patch_pair size must be >= 1 px, got {self.size}")
        if not 0 <= self.distance < math.inf:
            raise ValueError(f"views: patch_pair distance must be finite and >= 0 px, got {self.distance}")


def check_fits(config: PatchPairConfig, *, image_size: tuple[int, int]) -> None:
    """Refuse patches that images do not hold.

    Args:
        config: the patches.
        image_size: height and width of the images in pixels.

    Raises:
        ValueError: a patch is larger than the image, or no two that far apart lie in it.
    """
    side, furthest = min(image_size), math.hypot(*_room(config, image_size))
    if config.size > side:
        raise ValueError(f"views: patch_pair size must be at most the image's side, {side} px, got {config.size}")
    if config.distance > furthest:
        raise ValueError(
            f"views: patch_pair distance must be at most {math.floor(furthest * 100) / 100:g} px for patches of "
            f"{config.size} px in {image_size[0]} x {image_size[1]} px, got {config.distance:g}"
        )


def draw_pair(
    config: PatchPairConfig, *, image_size: tuple[int, int], seed: int, step: int, index: Tensor, pair: int
) -> Tensor:
    """Draw where the two patches of every image are.

    Args:
        config: the patches.
        image_size: height and width of the images in pixels.
        seed: see `uniform`.
        step: see `uniform`.
        index: (N,) integers that name the images, on the CPU.
        pair: which of the pairs of an image, 0 to 2**28 - 1.

    Returns:
        (2, N, 2) int64: of either patch, first row and first column; column n depends on (config, image_size, seed,
        step, index[n], pair) alone.

    Raises:
        ValueError: see `check_fits`.
    """
    check_fits(config, image_size=image_size)
    draws = uniform(seed=seed, step=step, index=index, stream=_STREAM + pair, draws=_DRAWS)
    # One contiguous row per parameter: strided and contiguous elementwise kernels may differ in the last bit.
    turn, angle, *places = draws.t().to(torch.float64, memory_format=torch.contiguous_format)
    room = _room(config, image_size)
    offsets = _offsets(config.distance, room, turn=turn, angle=angle)
    first, second = [], []
    for free, offset, place in zip(room, offsets, places, strict=True):
        start = (place * (free - offset.abs() + 1)).long() + (-offset).clamp(min=0)
        first.append(start)
        second.append(start + offset)
    return torch.stack([torch.stack(first, dim=1), torch.stack(second, dim=1)])


def _offsets(distance: float, room: tuple[int, int], *, turn: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns, (N,) int64, from the first patch to the second; `turn` is the quadrant's draw.

    All four quadrants have the same arc: that in which neither axis needs more than its room.
    """
    down, right = (1.0 if distance <= free else free / distance for free in room)
    low, high = math.acos(right), math.asin(down)
    angle, quadrant = angle * (high - low) + low, (turn * 4).long()
    rows, columns = (
        (part * distance).round().long().clamp(max=free)
        for part, free in zip((angle.sin(), angle.cos()), room, strict=True)
    )
    return rows * (1 - 2 * (quadrant % 2)), columns * (1 - 2 * (quadrant // 2))


def _room(config: PatchPairConfig, image_size: tuple[int, int]) -> tuple[int, int]:
    """Pixels by which a patch can be moved down and right."""
    return image_size[0] - config.size, image_size[1] - config.size
