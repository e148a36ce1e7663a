from typing import Any

import pytest
import torch
from tiny_network import COUNT, DIMS, TinyNetwork, gradients, network, views

from objectives.infonce import InfoNCE, info_nce
from objectives.mrcl import MRCL, block_mask


def build(**options: Any) -> MRCL:
    torch.manual_seed(4)
    return MRCL(DIMS, **options).double()


def stream(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("ratio", "hidden"), [(0.0, 0), (0.25, 4), (0.3, 5), (0.75, 12), (0.99, 16)])
def test_every_image_loses_the_same_number_of_whole_blocks(ratio: float, hidden: int) -> None:
    mask = block_mask(50, 12, block=3, ratio=ratio, generator=stream(0))
    assert mask.shape == (50, 1, 12, 12)
    assert set(mask.unique().tolist()) <= {0.0, 1.0}
    blocks = mask.unfold(2, 3, 3).unfold(3, 3, 3)  # (N, 1, 4, 4, 3, 3)
    assert ((blocks == blocks[..., :1, :1]).all(dim=-1).all(dim=-1)).all()
    assert ((1 - blocks[..., 0, 0]).sum(dim=(1, 2, 3)) == hidden).all()


def test_the_hidden_blocks_follow_from_the_generator_alone() -> None:
    first, again, other = (block_mask(9, 16, block=4, ratio=0.5, generator=stream(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])


def test_every_block_is_hidden_equally_often() -> None:
    mask = block_mask(4000, 4, block=1, ratio=0.25, generator=stream(3))
    share = 1 - mask.mean(dim=(0, 1))
    assert ((share - 0.25).abs() < 5 * (0.25 * 0.75 / 4000) ** 0.5).all()


def test_the_loss_is_the_one_written_out() -> None:
    objective, net, batch = build(temperature=0.2, ratio=0.5, blocks=4, weight=3.0), network(), views(labelled=False)
    net.generator.manual_seed(5)
    terms = objective(batch, net)

    same, noise = network(), stream(5)
    features, errors = [], []
    for x in (batch.x1, batch.x2):
        mask = block_mask(COUNT, DIMS.image, block=4, ratio=0.5, generator=noise)
        hidden = x.clone()
        for image in range(COUNT):
            for row in range(DIMS.image):
                for column in range(DIMS.image):
                    if mask[image, 0, row, column] == 0:
                        hidden[image, :, row, column] = 0
        features.append(same.encode(hidden).h)
    for h, x in zip(features, (batch.x1, batch.x2), strict=True):
        difference = (objective.decoder(h) - x).detach()
        errors.append(sum(float(value) ** 2 for value in difference.flatten()) / difference.numel())
    contrast = info_nce(same.project(features[0]), same.project(features[1]), temperature=0.2)
    assert terms["contrast"].item() == pytest.approx(contrast.item(), rel=1e-12)
    assert terms["reconstruct"].item() == pytest.approx(3 * sum(errors), rel=1e-12)


def test_without_mask_and_weight_it_is_infonce_bit_for_bit() -> None:
    def step(objective: MRCL | InfoNCE) -> tuple[torch.Tensor, TinyNetwork]:
        net = network().float()
        net.generator.manual_seed(6)
        batch = views(labelled=False)
        halved = type(batch)(batch.x1.float(), batch.x2.float(), None)
        loss = torch.stack(list(objective(halved, net).values())).sum()
        loss.backward()
        return loss, net

    reduced, net = step(build(ratio=0.0, weight=0.0, temperature=0.5).float())
    plain, base = step(InfoNCE(DIMS, temperature=0.5))
    assert torch.equal(reduced, plain)
    assert all(map(torch.equal, gradients(net), gradients(base)))
    assert all(map(torch.equal, net.state_dict().values(), base.state_dict().values()))


def test_the_defaults_share_the_temperature_of_infonce() -> None:
    assert build().temperature == InfoNCE(DIMS).temperature


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "mrcl: temperature must be > 0, got -1.0"),
        ({"ratio": 1.0}, r"mrcl: ratio must be in \[0, 1\), got 1.0"),
        ({"ratio": -0.1}, r"mrcl: ratio must be in \[0, 1\), got -0.1"),
        ({"blocks": 5}, "mrcl: blocks must divide the view's side of 16 pixels, got 5"),
        ({"blocks": 0}, "mrcl: blocks must divide the view's side of 16 pixels, got 0"),
        ({"weight": -2.0}, "mrcl: weight must be >= 0, got -2.0"),
        ({"weight": float("nan")}, "mrcl: weight must be >= 0, got nan"),
    ],
)
def test_bad_hyper_parameters_are_refused_in_one_line(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        build(**options)
