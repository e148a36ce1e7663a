from typing import Any

import pytest
import references
import torch
from agreement import Side, assert_terms_agree
from torch import Tensor

from objectives.contract import Objective, Views
from objectives.infocl import InfoCL
from objectives.infonce import InfoNCE
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


def written_out(side: Side, *, fill: str, target: str, masked: str) -> dict[str, Tensor]:
    """The loss with weight 3: 0.3 of 16 blocks of 4 pixels are hidden, rounded to 5."""
    assert isinstance(side.objective, MRCL)
    net, decoder, noise = side.net, side.objective.decoder, side.net.generator
    projections, error = [], torch.zeros((), dtype=torch.float64)
    for x, whole in ((side.batch.x1, False), (side.batch.x2, masked == "first")):
        blocks = references.hidden_blocks(torch.rand(COUNT, 16, generator=noise), ratio=0.0 if whole else 0.3)
        hidden = references.block_pixels(blocks, block=4, size=DIMS.image)
        other = torch.randn(x.shape, generator=noise).double() if fill == "noise" else torch.zeros_like(x)
        h = net.encode(references.filled(x, hidden, other)).h
        projections.append(net.project(h))
        if target == "full" or not whole:
            counted = None if target == "full" else hidden
            error = error + references.mean_squared_error(decoder(h), x, counted)
    return {"contrast": references.nt_xent(*projections, temperature=0.2), "reconstruct": 3 * error}


@pytest.mark.parametrize(
    ("fill", "target", "masked"),
    [
        ("mean", "full", "both"),
        ("mean", "masked", "both"),
        ("mean", "full", "first"),
        ("mean", "masked", "first"),
        ("noise", "full", "both"),
    ],
)
def test_the_whole_loss_agrees_with_the_one_written_out_in_value_and_gradient(
    fill: str, target: str, masked: str
) -> None:
    base = {"type": "infonce", "temperature": 0.2}
    objective = build(base=base, ratio=0.3, blocks=4, weight=3.0, fill=fill, target=target, masked=masked)
    assert_terms_agree(objective, lambda side: written_out(side, fill=fill, target=target, masked=masked))


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
