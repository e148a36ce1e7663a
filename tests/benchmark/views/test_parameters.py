import dataclasses
import itertools

import pytest
import torch
from scipy import stats
from torchvision.transforms import RandomResizedCrop

from benchmark.views.parameters import ViewConfig, draw

MANY = torch.arange(20_000)


def test_crops_are_distributed_as_torchvision_draws_them(policy: ViewConfig) -> None:
    image = torch.empty(3, 48, 64)
    torch.manual_seed(0)
    theirs = [RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(10_000)]
    config = dataclasses.replace(policy, crop_scale=(0.08, 1.0), crop_ratio=(3 / 4, 4 / 3))
    ours = draw(config, image_size=(48, 64), seed=0, step=0, index=MANY, view=0)
    for sample, reference in zip(
        (ours.top, ours.left, ours.height, ours.width), zip(*theirs, strict=True), strict=True
    ):
        assert stats.ks_2samp(sample.numpy(), reference).pvalue > 1e-3
    areas = [height * width for _, _, height, width in theirs]
    assert stats.ks_2samp((ours.height * ours.width).numpy(), areas).pvalue > 1e-3


@pytest.mark.parametrize("size", [(5, 9), (64, 48)], ids="{0[0]}x{0[1]}".format)
def test_crops_lie_inside_the_image(policy: ViewConfig, size: tuple[int, int]) -> None:
    config = dataclasses.replace(policy, crop_scale=(0.01, 1.0), crop_ratio=(0.2, 5.0))
    crop = draw(config, image_size=size, seed=0, step=0, index=MANY, view=0)
    assert min(crop.top.min(), crop.left.min()) == 0
    assert min(crop.height.min(), crop.width.min()) >= 1
    assert (crop.top + crop.height).max() == size[0]
    assert (crop.left + crop.width).max() == size[1]


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ((40, 40), (2.0, 3.0)),
        ((90, 40), (2.0, 3.0)),
        ((40, 40), (0.25, 0.5)),
        ((40, 90), (0.25, 0.5)),
        ((40, 90), (0.9, 1.1)),
    ],
    ids=str,
)
def test_a_crop_that_never_fits_becomes_the_central_one_of_torchvision(
    policy: ViewConfig, size: tuple[int, int], ratio: tuple[float, float]
) -> None:
    config = dataclasses.replace(policy, crop_scale=(1.0, 1.0), crop_ratio=ratio)
    crop = draw(config, image_size=size, seed=0, step=0, index=torch.arange(5), view=0)
    expected = RandomResizedCrop.get_params(torch.empty(3, *size), [1.0, 1.0], list(ratio))
    for sides in zip(crop.top, crop.left, crop.height, crop.width, strict=True):
        assert tuple(int(side) for side in sides) == expected


def test_probabilities_and_ranges_are_those_of_the_config(policy: ViewConfig) -> None:
    drawn = draw(policy, image_size=(32, 32), seed=0, step=0, index=MANY, view=0)
    for name, expected in (("flip", 0.5), ("jitter", 0.8), ("grayscale", 0.2), ("blur", 0.5), ("solarize", 0.1)):
        share = getattr(drawn, name).double().mean()
        assert abs(share - expected) < 4 * (expected * (1 - expected) / len(MANY)) ** 0.5, name
    for values, (low, high) in zip(drawn.factors.T, [(0.6, 1.4), (0.2, 1.8), (0.0, 2.5), (-0.1, 0.1)], strict=True):
        assert stats.kstest(values.numpy(), stats.uniform(low, high - low).cdf).pvalue > 1e-3
    assert stats.kstest(drawn.sigma.numpy(), stats.uniform(0.1, 1.9).cdf).pvalue > 1e-3


def test_every_order_of_the_colour_operations_is_as_likely(policy: ViewConfig) -> None:
    order = draw(policy, image_size=(32, 32), seed=0, step=0, index=MANY, view=0).order
    assert torch.equal(order.sort(1).values, torch.arange(4).expand(len(MANY), 4))
    counts = [int((order == torch.tensor(each)).all(1).sum()) for each in itertools.permutations(range(4))]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_the_decisions_are_independent_of_each_other(policy: ViewConfig) -> None:
    drawn = draw(policy, image_size=(32, 32), seed=0, step=0, index=MANY, view=0)
    decisions = [
        drawn.flip,
        drawn.jitter,
        drawn.grayscale,
        drawn.blur,
        drawn.solarize,
        drawn.top > 3,
        drawn.order[:, 0] > 1,
    ]
    correlation = torch.corrcoef(torch.stack(decisions).double()) - torch.eye(len(decisions))
    assert correlation.abs().max() < 5 / len(MANY) ** 0.5


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("size", 0, "size must be >= 1 px, got 0"),
        ("crop_scale", (0.0, 1.0), "crop_scale must be 0 < lo <= hi <= 1, got (0.0, 1.0)"),
        ("crop_scale", (0.5, 1.5), "crop_scale must be 0 < lo <= hi <= 1, got (0.5, 1.5)"),
        ("crop_ratio", (2.0, 1.0), "crop_ratio must be 0 < lo <= hi < inf, got (2.0, 1.0)"),
        ("flip", 1.5, "flip must be a probability in [0, 1], got 1.5"),
        ("solarize_p", -0.1, "solarize_p must be a probability in [0, 1], got -0.1"),
        ("jitter", (0.4, -1.0, 0.4, 0.1), "jitter contrast must be finite and >= 0, got -1.0"),
        ("jitter", (0.4, 0.4, 0.4, 0.7), "jitter hue must be in [0, 0.5], got 0.7"),
        ("jitter", (0.4, 0.4, 0.4), "jitter must have 4 values, got (0.4, 0.4, 0.4)"),
        ("blur_sigma", (0.0, 1.0), "blur_sigma must be 0 < lo <= hi < inf, got (0.0, 1.0)"),
        ("blur_kernel", 4, "blur_kernel must be odd and >= 1, got 4"),
        ("blur_kernel", 65, "blur_kernel must be < 2 * size = 64, got 65"),
        ("std", (0.2, 0.0, 0.2), "std must be > 0 in every channel, got (0.2, 0.0, 0.2)"),
        ("mean", (0.5,), "mean must have 3 values, got (0.5,)"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_in_one_line(
    policy: ViewConfig, field: str, value: object, message: str
) -> None:
    with pytest.raises(ValueError, match=r"^views: ") as caught:
        ViewConfig(**{**dataclasses.asdict(policy), field: value})
    assert str(caught.value) == f"views: {message}"
