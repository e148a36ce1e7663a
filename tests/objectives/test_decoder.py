import pytest
import torch

from objectives.decoder import Decoder


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_features_become_images_of_the_size_asked_for(size: int) -> None:
    assert Decoder(10, size)(torch.randn(3, 10)).shape == (3, 3, size, size)


@pytest.mark.parametrize("size", [4, 20, 48, 33])
def test_sizes_that_doubling_does_not_reach_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"^decoder: the image side must be 4 times a power of two, got {size}$"):
        Decoder(10, size)


def test_other_first_maps_reach_other_sizes() -> None:
    assert Decoder(10, 48, start=6)(torch.randn(2, 10)).shape == (2, 3, 48, 48)


def test_outputs_are_not_bounded() -> None:
    torch.manual_seed(0)
    images = Decoder(10, 16)(100 * torch.randn(8, 10)).detach()
    assert images.min() < 0 < images.max()
