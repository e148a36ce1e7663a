"""The jigsaw puzzle of an image: random patches of a grid, for objectives that compare an image with its pieces."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.views.random_streams import uniform
from objectives.contract import JIGSAW_SIDE

# Views count from 0 and name their streams, RandAugment's start at 2**31.
_STREAM = 2**30


@dataclass(frozen=True)
class JigsawConfig:
    """How an image is cut: PIRL's way (Misra and van der Maaten 2020, arXiv 1912.01991), with InfoMin's numbers.

    Attributes:
        crop_scale: smallest and largest share of the image's area that is cut up.
        cell: side of a grid cell in pixels.
        patch: side of the patch that is cut out of a cell, at a random place.
    """

    crop_scale: tuple[float, float]
    cell: int
    patch: int

    def __post_init__(self) -> None:
        """Refuse values that name no puzzle."""
        low, high = self.crop_scale
        if not 0 < low <= high <= 1:
            raise ValueError(f"views: jigsaw crop_scale must be 0 < lo <= hi <= 1, got {self.crop_scale}")
        if not 1 <= self.patch <= self.cell:
            raise ValueError(f"views: jigsaw patch must be in [1, cell = {self.cell}], got {self.patch}")

    @property
    def side(self) -> int:
        """Side in pixels of what is cut up."""
        return JIGSAW_SIDE * self.cell


def cut(squares: Tensor, config: JigsawConfig, *, seed: int, step: int, index: Tensor) -> Tensor:
    """Cut a patch at a random place out of every cell.

    Args:
        squares: (N, 3, side, side).
        config: the grid.
        seed: see `uniform`.
        step: see `uniform`.
        index: (N,) integers that name the images, on the CPU.

    Returns:
        (N, 9, 3, patch, patch), cell after cell along the rows; where row i is cut depends on (seed, step, index[i]).
    """
    cells = JIGSAW_SIDE**2
    draws = uniform(seed=seed, step=step, index=index, stream=_STREAM, draws=2 * cells).double()
    down, right = (draws * (config.cell - config.patch + 1)).long().split(cells, dim=1)
    pixel, cell = torch.arange(config.patch), torch.arange(cells)
    rows = (cell // JIGSAW_SIDE * config.cell + down).unsqueeze(2) + pixel
    columns = (cell % JIGSAW_SIDE * config.cell + right).unsqueeze(2) + pixel
    rows, columns = (places.to(squares.device, non_blocking=True) for places in (rows, columns))
    image = torch.arange(len(squares), device=squares.device).view(-1, 1, 1, 1)
    return squares[image, :, rows.unsqueeze(3), columns.unsqueeze(2)].permute(0, 1, 4, 2, 3).contiguous()
