"""What a view policy may do, and the parameters that it draws for every image."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.views.factors import FactorViewsConfig
from benchmark.views.generator import GeneratorConfig
from benchmark.views.jigsaw import JigsawConfig
from benchmark.views.patch_pair import PatchPairConfig, draw_pair
from benchmark.views.random_streams import uniform

# Random crops tried per image before the central one is taken: as many as torchvision tries.
CROP_ATTEMPTS = 10
# Draws per image: two for each attempt, then one for each of the thirteen parameters below.
_DRAWS = 2 * CROP_ATTEMPTS + 13
_ORDERS = torch.tensor(list(itertools.permutations(range(4))))


@dataclass(frozen=True)
class ViewConfig:
    """A view policy, in torchvision's terms.

    Attributes:
        size: side of the view in pixels.
        crop_scale: smallest and largest share of the image's area that a crop covers; of no effect with patch_pair.
        crop_ratio: smallest and largest width / height of a crop; of no effect with patch_pair.
        flip: probability of a horizontal flip.
        jitter: strength of brightness, contrast and saturation (factor 1 +- strength, not below 0) and of hue (turns).
        jitter_p: probability of the colour jitter.
        randaugment: RandAugment's operations per image (a whole number, 0 = none), mean level and standard deviation of
            the level; levels are 0 to 10.
        grayscale_p: probability of losing the colour.
        blur_p: probability of the Gaussian blur.
        blur_sigma: smallest and largest standard deviation of the blur in pixels.
        blur_kernel: width of the blur kernel in pixels, odd.
        solarize_p: probability of inverting the values from 0.5 on.
        jigsaw: patches of the image, for objectives that ask for them.
        mean: per-channel mean of RGB in [0, 1].
        std: per-channel standard deviation, same scale.
        generator: the views are channels of a colour space, given or learned; None = both views have all channels.
        factors: which factors of a scene both views have in common, and whether they are drawn from them; None = views
            of images of which no factors are known.
        patch_pair: the two views are patches at a given distance, in place of random crops; None = random crops.
    """

    size: int
    crop_scale: tuple[float, float]
    crop_ratio: tuple[float, float]
    flip: float
    jitter: tuple[float, float, float, float]
    jitter_p: float
    randaugment: tuple[float, float, float]
    grayscale_p: float
    blur_p: float
    blur_sigma: tuple[float, float]
    blur_kernel: int
    solarize_p: float
    jigsaw: JigsawConfig
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    generator: GeneratorConfig | None
    factors: FactorViewsConfig | None
    patch_pair: PatchPairConfig | None

    def __post_init__(self) -> None:
        """Refuse values that name no policy."""
        for name, count in (
            ("crop_scale", 2),
            ("crop_ratio", 2),
            ("jitter", 4),
            ("randaugment", 3),
            ("blur_sigma", 2),
            ("mean", 3),
            ("std", 3),
        ):
            _check(len(getattr(self, name)) == count, f"{name} must have {count} values", getattr(self, name))
        _check(self.size >= 1, "size must be >= 1 px", self.size)
        for name, limit in (("crop_scale", 1.0), ("crop_ratio", math.inf), ("blur_sigma", math.inf)):
            low, high = getattr(self, name)
            rule = f"{name} must be 0 < lo <= hi" + (" <= 1" if limit == 1 else " < inf")
            _check(0 < low <= high <= limit and high < math.inf, rule, (low, high))
        for name in ("flip", "jitter_p", "grayscale_p", "blur_p", "solarize_p"):
            _check(0 <= getattr(self, name) <= 1, f"{name} must be a probability in [0, 1]", getattr(self, name))
        for name, strength in zip(("brightness", "contrast", "saturation"), self.jitter[:3], strict=True):
            _check(0 <= strength < math.inf, f"jitter {name} must be finite and >= 0", strength)
        _check(0 <= self.jitter[3] <= 0.5, "jitter hue must be in [0, 0.5]", self.jitter[3])
        rounds, level, deviation = self.randaugment
        _check(rounds >= 0 and rounds % 1 == 0, "randaugment operations must be a whole number >= 0", rounds)
        _check(0 <= level <= 10, "randaugment level must be in [0, 10]", level)
        _check(0 <= deviation < math.inf, "randaugment deviation must be finite and >= 0", deviation)
        _check(
            self.blur_kernel >= 1 and self.blur_kernel % 2 == 1, "blur_kernel must be odd and >= 1", self.blur_kernel
        )
        _check(self.blur_kernel // 2 < self.size, f"blur_kernel must be < 2 * size = {2 * self.size}", self.blur_kernel)
        _check(min(self.std) > 0, "std must be > 0 in every channel", self.std)


@dataclass(frozen=True)
class ViewParameters:
    """What happens to every image of a batch; all on the CPU.

    Attributes:
        top: (N,) int64, first row of the crop.
        left: (N,) int64, first column.
        height: (N,) int64, rows.
        width: (N,) int64, columns.
        flip: (N,) bool.
        jitter: (N,) bool.
        order: (N, 4) int64, the order in which the four colour operations run.
        factors: (N, 4) float32, factors of brightness, contrast and saturation, shift of the hue.
        grayscale: (N,) bool.
        blur: (N,) bool.
        sigma: (N,) float32, pixels.
        solarize: (N,) bool.
    """

    top: Tensor
    left: Tensor
    height: Tensor
    width: Tensor
    flip: Tensor
    jitter: Tensor
    order: Tensor
    factors: Tensor
    grayscale: Tensor
    blur: Tensor
    sigma: Tensor
    solarize: Tensor


def draw(
    config: ViewConfig, *, image_size: tuple[int, int], seed: int, step: int, index: Tensor, view: int
) -> ViewParameters:
    """Draw the parameters of a view.

    They are drawn on the CPU whatever the device of the images: every device then uses the same ones, and no choice of
    a subset has to wait for a GPU.

    Args:
        config: the policy.
        image_size: height and width of the images.
        seed: see `uniform`.
        step: see `uniform`.
        index: (N,) integers that name the images.
        view: which of the views of an image; with patch_pair, 0 and 1 are one pair, 2 and 3 the next.

    Returns:
        The parameters; row i depends on (config, image_size, seed, step, index[i], view) alone.

    Raises:
        ValueError: the images do not hold the patches of patch_pair.
    """
    index = index.cpu()
    draws = uniform(seed=seed, step=step, index=index, stream=view, draws=_DRAWS)
    # One contiguous row per parameter: strided and contiguous elementwise kernels may differ in the last bit.
    columns = draws.t().to(torch.float64, memory_format=torch.contiguous_format)
    shares, ratios, rest = torch.split(columns, [CROP_ATTEMPTS, CROP_ATTEMPTS, _DRAWS - 2 * CROP_ATTEMPTS])
    down, right, flip, jitter, order, brightness, contrast, saturation, hue, gray, blur, sigma, solarize = rest.unbind()
    top, left, height, width = _crop(config, image_size, shares=shares, ratios=ratios, down=down, right=right)
    if config.patch_pair is not None:
        pair, member = divmod(view, 2)
        places = draw_pair(config.patch_pair, image_size=image_size, seed=seed, step=step, index=index, pair=pair)
        top, left = places[member].unbind(1)
        height, width = torch.full((2, len(index)), config.patch_pair.size)
    factors = [
        _between(value, max(0.0, 1 - strength), 1 + strength)
        for value, strength in zip((brightness, contrast, saturation), config.jitter[:3], strict=True)
    ]
    factors.append(_between(hue, -config.jitter[3], config.jitter[3]))
    return ViewParameters(
        top=top,
        left=left,
        height=height,
        width=width,
        flip=flip < config.flip,
        jitter=jitter < config.jitter_p,
        order=_ORDERS[(order * len(_ORDERS)).long()],
        factors=torch.stack(factors, dim=1).to(torch.float32),
        grayscale=gray < config.grayscale_p,
        blur=blur < config.blur_p,
        sigma=_between(sigma, *config.blur_sigma).to(torch.float32),
        solarize=solarize < config.solarize_p,
    )


def _crop(
    config: ViewConfig, image_size: tuple[int, int], *, shares: Tensor, ratios: Tensor, down: Tensor, right: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The first of the (attempts, N) tries that fits into the image, else the largest central crop of allowed ratio."""
    image_height, image_width = image_size
    area = _between(shares, *config.crop_scale) * (image_height * image_width)
    ratio = _between(ratios, math.log(config.crop_ratio[0]), math.log(config.crop_ratio[1])).exp()
    heights, widths = (area / ratio).sqrt().round().long(), (area * ratio).sqrt().round().long()
    fits = (heights > 0) & (heights <= image_height) & (widths > 0) & (widths <= image_width)
    first = fits.int().argmax(0, keepdim=True)
    height, width = heights.gather(0, first).squeeze(0), widths.gather(0, first).squeeze(0)
    top, left = (down * (image_height - height + 1)).long(), (right * (image_width - width + 1)).long()
    central_ratio = min(max(image_width / image_height, config.crop_ratio[0]), config.crop_ratio[1])
    central_height = min(image_height, round(image_width / central_ratio))
    central_width = min(image_width, round(image_height * central_ratio))
    fitted = fits.any(0)
    return (
        top.where(fitted, (image_height - central_height) // 2),
        left.where(fitted, (image_width - central_width) // 2),
        height.where(fitted, central_height),
        width.where(fitted, central_width),
    )


def _between(unit: Tensor, low: float, high: float) -> Tensor:
    return unit * (high - low) + low


def _check(holds: bool, rule: str, value: object) -> None:
    if not holds:
        raise ValueError(f"views: {rule}, got {value}")
