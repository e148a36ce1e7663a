"""RandAugment (Cubuk et al. 2020, arXiv 1909.13719) as InfoMin Aug uses it (Tian et al. 2020, arXiv 2005.10243).

Every image goes through n rounds. A round draws one of the operations below, all equally likely and with replacement,
and keeps it with probability 0.5; it draws the level from a normal distribution around m, clipped to [0, 10], and a
sign. With share = level / 10, levels mean what they mean in the public implementations for TPUs and for PIL images:

| operation              | parameter       | value                                                                   |
|------------------------|-----------------|-------------------------------------------------------------------------|
| AutoContrast           | none            |                                                                         |
| Equalize               | none            |                                                                         |
| Invert                 | none            |                                                                         |
| Rotate                 | angle           | +-30 degrees * share, about the centre                                  |
| PosterizeTpu           | bits kept       | whole part of 4 * share: level 10 keeps 4 bits, level 0 is black        |
| Solarize               | threshold       | whole part of 256 * share, of 255: level 10 inverts nothing             |
| SolarizeAdd            | addend          | whole part of 110 * share, of 255, to values below 128                  |
| Color                  | factor          | 1.8 * share + 0.1, of the saturation                                    |
| Contrast               | factor          | 1.8 * share + 0.1                                                       |
| Brightness             | factor          | 1.8 * share + 0.1                                                       |
| Sharpness              | factor          | 1.8 * share + 0.1                                                       |
| ShearX, ShearY         | slope           | +-0.3 * share, about the top left corner                                |
| TranslateXRel, ...YRel | distance        | +-0.45 * share of the side                                              |

The geometric operations interpolate bilinear or bicubic, at random. Simplified: images are floats between the
operations, so that only Equalize and PosterizeTpu cut them to 8 bits; the cubic kernel is torch's (a = -0.75), where
PIL's has a = -0.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from benchmark.views import operations
from benchmark.views import randaugment_operations as more
from benchmark.views.random_streams import uniform

_TOP_LEVEL = 10.0
_KEPT = 0.5
# Views count from 0 and name their streams; these are as many streams further on.
_STREAM = 2**31
_DRAWS_PER_ROUND = 4

# From share (N,), signed for warps, to what the operation takes beside the images.
_Argument = Callable[[Tensor], Tensor]


def _factor(share: Tensor) -> Tensor:
    return share * 1.8 + 0.1


_OPERATIONS: dict[str, tuple[Callable[..., Tensor], _Argument | None]] = {
    "AutoContrast": (more.autocontrast, None),
    "Equalize": (more.equalize, None),
    "Invert": (more.invert, None),
    "Rotate": (more.warp, lambda share: more.rotation(share * math.radians(30))),
    "PosterizeTpu": (more.posterize, lambda share: (share * 4).floor()),
    "Solarize": (more.solarize, lambda share: (share * 256).floor() / 255),
    "SolarizeAdd": (more.solarize_add, lambda share: (share * 110).floor() / 255),
    "Color": (operations.adjust_saturation_, _factor),
    "Contrast": (operations.adjust_contrast_, _factor),
    "Brightness": (operations.adjust_brightness_, _factor),
    "Sharpness": (more.adjust_sharpness_, _factor),
    "ShearX": (more.warp, lambda share: more.shear_x(share * 0.3)),
    "ShearY": (more.warp, lambda share: more.shear_y(share * 0.3)),
    "TranslateXRel": (more.warp, lambda share: more.translate_x(share * 0.45)),
    "TranslateYRel": (more.warp, lambda share: more.translate_y(share * 0.45)),
}
NAMES = tuple(_OPERATIONS)


@dataclass(frozen=True)
class Round:
    """One operation for every image of a batch; all on the CPU.

    Attributes:
        operation: (N,) int64, which of `NAMES`.
        kept: (N,) bool, whether it happens.
        level: (N,) float64 in [0, 10].
        sign: (N,) float64, -1 or 1, of the warps.
        bicubic: (N,) bool, whether a warp interpolates bicubic rather than bilinear.
    """

    operation: Tensor
    kept: Tensor
    level: Tensor
    sign: Tensor
    bicubic: Tensor

    def steps(self) -> Iterator[tuple[Tensor, Callable[..., Tensor], tuple[Tensor, ...]]]:
        """What to do: (N,) bool that chooses images, their operation, and its values (N, ...) float32.

        No image is chosen twice, so that the order of the steps does not matter.
        """
        share = self.level / _TOP_LEVEL
        for number, (operation, argument) in enumerate(_OPERATIONS.values()):
            chosen = self.kept & (self.operation == number)
            if operation is more.warp:
                assert argument is not None
                matrix = argument(share * self.sign).to(torch.float32)
                yield chosen & ~self.bicubic, more.warp, (matrix,)
                yield chosen & self.bicubic, partial(more.warp, mode="bicubic"), (matrix,)
            else:
                yield chosen, operation, () if argument is None else (argument(share).to(torch.float32),)


def draw(recipe: tuple[float, float, float], *, seed: int, step: int, index: Tensor, view: int) -> Iterator[Round]:
    """Draw the rounds of a view, on the CPU and from streams that nothing else draws from.

    Args:
        recipe: rounds n, mean m and standard deviation of the level, as in `ViewConfig.randaugment`.
        seed: see `uniform`.
        step: see `uniform`.
        index: (N,) integers that name the images.
        view: which of the views of an image, 0 to 2**31 - 1.

    Yields:
        The n rounds in order; row i depends on (m, deviation, seed, step, index[i], view) and the round alone.
    """
    rounds, mean, deviation = int(recipe[0]), recipe[1], recipe[2]
    draws = uniform(seed=seed, step=step, index=index.cpu(), stream=_STREAM + view, draws=_DRAWS_PER_ROUND * rounds)
    columns = draws.t().to(torch.float64, memory_format=torch.contiguous_format)
    for operation, kept, level, sign in columns.view(rounds, _DRAWS_PER_ROUND, len(index)).unbind():
        # The draws are multiples of 2**-24; in the middle of their bins none is at the infinite end of the normal.
        normal = torch.special.ndtri(level + 2.0**-25)
        yield Round(
            operation=(operation * len(_OPERATIONS)).long(),
            kept=kept < _KEPT,
            level=(normal * deviation + mean).clamp(0, _TOP_LEVEL),
            sign=torch.where(sign < 0.5, -1.0, 1.0).double(),
            bicubic=(2 * sign) % 1 < 0.5,  # the second bit of the draw whose first is the sign
        )
