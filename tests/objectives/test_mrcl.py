from typing import Any

import pytest
import torch

from objectives.contract import Objective, Views
from objectives.infocl import InfoCL
from objectives.infonce import InfoNCE, info_nce
from objectives.mrcl import MRCL, block_mask
from objectives.registry import load_objectives
from objectives.tiny_network import COUNT, DIMS, TinyNetwork, gradients, network, views

load_objectives()


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
    base = {"type": "infonce", "temperature": 0.2}
    objective, net, batch = build(base=base, ratio=0.5, blocks=4, weight=3.0), network(), views(labelled=False)
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

    reduced, net = step(build(ratio=0.0, weight=0.0).float())
    plain, base = step(InfoNCE(DIMS))
    assert torch.equal(reduced, plain)
    assert all(map(torch.equal, gradients(net), gradients(base)))
    assert all(map(torch.equal, net.state_dict().values(), base.state_dict().values()))


@pytest.mark.parametrize("base", ["barlow_twins", "byol", "infonce"])
def test_at_ratio_zero_it_is_rc_bit_for_bit(base: str) -> None:
    def step(objective: Objective) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        net, batch = network().float(), views(labelled=False)
        terms = list(objective.float()(Views(batch.x1.float(), batch.x2.float(), None), net).values())
        torch.stack(terms).sum().backward()
        return terms, [*gradients(net), *gradients(objective)]

    masked, found = step(build(base=base, ratio=0.0, weight=0.3))
    torch.manual_seed(4)
    rc, wanted = step(InfoCL(DIMS, base=base, regularizer="rc", weight=0.3))
    assert masked == rc
    assert all(map(torch.equal, found, wanted))


def test_hidden_pixels_are_filled_with_the_mean_or_with_noise() -> None:
    x = torch.full((40, 3, 16, 16), 5.0)
    mean, seen = build(ratio=0.5)._hide(x, 0.5, stream(1))
    noisy, again = build(ratio=0.5, fill="noise")._hide(x, 0.5, stream(1))
    assert torch.equal(seen, again)
    hidden = (seen == 0).expand_as(x)
    assert (mean[hidden] == 0).all()
    assert (noisy[~hidden] == 5).all()
    assert noisy[hidden].mean().item() == pytest.approx(0, abs=0.05)
    assert noisy[hidden].std().item() == pytest.approx(1, abs=0.05)


def test_the_masked_target_counts_hidden_pixels_alone() -> None:
    objective, net, batch = build(ratio=0.5, target="masked"), network(), views(labelled=False)
    net.generator.manual_seed(5)
    value = objective(batch, net)["reconstruct"]
    same, noise, wanted = network(), stream(5), 0.0
    for x in (batch.x1, batch.x2):
        mask = block_mask(COUNT, DIMS.image, block=2, ratio=0.5, generator=noise).double()
        squares = (objective.decoder(same.encode(x * mask).h) - x).detach().square()
        wanted += squares[(mask == 0).expand_as(squares)].mean().item()
    assert value.item() == pytest.approx(wanted, rel=1e-9)


def test_one_view_may_stay_whole() -> None:
    whole, half = (build(masked=masked, ratio=0.5, weight=0.0) for masked in ("both", "first"))
    net, same = network(), network()
    net.generator.manual_seed(5)
    same.generator.manual_seed(5)
    batch = views(labelled=False)
    mask = block_mask(COUNT, DIMS.image, block=2, ratio=0.5, generator=stream(5)).double()
    z1, z2 = (network().project(network().encode(x).h) for x in (batch.x1 * mask, batch.x2))
    wanted = info_nce(z1, z2, temperature=0.5)
    torch.testing.assert_close(half(batch, same)["contrast"], wanted, rtol=1e-9, atol=0)
    assert not torch.isclose(whole(batch, net)["contrast"], wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base": {"type": "infonce", "temperature": -1.0}}, "infonce: temperature must be > 0 and finite, got -1.0"),
        ({"base": "mrcl"}, "mrcl: base must be one of barlow_twins, byol, infonce, supervised, got 'mrcl'"),
        ({"fill": "zero"}, "mrcl: fill must be one of mean, noise, got 'zero'"),
        ({"target": "half"}, "mrcl: target must be one of full, masked, got 'half'"),
        ({"masked": "second"}, "mrcl: masked must be one of both, first, got 'second'"),
        (
            {"target": "masked", "ratio": 0.001},
            "mrcl: ratio must hide 1 to 63 of the 64 blocks, got 0.001",
        ),
        ({"ratio": 0.001}, "mrcl: ratio must hide 1 to 63 of the 64 blocks, got 0.001"),
        ({"ratio": 0.5, "blocks": 1}, "mrcl: ratio must hide 1 to 0 of the 1 blocks, got 0.5"),
        ({"ratio": 0.99, "blocks": 4}, "mrcl: ratio must hide 1 to 15 of the 16 blocks, got 0.99"),
        ({"ratio": 1.0}, r"mrcl: ratio must be in \[0, 1\), got 1.0"),
        ({"ratio": -0.1}, r"mrcl: ratio must be in \[0, 1\), got -0.1"),
        ({"blocks": 5}, "mrcl: blocks must divide the view's side of 16 pixels, got 5"),
        ({"blocks": 0}, "mrcl: blocks must divide the view's side of 16 pixels, got 0"),
        ({"weight": -2.0}, "mrcl: weight must be >= 0 and finite, got -2.0"),
        ({"weight": float("nan")}, "mrcl: weight must be >= 0 and finite, got nan"),
    ],
)
def test_bad_hyper_parameters_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        build(**options)
