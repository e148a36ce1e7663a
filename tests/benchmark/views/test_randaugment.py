import dataclasses
import math
from collections.abc import Callable

import pytest
import torch
from scipy import stats
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from benchmark.views import ViewConfig, ViewPolicy, randaugment, randaugment_operations
from benchmark.views.parameters import draw

MANY = torch.arange(20_000)
SIZE = 40
FILL = [124 / 255, 116 / 255, 104 / 255]
WARPS = ("Rotate", "ShearX", "ShearY", "TranslateXRel", "TranslateYRel")


def eight_bits(image: Tensor) -> Tensor:
    converted: Tensor = tv.to_dtype(image, torch.uint8, scale=True)
    return converted


def warped(image: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """What torchvision does far from the border of an image: at the border it counts the outside in twice."""
    wide = tv.pad(image, [SIZE], fill=FILL)
    return change(wide)[:, SIZE : 2 * SIZE, SIZE : 2 * SIZE]


def affine(wide: Tensor, *, shift: tuple[float, float] = (0.0, 0.0), slope: tuple[float, float] = (0.0, 0.0)) -> Tensor:
    """Take pixel (x, y) from (x + shift + slope * y, ...), measured from the top left corner of the unpadded image."""
    degrees = [math.degrees(math.atan(each)) for each in slope]
    moved: Tensor = tv.affine(
        wide,
        angle=0.0,
        translate=[-shift[0], -shift[1]],
        scale=1.0,
        shear=degrees,
        interpolation=InterpolationMode.BILINEAR,
        fill=FILL,
        center=[SIZE, SIZE],
    )
    return moved


def rotated(image: Tensor, level: float) -> Tensor:
    return warped(image, lambda wide: tv.rotate(wide, 3 * level, InterpolationMode.BILINEAR, fill=FILL))


def solarized(image: Tensor, level: float) -> Tensor:
    threshold = int(level / 10 * 256)
    result: Tensor = image if threshold == 256 else tv.solarize(image, threshold / 255)
    return result


def solarized_with_addition(image: Tensor, level: float) -> Tensor:
    addend = int(level / 10 * 110)
    levels = [value + addend / 255 if value < 127.9999 / 255 else value for value in image.flatten().tolist()]
    return torch.tensor([min(value, 1.0) for value in levels]).view(image.shape)


# An image and a level, signed for warps, to what torchvision, or a loop, makes of them.
REFERENCE: dict[str, Callable[[Tensor, float], Tensor]] = {
    "AutoContrast": lambda image, _level: tv.autocontrast(image),
    "Equalize": lambda image, _level: tv.equalize(eight_bits(image)) / 255,
    "Invert": lambda image, _level: tv.invert(image),
    "Rotate": rotated,
    "PosterizeTpu": lambda image, level: tv.posterize(eight_bits(image), int(level / 10 * 4)) / 255,
    "Solarize": solarized,
    "SolarizeAdd": solarized_with_addition,
    "Color": lambda image, level: tv.adjust_saturation(image, 0.1 + 0.18 * level),
    "Contrast": lambda image, level: tv.adjust_contrast(image, 0.1 + 0.18 * level),
    "Brightness": lambda image, level: tv.adjust_brightness(image, 0.1 + 0.18 * level),
    "Sharpness": lambda image, level: tv.adjust_sharpness(image, 0.1 + 0.18 * level),
    "ShearX": lambda image, level: warped(image, lambda wide: affine(wide, slope=(0.03 * level, 0.0))),
    "ShearY": lambda image, level: warped(image, lambda wide: affine(wide, slope=(0.0, 0.03 * level))),
    "TranslateXRel": lambda image, level: warped(image, lambda wide: affine(wide, shift=(0.045 * level * SIZE, 0.0))),
    "TranslateYRel": lambda image, level: warped(image, lambda wide: affine(wide, shift=(0.0, 0.045 * level * SIZE))),
}
# Warps: a float32 coordinate is known to about 1e-5 pixels, and noise changes by up to 1 from one pixel to the next.
EXACT = ("AutoContrast", "Equalize", "Invert", "PosterizeTpu", "Solarize")
TOLERANCE = {name: 0.0 if name in EXACT else 2e-5 if name in WARPS else 1e-6 for name in randaugment.NAMES}


@pytest.fixture
def pictures() -> Tensor:
    """8-bit images: noise, a smooth gradient, three gray levels, pure colours, dark and flat ones."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (6, 3, SIZE, SIZE), generator=generator)
    noise[1] = torch.linspace(0, 255, 3 * SIZE**2).view(SIZE, SIZE, 3).permute(2, 0, 1).round()
    noise[2] = noise[2, :1] // 86 * 127
    noise[3] = (noise[3] > 127) * 255
    noise[4] //= 5
    noise[5] = torch.tensor([0, 77, 255]).view(3, 1, 1)
    return noise.to(torch.uint8)


def only(name: str, *, levels: Tensor, sign: int) -> randaugment.Round:
    number = torch.full(levels.shape, randaugment.NAMES.index(name))
    every = torch.ones(levels.shape, dtype=torch.bool)
    return randaugment.Round(number, every, levels, sign * levels**0, bicubic=~every)


def run(turn: randaugment.Round, images: Tensor) -> Tensor:
    """Put every image through its operation."""
    images = images.clone()
    for chosen, operation, values in turn.steps():
        if chosen.any():
            images[chosen] = operation(images[chosen], *(value[chosen] for value in values))
    return images


@pytest.mark.parametrize("name", randaugment.NAMES)
def test_an_operation_agrees_with_torchvision_at_every_level(pictures: Tensor, name: str) -> None:
    images = pictures / 255
    levels = torch.tensor([0.0, 1.3, 4.9, 7.5, 9.7, 10.0], dtype=torch.float64)
    for turn, sign in ((turn, sign) for turn in range(len(levels)) for sign in (-1, 1)):
        drawn = levels.roll(turn)
        signed = drawn * sign if name in WARPS else drawn
        expected = [REFERENCE[name](image, level) for image, level in zip(images, signed.tolist(), strict=True)]
        changed = run(only(name, levels=drawn, sign=sign), images)
        torch.testing.assert_close(changed, torch.stack(expected), rtol=0, atol=TOLERANCE[name])


def test_posterize_keeps_any_number_of_bits_as_torchvision_does(pictures: Tensor) -> None:
    for bits in range(9):
        ours = randaugment_operations.posterize(pictures / 255, torch.full((len(pictures),), float(bits)))
        assert torch.equal(ours, tv.posterize(pictures, bits) / 255)


def test_images_between_the_8_bit_levels_are_equalized_as_torchvision_does() -> None:
    images = torch.rand(8, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)).pow_(3)
    assert torch.equal(randaugment_operations.equalize(images), tv.equalize(eight_bits(images)) / 255)


def test_autocontrast_does_not_stretch_rounding_errors() -> None:
    image = torch.full((1, 3, 8, 8), 0.3)
    image[..., 0] += 1e-7
    assert torch.equal(randaugment_operations.autocontrast(image), image)


def test_images_too_small_for_the_filter_are_not_sharpened() -> None:
    image = torch.rand(2, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(randaugment_operations.adjust_sharpness_(image.clone(), torch.tensor([0.1, 1.9])), image)


def test_the_policy_runs_the_rounds_in_order_and_before_the_normalisation(policy: ViewConfig) -> None:
    config = dataclasses.replace(
        policy, size=SIZE, crop_scale=(1.0, 1.0), crop_ratio=(1.0, 1.0), flip=0.0, jitter_p=0.0, grayscale_p=0.0,
        blur_p=0.0, solarize_p=0.0, randaugment=(3, 6.0, 3.0),
    )  # fmt: skip
    images = torch.randint(0, 256, (90, 3, SIZE, SIZE), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    expected = images / 255
    smooth = torch.zeros(90, dtype=torch.bool)  # warped bicubic, which the reference does not know
    for turn in randaugment.draw(config.randaugment, seed=7, step=9, index=torch.arange(90) + 5, view=1):
        for i in turn.kept.nonzero().flatten().tolist():
            name = randaugment.NAMES[int(turn.operation[i])]
            smooth[i] |= name in WARPS and bool(turn.bicubic[i])
            signed = turn.level[i] * turn.sign[i] if name in WARPS else turn.level[i]
            expected[i] = REFERENCE[name](expected[i], float(signed))
    expected = tv.normalize(expected, list(config.mean), list(config.std))
    views = ViewPolicy(config, seed=7)(images, step=9, index=torch.arange(90) + 5, view=1)
    # A value within rounding of the border between two 8-bit levels, or of a threshold, may fall on its other side.
    assert 10 < smooth.sum() < 45
    assert ((views - expected)[~smooth].abs() > 5e-4).double().mean() < 1e-4


@pytest.mark.parametrize("size", [32, 33], ids="{} px".format)
def test_a_view_does_not_depend_on_the_rest_of_the_batch_or_its_order(policy: ViewConfig, size: int) -> None:
    views = ViewPolicy(dataclasses.replace(policy, size=size, randaugment=(4, 6.0, 3.0)), seed=0)
    images = torch.randint(0, 256, (200, 3, 50, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    index = torch.arange(200) * 3
    whole = views(images, step=4, index=index, view=0)
    for rows in (torch.tensor([17]), torch.tensor([199, 0]), torch.arange(200).flip(0), torch.arange(5, 70)):
        assert torch.equal(views(images[rows], step=4, index=index[rows], view=0), whole[rows])


def everything(*, n: int = 2, seed: int = 0, step: int = 0, index: Tensor = MANY, view: int = 0) -> Tensor:
    """What is drawn, (n * N, 5)."""
    rounds = randaugment.draw((n, 5.0, 1.0), seed=seed, step=step, index=index, view=view)
    return torch.cat(
        [torch.stack([each.operation, each.kept, each.level, each.sign, each.bicubic], dim=1) for each in rounds]
    )


def test_what_is_drawn_depends_on_seed_step_index_and_view_alone() -> None:
    index = torch.arange(50)
    base = everything(index=index)
    assert torch.equal(everything(index=index), base)
    assert torch.equal(everything(index=index.flip(0)), base.view(2, 50, 5).flip(1).reshape(100, 5))
    assert torch.equal(everything(n=3, index=index)[:100], base)
    for other in (
        everything(seed=1, index=index),
        everything(step=1, index=index),
        everything(index=index + 50),
        everything(view=1, index=index),
    ):
        assert (other[:, 2] != base[:, 2]).all()


def test_every_operation_is_as_likely_and_kept_half_the_time_in_every_round() -> None:
    for turn in randaugment.draw((2, 10.0, 0.5), seed=0, step=0, index=MANY, view=0):
        assert stats.chisquare(turn.operation.bincount(minlength=len(randaugment.NAMES))).pvalue > 1e-3
        assert stats.chisquare(turn.operation[turn.kept].bincount(minlength=len(randaugment.NAMES))).pvalue > 1e-3
        for share in (turn.kept.double().mean(), (turn.sign > 0).double().mean(), turn.bicubic.double().mean()):
            assert abs(share - 0.5) < 4 * (0.25 / len(MANY)) ** 0.5


def test_rounds_and_what_they_draw_are_independent_of_each_other_and_of_the_other_parameters(
    policy: ViewConfig,
) -> None:
    drawn = draw(policy, image_size=(32, 32), seed=0, step=0, index=MANY, view=0)
    columns = [*everything().view(2, -1, 5).transpose(1, 2).flatten(0, 1), drawn.flip, drawn.jitter, drawn.grayscale]
    columns += [*drawn.factors.T, drawn.order[:, 0]]
    correlation = torch.corrcoef(torch.stack([column.double() for column in columns])) - torch.eye(len(columns))
    assert correlation.abs().max() < 5 / len(MANY) ** 0.5


def levels_of(*recipe: float) -> Tensor:
    mean, deviation = recipe
    (turn,) = randaugment.draw((1, mean, deviation), seed=0, step=0, index=MANY, view=0)
    return turn.level


def test_levels_are_normal_and_clipped() -> None:
    assert stats.kstest(levels_of(5.0, 0.5).numpy(), stats.norm(5.0, 0.5).cdf).pvalue > 1e-3
    infomin = levels_of(10.0, 0.5)
    assert abs((infomin == 10).double().mean() - 0.5) < 4 * (0.25 / len(MANY)) ** 0.5
    assert stats.kstest(infomin[infomin < 10].numpy(), stats.truncnorm(-20, 0, 10.0, 0.5).cdf).pvalue > 1e-3
    wide = levels_of(0.0, 20.0)
    assert wide.min() == 0
    assert wide.max() == 10
    assert (levels_of(7.0, 0.0) == 7).all()


def test_without_operations_the_views_are_those_of_a_policy_that_knows_none(policy: ViewConfig) -> None:
    images = torch.randint(0, 256, (200, 3, 40, 40), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    index = torch.arange(200)
    without = ViewPolicy(policy, seed=0)(images, step=0, index=index, view=0)
    none = dataclasses.replace(policy, randaugment=(0, 10.0, 0.5))
    assert torch.equal(ViewPolicy(none, seed=0)(images, step=0, index=index, view=0), without)
    some = dataclasses.replace(policy, randaugment=(2, 10.0, 0.5))
    views = ViewPolicy(some, seed=0)(images, step=0, index=index, view=0)
    kept = [turn.kept for turn in randaugment.draw(some.randaugment, seed=0, step=0, index=index, view=0)]
    untouched = ~torch.stack(kept).any(0)
    assert 20 < untouched.sum() < 80
    assert torch.equal(views[untouched], without[untouched])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((2, 10.0), "randaugment must have 3 values, got (2, 10.0)"),
        ((-1, 10.0, 0.5), "randaugment operations must be a whole number >= 0, got -1"),
        ((1.5, 10.0, 0.5), "randaugment operations must be a whole number >= 0, got 1.5"),
        ((2, 11.0, 0.5), "randaugment level must be in [0, 10], got 11.0"),
        ((2, -1.0, 0.5), "randaugment level must be in [0, 10], got -1.0"),
        ((2, 10.0, -0.5), "randaugment deviation must be finite and >= 0, got -0.5"),
        ((2, 10.0, math.inf), "randaugment deviation must be finite and >= 0, got inf"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused_in_one_line(
    policy: ViewConfig, value: tuple[float, float, float], message: str
) -> None:
    with pytest.raises(ValueError, match=r"^views: ") as caught:
        dataclasses.replace(policy, randaugment=value)
    assert str(caught.value) == f"views: {message}"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_gpu_makes_the_same_views(policy: ViewConfig) -> None:
    images = torch.randint(0, 256, (200, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    views = ViewPolicy(dataclasses.replace(policy, randaugment=(2, 10.0, 0.5)), seed=0)
    on_cpu = views(images, step=4, index=torch.arange(200), view=0)
    on_gpu = views(images.cuda(), step=4, index=torch.arange(200).cuda(), view=0)
    # A value within rounding of the border between two 8-bit levels, or of a threshold, may fall on its other side.
    assert ((on_gpu.cpu() - on_cpu).abs() > 5e-4).double().mean() < 1e-4
