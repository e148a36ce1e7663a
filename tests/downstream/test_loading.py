from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from colour_tree import write_colours
from PIL import Image
from test_finetuning import PROBE
from torchvision.transforms.functional import center_crop, pil_to_tensor, resize

from downstream.datasets import open_splits
from downstream.images import Images
from downstream.loading import Sampling, as_tested, as_trained, batches


@pytest.fixture
def images(tmp_path: Path) -> Images:
    write_colours(tmp_path, each=6)
    return open_splits(PROBE, data_root=tmp_path).train


def picture(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("size", [(40, 30), (30, 45), (24, 24)])
def test_the_test_sees_the_resized_centre(size: tuple[int, int]) -> None:
    found = as_tested(replace(PROBE, image_size=16, resize=20))(picture(*size))
    assert torch.equal(found, pil_to_tensor(center_crop(resize(picture(*size), [20]), [16])))
    assert (found.shape, found.dtype) == ((3, 16, 16), torch.uint8)


def test_without_a_resize_the_whole_image_is_squeezed() -> None:
    found = as_tested(replace(PROBE, resize=0, interpolation="bicubic"))(picture(40, 30))
    assert torch.equal(found, pil_to_tensor(picture(40, 30).resize((16, 16), Image.Resampling.BICUBIC)))


def all_of(
    images: Images, sampling: Sampling | None, *, batch: int = 5, order: list[int] | None = None
) -> torch.Tensor:
    rows = torch.tensor(order or list(range(len(images))))
    seen = batches(images, as_trained(PROBE), order=rows, batch=batch, device="cpu", sampling=sampling)
    pixels, labels = zip(*seen, strict=True)
    assert torch.equal(torch.cat(labels), images.labels[rows])
    return torch.cat(pixels)


def test_an_images_crop_depends_on_seed_epoch_and_image_alone(images: Images) -> None:
    first = all_of(images, Sampling(1, 2))
    torch.manual_seed(99)
    assert torch.equal(all_of(images, Sampling(1, 2), batch=3), first)
    assert torch.equal(all_of(images, Sampling(1, 2), order=[7, 3]), first[[7, 3]])
    for other in (Sampling(2, 2), Sampling(1, 3)):
        assert not torch.equal(all_of(images, other), first)


def test_reading_leaves_the_global_random_stream_alone(images: Images) -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    all_of(images, Sampling(1, 2))
    assert torch.equal(torch.rand(3), wanted)


def test_crops_cover_the_share_of_the_area_that_was_asked_for() -> None:
    # An image whose red says the column and whose green says the row, so that a crop says what it covers.
    grid = np.stack([*np.meshgrid(np.arange(256), np.arange(256)), np.zeros((256, 256))], axis=-1).astype(np.uint8)
    crop = as_trained(replace(PROBE, crop_scale=(0.2, 0.5), flip=0.5, image_size=64, resize=64))
    torch.manual_seed(0)
    seen = [crop(Image.fromarray(grid)).float() for _ in range(300)]
    spans = torch.stack([each.amax(dim=(1, 2)) - each.amin(dim=(1, 2)) for each in seen])[:, :2]
    shares = (spans / 256).prod(dim=1)
    assert 0.17 < shares.min() < 0.23
    assert 0.45 < shares.max() < 0.52
    flipped = sum(bool(each[0, :, 0].mean() > each[0, :, -1].mean()) for each in seen)
    assert 100 < flipped < 200
