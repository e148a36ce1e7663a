import pytest
import torch
from torch import Tensor

from objectives.contract import Dims
from objectives.decoder import build_decoder, reconstruction_error


def dims(image: int, features: int = 10) -> Dims:
    return Dims(features=features, projection=4, image=image, classes=0)


@pytest.mark.parametrize("size", [8, 20, 32, 48, 64, 112])
def test_features_become_images_of_the_size_asked_for(size: int) -> None:
    assert build_decoder("mrcl", "light", dims(size))(torch.randn(3, 10)).shape == (3, 3, size, size)


# Weights counted by hand from papers.md: Linear without bias, BN (2 a channel), ConvT 3x3, the last one with bias.
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


def test_only_counted_pixels_enter_the_error() -> None:
    stream = torch.Generator().manual_seed(0)
    decoded, target = (torch.randn(2, 3, 4, 5, generator=stream, dtype=torch.float64) for _ in range(2))
    counted = (torch.rand(2, 1, 4, 5, generator=stream) < 0.4).double()
    squares = [
        float((decoded[n, c, y, x] - target[n, c, y, x]) ** 2)
        for n in range(2)
        for c in range(3)
        for y in range(4)
        for x in range(5)
        if counted[n, 0, y, x]
    ]
    assert reconstruction_error(decoded, target, counted=counted).item() == pytest.approx(sum(squares) / len(squares))
    everything: Tensor = reconstruction_error(decoded, target)
    torch.testing.assert_close(everything, torch.nn.functional.mse_loss(decoded, target))
