"""Every operation against torchvision's, image by image, with the same parameters, on float32 images in [0, 1]."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

from benchmark.views import operations

TOLERANCE = 2e-6


@pytest.fixture
def images() -> Tensor:
    """Noise, a smooth gradient, an image with three gray levels, and an image of pure colours, black and white."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(5, 3, 17, 23, generator=generator)
    noise[1] = torch.linspace(0, 1, 17 * 23 * 3).view(17, 23, 3).permute(2, 0, 1)
    noise[2] = (noise[2, :1] * 3).floor() / 2
    noise[3] = noise[3].round()
    return noise


FACTORS = torch.tensor([0.0, 0.4, 1.0, 1.3, 2.5])
SHIFTS = torch.tensor([-0.5, -0.13, 0.0, 0.27, 0.5])


@pytest.mark.parametrize(
    ("ours", "theirs", "parameters"),
    [
        (operations.adjust_brightness_, tv.adjust_brightness, FACTORS),
        (operations.adjust_contrast_, tv.adjust_contrast, FACTORS),
        (operations.adjust_saturation_, tv.adjust_saturation, FACTORS),
        (operations.adjust_hue_, tv.adjust_hue, SHIFTS),
    ],
    ids=["brightness", "contrast", "saturation", "hue"],
)
def test_a_colour_operation_agrees_with_torchvision(
    images: Tensor,
    ours: Callable[[Tensor, Tensor], None],
    theirs: Callable[[Tensor, float], Tensor],
    parameters: Tensor,
) -> None:
    for turn in range(len(images)):
        values = parameters.roll(turn)
        expected = torch.stack([theirs(image, value) for image, value in zip(images, values.tolist(), strict=True)])
        changed = images.clone()
        ours(changed, values)
        torch.testing.assert_close(changed, expected, rtol=0, atol=TOLERANCE)


def test_grayscale_agrees_with_torchvision(images: Tensor) -> None:
    torch.testing.assert_close(operations.grayscale(images), tv.rgb_to_grayscale(images), rtol=0, atol=TOLERANCE)


def test_solarize_agrees_with_torchvision_to_the_bit(images: Tensor) -> None:
    images[0, 0, 0, 0] = 0.5
    assert torch.equal(operations.solarize(images), tv.solarize(images, 0.5))


@pytest.mark.parametrize("taps", [1, 3, 9, 23])
def test_blur_agrees_with_torchvision(images: Tensor, taps: int) -> None:
    sigma = torch.tensor([0.1, 0.5, 1.0, 2.0, 9.0])
    kernel = operations.gaussian_kernel(sigma, taps=taps)
    rows, columns = (operations.blur_weights(kernel, size=size) for size in images.shape[2:])
    blurred = operations.resample(images, rows=rows, columns=columns)
    expected = [
        tv.gaussian_blur(image, [taps, taps], [value, value])
        for image, value in zip(images, sigma.tolist(), strict=True)
    ]
    torch.testing.assert_close(blurred, torch.stack(expected), rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("size", [1, 7, 16, 40], ids="to {}".format)
def test_crop_and_resize_agree_with_torchvision(images: Tensor, size: int) -> None:
    boxes = torch.tensor([[0, 0, 17, 23], [3, 5, 9, 9], [16, 22, 1, 1], [2, 0, 13, 23], [0, 20, 17, 2]])
    top, left, height, width = boxes.T
    rows = operations.resize_weights(top, height, size_in=17, size_out=size)
    columns = operations.resize_weights(left, width, size_in=23, size_out=size)
    expected = [
        tv.resized_crop(image, *box, size=[size, size], antialias=True)
        for image, box in zip(images, boxes.tolist(), strict=True)
    ]
    cropped = operations.resample(images, rows=rows, columns=columns)
    torch.testing.assert_close(cropped, torch.stack(expected), rtol=0, atol=TOLERANCE)


def test_resize_weights_sum_to_one_and_stay_inside_the_crop() -> None:
    weights = operations.resize_weights(torch.tensor([4]), torch.tensor([9]), size_in=20, size_out=6)
    torch.testing.assert_close(weights.sum(2), torch.ones(1, 6))
    assert not weights[:, :, :4].any()
    assert not weights[:, :, 13:].any()
