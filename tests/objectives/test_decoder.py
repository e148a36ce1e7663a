import pytest
import torch

from objectives.decoder import Decoder


@pytest.mark.parametrize("size", [8, 20, 32, 48, 64, 112])
def test_features_become_images_of_the_size_asked_for(size: int) -> None:
    assert Decoder(10, size)(torch.randn(3, 10)).shape == (3, 3, size, size)


@pytest.mark.parametrize("size", [4, 7, 33, 36])
def test_sizes_that_doubling_does_not_reach_are_refused(size: int) -> None:
    message = rf"^decoder: the image side must be 4, 5, 6 or 7 times a power of two, got {size}$"
    with pytest.raises(ValueError, match=message):
        Decoder(10, size)


def test_outputs_are_not_bounded() -> None:
    torch.manual_seed(0)
    images = Decoder(10, 16)(100 * torch.randn(8, 10)).detach()
    assert images.min() < 0 < images.max()
