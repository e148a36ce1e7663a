import dataclasses

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

from benchmark.views import ViewConfig, ViewPolicy, randaugment
from benchmark.views.parameters import draw


def random_images(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def crops_alone(config: ViewConfig) -> ViewConfig:
    """Random crops and flips, not normalised."""
    still = dataclasses.replace(config, jitter_p=0.0, grayscale_p=0.0, blur_p=0.0, solarize_p=0.0)
    return dataclasses.replace(still, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def torchvision_crop(image: Tensor, config: ViewConfig, *, seed: int, step: int, index: int, view: int) -> Tensor:
    """One image through torchvision's crop and flip, in floats."""
    size = (image.shape[1], image.shape[2])
    drawn = draw(config, image_size=size, seed=seed, step=step, index=torch.tensor([index]), view=view)
    box = [int(side) for side in (drawn.top, drawn.left, drawn.height, drawn.width)]
    out = tv.resized_crop(tv.to_dtype(image, torch.float32, scale=True), *box, size=[config.size] * 2, antialias=True)
    flipped: Tensor = tv.horizontal_flip(out) if drawn.flip else out
    return flipped


def torchvision_colours(
    out: Tensor, config: ViewConfig, *, image_size: tuple[int, int], seed: int, step: int, index: int, view: int
) -> Tensor:
    """A crop through torchvision's other operations, one after the other."""
    drawn = draw(config, image_size=image_size, seed=seed, step=step, index=torch.tensor([index]), view=view)
    colour = (tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation, tv.adjust_hue)
    for operation in drawn.order[0].tolist() if drawn.jitter else []:
        out = colour[operation](out, drawn.factors[0, operation].item())
    out = tv.gaussian_blur(out, [config.blur_kernel] * 2, [drawn.sigma.item()] * 2) if drawn.blur else out
    out = tv.rgb_to_grayscale(out, num_output_channels=3) if drawn.grayscale else out
    out = tv.solarize(out, 0.5) if drawn.solarize else out
    normalised: Tensor = tv.normalize(out, list(config.mean), list(config.std))
    return normalised


@pytest.mark.parametrize("shape", [(150, 3, 64, 64), (40, 3, 33, 47), (20, 3, 270, 300)], ids=str)
def test_crop_and_flip_agree_with_a_loop_over_torchvision(policy: ViewConfig, shape: tuple[int, ...]) -> None:
    images, index = random_images(*shape), torch.arange(shape[0]) + 1000
    views = ViewPolicy(crops_alone(policy), seed=7)(images, step=9, index=index, view=1)
    expected = torch.stack(
        [
            torchvision_crop(image, policy, seed=7, step=9, index=i, view=1)
            for image, i in zip(images, index.tolist(), strict=True)
        ]
    )
    error = (views - expected).abs()
    if 32 * max(shape[2:]) < 2**13:
        assert error.max() < 1e-6
    else:  # large ones are rounded to whole levels, after rows and after columns
        assert torch.equal((views * 255).round() / 255, views)
        assert error.max() < 1.02 / 255
        assert (views - expected).mean().abs() < 0.02 / 255


@pytest.mark.parametrize("shape", [(150, 3, 64, 64), (40, 3, 33, 47), (20, 3, 270, 300)], ids=str)
def test_what_comes_after_the_crop_agrees_with_a_loop_over_torchvision(
    policy: ViewConfig, shape: tuple[int, ...]
) -> None:
    images, index = random_images(*shape), torch.arange(shape[0]) + 1000
    views = ViewPolicy(policy, seed=7)(images, step=9, index=index, view=1)
    crops = ViewPolicy(crops_alone(policy), seed=7)(images, step=9, index=index, view=1)
    sides = (shape[2], shape[3])
    expected = torch.stack(
        [
            torchvision_colours(crop, policy, image_size=sides, seed=7, step=9, index=i, view=1)
            for crop, i in zip(crops, index.tolist(), strict=True)
        ]
    )
    assert views.shape == (shape[0], 3, 32, 32)
    assert views.dtype == torch.float32
    # A value within rounding of the solarise threshold may fall on its other side.
    assert ((views - expected).abs() > 5e-5).float().mean() < 1e-5


@pytest.mark.parametrize("size", [32, 33, 48, 130], ids="{} px".format)
def test_a_view_does_not_depend_on_the_rest_of_the_batch_or_its_order(policy: ViewConfig, size: int) -> None:
    views = ViewPolicy(dataclasses.replace(policy, size=size), seed=0)
    images, index = random_images(200, 3, 50, 64), torch.arange(200) * 3
    whole = views(images, step=4, index=index, view=0)
    for rows in (torch.tensor([17]), torch.tensor([199, 0]), torch.arange(200).flip(0), torch.arange(5, 70)):
        assert torch.equal(views(images[rows], step=4, index=index[rows], view=0), whole[rows])


def test_seed_step_index_and_view_all_change_every_view(policy: ViewConfig) -> None:
    images, index = random_images(1, 3, 40, 40).expand(20, -1, -1, -1), torch.arange(20)
    base = ViewPolicy(policy, seed=0)(images, step=0, index=index, view=0)
    others = [
        ViewPolicy(policy, seed=1)(images, step=0, index=index, view=0),
        ViewPolicy(policy, seed=0)(images, step=1, index=index, view=0),
        ViewPolicy(policy, seed=0)(images, step=0, index=index, view=1),
        ViewPolicy(policy, seed=0)(images, step=0, index=index + 20, view=0),
        base.roll(1, 0),
    ]
    for other in others:
        assert (other != base).flatten(1).any(1).all()


def test_a_policy_that_does_nothing_only_normalises(policy: ViewConfig) -> None:
    whole = dataclasses.replace(policy, crop_scale=(1.0, 1.0), crop_ratio=(1.0, 1.0), flip=0.0)
    config = dataclasses.replace(whole, jitter_p=0.0, grayscale_p=0.0, blur_p=0.0, solarize_p=0.0)
    images = random_images(6, 3, 32, 32)
    views = ViewPolicy(config, seed=0)
    expected = tv.normalize(images / 255, list(config.mean), list(config.std))
    torch.testing.assert_close(views(images, step=0, index=torch.arange(6), view=0), expected)


def test_blur_comes_before_randaugment_and_grayscale_after_it(policy: ViewConfig) -> None:
    config = dataclasses.replace(
        policy, jitter_p=0.0, blur_p=1.0, grayscale_p=1.0, solarize_p=0.0, randaugment=(2, 6.0, 3.0)
    )
    images, index = random_images(60, 3, 40, 40), torch.arange(60)
    coloured = dataclasses.replace(config, grayscale_p=0.0, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    blurred = dataclasses.replace(coloured, randaugment=(0, 0.0, 0.0))
    seen = ViewPolicy(blurred, seed=0)(images, step=0, index=index, view=0)
    for turn in randaugment.draw(config.randaugment, seed=0, step=0, index=index, view=0):
        for chosen, operation, values in turn.steps():
            if chosen.any():
                seen[chosen] = operation(seen[chosen], *(value[chosen] for value in values))
    expected = tv.normalize(tv.rgb_to_grayscale(seen, num_output_channels=3), list(config.mean), list(config.std))
    torch.testing.assert_close(ViewPolicy(config, seed=0)(images, step=0, index=index, view=0), expected)


def test_strength_zero_leaves_the_colour_operation_out(policy: ViewConfig) -> None:
    images, index = random_images(30, 3, 40, 40), torch.arange(30)
    without = dataclasses.replace(policy, jitter_p=0.0)
    weightless = dataclasses.replace(policy, jitter=(0.0, 0.0, 0.0, 0.0))
    first, second = (
        ViewPolicy(config, seed=0)(images, step=0, index=index, view=0) for config in (without, weightless)
    )
    torch.testing.assert_close(first, second)


def test_the_images_are_not_changed(policy: ViewConfig) -> None:
    images = random_images(10, 3, 40, 40)
    before = images.clone()
    views = ViewPolicy(policy, seed=0)
    views(images, step=0, index=torch.arange(10), view=0)
    assert torch.equal(images, before)


def test_images_or_index_of_another_shape_are_refused(policy: ViewConfig) -> None:
    views = ViewPolicy(policy, seed=0)
    with pytest.raises(
        ValueError, match=r"views: images must be \(N, 3, H, W\) uint8, got \(2, 3, 8, 8\) torch.float32"
    ):
        views(torch.zeros(2, 3, 8, 8), step=0, index=torch.arange(2), view=0)
    with pytest.raises(ValueError, match=r"views: index must be \(2,\), one per image, got \(3,\)"):
        views(random_images(2, 3, 8, 8), step=0, index=torch.arange(3), view=0)


def test_an_empty_batch_gives_no_views(policy: ViewConfig) -> None:
    views = ViewPolicy(policy, seed=0)(random_images(0, 3, 40, 40), step=0, index=torch.arange(0), view=0)
    assert views.shape == (0, 3, 32, 32)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_gpu_makes_the_same_views(policy: ViewConfig) -> None:
    images, index = random_images(200, 3, 64, 64), torch.arange(200)
    views = ViewPolicy(policy, seed=0)
    on_cpu = views(images, step=4, index=index, view=0)
    on_gpu = views(images.cuda(), step=4, index=index.cuda(), view=0)
    assert on_gpu.is_cuda
    assert ((on_gpu.cpu() - on_cpu).abs() > 5e-5).float().mean() < 1e-5
