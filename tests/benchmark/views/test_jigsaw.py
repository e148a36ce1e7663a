import dataclasses

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

from benchmark.views import JigsawConfig, ViewConfig, ViewPolicy
from benchmark.views.jigsaw import cut
from benchmark.views.parameters import draw

SIDE, CELL, PATCH = 36, 12, 9


def random_images(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def numbered(count: int) -> Tensor:
    """Squares whose pixels say where they are: channel 0 the row, 1 the column, 2 the image."""
    places = torch.arange(SIDE).float()
    return torch.stack(
        [
            torch.stack([places.view(-1, 1).expand(SIDE, SIDE), places.expand(SIDE, SIDE), torch.full((SIDE, SIDE), i)])
            for i in range(count)
        ]
    )


@pytest.fixture
def config() -> JigsawConfig:
    return JigsawConfig(crop_scale=(0.6, 1.0), cell=CELL, patch=PATCH)


def test_every_patch_is_a_contiguous_piece_of_its_own_cell(config: JigsawConfig) -> None:
    patches = cut(numbered(50), config, seed=0, step=0, index=torch.arange(50))
    assert patches.shape == (50, 9, 3, PATCH, PATCH)
    for image, pieces in enumerate(patches):
        for cell, piece in enumerate(pieces):
            rows, columns, images = piece
            assert (images == image).all()
            top, left = int(rows[0, 0]), int(columns[0, 0])
            assert torch.equal(rows, (top + torch.arange(PATCH).float()).view(-1, 1).expand(PATCH, PATCH))
            assert torch.equal(columns, (left + torch.arange(PATCH).float()).expand(PATCH, PATCH))
            assert 0 <= top - cell // 3 * CELL <= CELL - PATCH
            assert 0 <= left - cell % 3 * CELL <= CELL - PATCH


def test_patches_lie_at_every_place_of_a_cell_about_equally_often(config: JigsawConfig) -> None:
    squares = numbered(1).expand(4000, -1, -1, -1)
    patches = cut(squares, config, seed=0, step=0, index=torch.arange(4000))
    offsets = (patches[:, :, :2, 0, 0] % CELL).long()
    counts = (offsets[..., 0] * 4 + offsets[..., 1]).flatten().bincount(minlength=16)
    assert ((counts - 36000 / 16).abs() < 5 * (36000 / 16) ** 0.5).all()


def test_patches_are_those_of_torchvisions_crop_of_the_whole_image(policy: ViewConfig) -> None:
    images, index = random_images(20, 3, 50, 64), torch.arange(20) + 7
    patches = ViewPolicy(policy, seed=3).patches(images, step=5, index=index)
    wider = dataclasses.replace(policy, crop_scale=policy.jigsaw.crop_scale)
    drawn = draw(wider, image_size=(50, 64), seed=3, step=5, index=index, view=2)
    squares = []
    for i, image in enumerate(images):
        box = [int(side[i]) for side in (drawn.top, drawn.left, drawn.height, drawn.width)]
        square = tv.resized_crop(tv.to_dtype(image, torch.float32, scale=True), *box, size=[SIDE] * 2, antialias=True)
        square = tv.horizontal_flip(square) if drawn.flip[i] else square
        squares.append(tv.normalize(square, list(policy.mean), list(policy.std)))
    expected = cut(torch.stack(squares), policy.jigsaw, seed=3, step=5, index=index)
    torch.testing.assert_close(patches, expected, rtol=0, atol=5e-5)


def test_patches_do_not_depend_on_the_rest_of_the_batch(policy: ViewConfig) -> None:
    images, index = random_images(100, 3, 40, 40), torch.arange(100) * 3
    whole = ViewPolicy(policy, seed=0).patches(images, step=4, index=index)
    for rows in (torch.tensor([17]), torch.arange(100).flip(0)):
        assert torch.equal(ViewPolicy(policy, seed=0).patches(images[rows], step=4, index=index[rows]), whole[rows])


def test_seed_step_and_index_all_change_where_is_cut(config: JigsawConfig) -> None:
    squares, index = numbered(1).expand(20, -1, -1, -1), torch.arange(20)
    base = cut(squares, config, seed=0, step=0, index=index)
    for seed, step, shift in ((1, 0, 0), (0, 1, 0), (0, 0, 20)):
        assert (cut(squares, config, seed=seed, step=step, index=index + shift) != base).flatten(1).any(1).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop_scale": (0.0, 1.0)}, r"jigsaw crop_scale must be 0 < lo <= hi <= 1, got \(0.0, 1.0\)"),
        ({"patch": 13}, r"jigsaw patch must be in \[1, cell = 12\], got 13"),
        ({"patch": 0}, r"jigsaw patch must be in \[1, cell = 12\], got 0"),
    ],
)
def test_a_puzzle_that_makes_no_sense_is_refused(
    config: JigsawConfig, change: dict[str, int | tuple[float, float]], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^views: {message}$"):
        dataclasses.replace(config, **change)  # type: ignore[arg-type]
