import pytest
import torch
from torchvision.ops import roi_align

from downstream.roi_gradient import roi_align_gradient


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize(("ratio", "bins"), [(1, (3, 3)), (2, (5, 5)), (3, (2, 4))])
def test_the_gradient_is_torchvisions_for_regions_within_across_and_outside_the_image(
    ratio: int, bins: tuple[int, int], aligned: bool
) -> None:
    stream = torch.Generator().manual_seed(0)
    features = torch.randn(3, 4, 9, 13, generator=stream, dtype=torch.float64, requires_grad=True)
    corner, size = (torch.rand(40, 2, generator=stream, dtype=torch.float64) for _ in range(2))
    corner, size = corner * 70 - 15, size.square() * 40  # images of 52 x 36 pixels; some regions smaller than a point
    rois = torch.cat([torch.arange(40)[:, None] % 2, corner, corner + size], dim=1)  # the third image has none
    pooled = roi_align(features, rois, bins, spatial_scale=0.25, sampling_ratio=ratio, aligned=aligned)
    gradient = torch.randn(pooled.shape, generator=stream, dtype=torch.float64)
    (wanted,) = torch.autograd.grad(pooled, features, gradient)
    found = roi_align_gradient(gradient, rois, (3, 4, 9, 13), scale=0.25, ratio=ratio, aligned=aligned)
    torch.testing.assert_close(found, wanted)
    assert found[2].count_nonzero() == 0
    assert found[:2].count_nonzero() > 500


def test_no_gradient_is_kept_of_the_gradient() -> None:
    gradient = torch.ones(1, 2, 3, 3)
    rois = torch.tensor([[0.0, 0.0, 0.0, 8.0, 8.0]])
    with torch.no_grad():
        found = roi_align_gradient(gradient, rois, (1, 2, 8, 8), scale=1.0, ratio=2, aligned=True)
    assert not found.requires_grad
    assert found.sum() == pytest.approx(18)  # the weights of a bin sum to 1
