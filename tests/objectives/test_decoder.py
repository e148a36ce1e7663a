import pytest
import references
import torch
from agreement import assert_agree, normal

from objectives.contract import Dims
from objectives.decoder import build_decoder, reconstruction_error


def dims(image: int, features: int = 10) -> Dims:
    return Dims(features=features, projection=4, image=image, classes=0)


@pytest.mark.parametrize("size", [8, 20, 32, 48, 64, 112])
def test_features_become_images_of_the_size_asked_for(size: int) -> None:
    assert build_decoder("mrcl", "light", dims(size))(torch.randn(3, 10)).shape == (3, 3, size, size)


# Weights of InfoCL's released decoders, counted by hand: Linear without bias, BN (2 a channel), ConvT 3x3, the last one
# with bias.
_32 = 512 * 1024 + 2 * 1024 + 9 * (64 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 2 * (256 + 128 + 64) + 3
_64 = 512 * 2048 + 2 * 2048 + 9 * (4 * 128 * 128 + 128 * 3) + 2 * 4 * 128 + 3
_224 = 2048 * 3136 + 2 * 3136 + 9 * (64 * 128 + 2 * 128 * 128 + 128 * 64 + 64 * 3) + 2 * (3 * 128 + 64) + 3


@pytest.mark.parametrize(("size", "features", "weights"), [(32, 512, _32), (64, 512, _64), (224, 2048, _224)])
def test_the_papers_decoders_have_the_papers_layers(size: int, features: int, weights: int) -> None:
    decoder = build_decoder("infocl", "infocl", dims(size, features))
    assert sum(parameter.numel() for parameter in decoder.parameters()) == weights
    assert decoder(torch.randn(2, features)).shape == (2, 3, size, size)


@pytest.mark.parametrize(
    ("kind", "size", "message"),
    [
        ("light", 33, "mrcl: decoder 'light' needs views of 4, 5, 6 or 7 times a power of two pixels, got 33"),
        ("light", 4, "mrcl: decoder 'light' needs views of 4, 5, 6 or 7 times a power of two pixels, got 4"),
        ("infocl", 48, "mrcl: decoder 'infocl' needs views of 32, 64, 224 pixels, got 48"),
        ("heavy", 32, "mrcl: decoder must be one of light, infocl, got 'heavy'"),
    ],
)
def test_a_decoder_that_does_not_fit_is_refused_in_one_line(kind: str, size: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        build_decoder("mrcl", kind, dims(size))


def test_outputs_are_not_bounded() -> None:
    torch.manual_seed(0)
    images = build_decoder("mrcl", "light", dims(16))(100 * torch.randn(8, 10)).detach()
    assert images.min() < 0 < images.max()


def test_the_error_agrees_with_a_loop_over_all_or_over_the_counted_pixels() -> None:
    decoded, target = normal((2, 3, 4, 5), (2, 3, 4, 5))
    counted = torch.rand(2, 1, 4, 5, generator=torch.Generator().manual_seed(0)) < 0.4
    pixels = {(image, row, column) for image, _, row, column in counted.nonzero().tolist()}
    everything = reconstruction_error(decoded, target)
    assert_agree(everything, references.mean_squared_error(decoded, target), (decoded, target))
    part = reconstruction_error(decoded, target, counted=counted.double())
    assert_agree(part, references.mean_squared_error(decoded, target, pixels), (decoded, target))


def test_the_error_of_a_fixed_batch_is_pinned() -> None:
    decoded, target = torch.arange(12.0).view(2, 3, 1, 2), torch.ones(2, 3, 1, 2)
    # (-1)^2 + 0^2 + 1^2 + ... + 10^2 = 386 over 12 elements.
    assert reconstruction_error(decoded, target).item() == pytest.approx(386 / 12, rel=1e-6)
    # The left pixel of the first image and the right one of the second: (1 + 1 + 9 + 36 + 64 + 100) / 6.
    counted = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).view(2, 1, 1, 2)
    assert reconstruction_error(decoded, target, counted=counted).item() == pytest.approx(211 / 6, rel=1e-6)
