"""Colour spaces: what they map to, that they can be undone, how they stretch, and backbones that split by one."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from downstream.backbone import Backbone, BackboneSpec, in_colour, load_backbone, save_backbone
from downstream.colour import ColourSpace, ColourSpec, load_colour
from downstream.weights import write_weights

MEAN, STD = (0.48, 0.46, 0.41), (0.25, 0.24, 0.26)
YDBDR = ((0.434, -0.049, -0.028), (0.500, 1.169, 1.321))
FLOWS = [("rgb", "vp"), ("ydbdr", "vp"), ("rgb", "nvp"), ("ydbdr", "nvp")]


def spec(space: str = "ydbdr", flow: str = "vp", *, blocks: int = 4, hidden: int = 2) -> ColourSpec:
    mean, std = (MEAN, STD) if space == "rgb" else YDBDR
    return ColourSpec(space, mean, std, flow, *((0, 0) if flow == "none" else (blocks, hidden)))


def colour(space: str, flow: str, *, blocks: int = 4) -> ColourSpace:
    torch.manual_seed(0)
    return ColourSpace(spec(space, flow, blocks=blocks), mean=MEAN, std=STD).double()


def pixels(count: int = 2, side: int = 5) -> Tensor:
    return torch.randn(count, 3, side, side, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("space", "flow"), [("rgb", "none"), ("ydbdr", "none"), *FLOWS])
def test_the_inverse_gives_the_image_back(space: str, flow: str) -> None:
    g, x = colour(space, flow, blocks=7), pixels()
    torch.testing.assert_close(g.inverse(g(x)), x, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("space", "flow"), [("ydbdr", "none"), *FLOWS])
def test_log_det_is_that_of_the_jacobian_of_a_pixel(space: str, flow: str) -> None:
    g = colour(space, flow)
    for pixel in pixels(8, 1):
        jacobian = torch.autograd.functional.jacobian(lambda p: g(p.view(1, 3, 1, 1)).flatten(), pixel.flatten())
        assert isinstance(jacobian, Tensor)
        expected = torch.linalg.slogdet(jacobian)[1]
        torch.testing.assert_close(g.log_det(pixel[None]).squeeze(), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("space", ["rgb", "ydbdr"])
def test_additive_couplings_preserve_volume_and_the_scale_does_not(space: str) -> None:
    plain, kept, stretched = (colour(space, flow).log_det(pixels()) for flow in ("none", "vp", "nvp"))
    torch.testing.assert_close(kept, plain, rtol=0, atol=1e-12)
    assert (stretched - plain).abs().max() > 1e-3
    if space == "rgb":
        torch.testing.assert_close(kept, torch.zeros_like(kept), rtol=0, atol=1e-12)


def test_ydbdr_is_that_of_scikit_image_standardised() -> None:
    convert = pytest.importorskip("skimage.color").rgb2ydbdr
    rgb = np.random.default_rng(0).random((4, 6, 3))
    expected = (convert(rgb) - np.array(YDBDR[0])) / np.array(YDBDR[1])
    normalised = (torch.from_numpy(rgb) - torch.tensor(MEAN)) / torch.tensor(STD)
    found = colour("ydbdr", "none")(normalised.permute(2, 0, 1)[None])
    torch.testing.assert_close(found[0].permute(1, 2, 0), torch.from_numpy(expected), rtol=0, atol=1e-6)


def test_raw_rgb_with_the_statistics_of_the_input_is_the_input() -> None:
    x = pixels().float()
    assert torch.equal(colour("rgb", "none").float()(x), x)


def test_a_coupling_is_the_formula_of_its_docstring() -> None:
    g, x = colour("rgb", "nvp", blocks=2), pixels(1, 1)
    r, green, b = x.flatten().tolist()
    for block, (updated, others) in zip(g.blocks, ((0, (1, 2)), (1, (0, 2))), strict=True):
        values = [r, green, b]
        kept = torch.tensor([values[n] for n in others], dtype=torch.float64)
        stretch, shift = (_by_hand(block.get_submodule(name), kept) for name in ("scale", "shift"))
        values[updated] = values[updated] * np.exp(np.tanh(stretch)) + shift
        r, green, b = values
    assert g(x).flatten().tolist() == pytest.approx([r, green, b], abs=1e-12)


def _by_hand(net: nn.Module, kept: Tensor) -> float:
    """One output of two 1x1 convolutions as sums; a leading ReLU in every block but the first."""
    layers = list(net.children())
    if isinstance(layers[0], nn.ReLU):
        kept, layers = kept.clamp(min=0), layers[1:]
    (w1, b1), (w2, b2) = ([p.detach().squeeze() for p in layers[place].parameters()] for place in (0, 2))
    return float((w2 * (w1 @ kept + b1).clamp(min=0)).sum() + b2)


def test_the_halves_are_one_channel_and_the_two_others_and_the_rest_is_zero() -> None:
    g, x = colour("ydbdr", "vp"), pixels()
    first, second = g.halves(x)
    assert torch.equal(first[:, 0], g(x)[:, 0])
    assert torch.equal(second[:, 1:], g(x)[:, 1:])
    assert not first[:, 1:].any()
    assert not second[:, 0].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space": "lab"}, "colour: space must be one of ['rgb', 'ydbdr'], got 'lab'"),
        ({"flow": "glow"}, "colour: flow must be one of ['none', 'vp', 'nvp'], got 'glow'"),
        ({"std": (1.0, 0.0, 1.0)}, "colour: std must have 3 values > 0, got (1.0, 0.0, 1.0)"),
        ({"blocks": 0}, "colour: blocks must be >= 1, got 0"),
        ({"flow": "none"}, "colour: blocks must be 0, got 4"),
        ({"hidden": 0}, "colour: hidden must be >= 1, got 0"),
    ],
)
def test_values_that_name_no_colour_space_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        dataclasses.replace(spec(), **change)


def backbones() -> tuple[Backbone, Backbone, ColourSpace]:
    """A backbone as it is pretrained, the same with a colour space, and that."""
    torch.manual_seed(0)
    plain = Backbone(BackboneSpec(10, 0.125, "cifar", MEAN, STD))
    plain(torch.randn(8, 3, 16, 16))
    g = ColourSpace(spec(), mean=MEAN, std=STD)
    return plain.eval(), in_colour(plain, g).eval(), g


def test_a_backbone_with_a_colour_space_gives_the_mean_of_its_stages_on_the_halves() -> None:
    plain, whole, g = backbones()
    x = pixels(3, 16).float()
    with torch.inference_mode():
        halves = zip(*(plain.stages(half) for half in g.halves(x)), strict=True)
        for stage, (one, other) in zip(whole.stages(x), halves, strict=True):
            torch.testing.assert_close(stage, (one + other) / 2)
        assert whole(x).shape == (3, 64)


def test_its_file_holds_the_colour_space_beside_torchvisions_names_and_no_other_spec_reads_it(tmp_path: Path) -> None:
    plain, whole, g = backbones()
    path = tmp_path / "backbone.pth"
    save_backbone(whole, path)
    stored = torch.load(path, weights_only=True)
    assert set(stored) == set(plain.state_dict()) | {f"colour.{name}" for name in g.state_dict()}
    loaded = load_backbone(path, whole.spec)
    assert all(torch.equal(loaded.state_dict()[name], value) for name, value in stored.items())
    assert not any(parameter.requires_grad for name, parameter in loaded.named_parameters() if "colour" in name)
    for other in (plain.spec, dataclasses.replace(plain.spec, colour=spec("rgb", "none"))):
        with pytest.raises(ValueError, match="does not fit a ResNet-10"):
            load_backbone(path, other)


def test_the_same_seed_starts_the_same_backbone_with_and_without_a_colour_space() -> None:
    plain, whole, _ = backbones()
    starts = []
    for each in (plain.spec, whole.spec):
        torch.manual_seed(3)
        starts.append(Backbone(each).state_dict())
    assert all(torch.equal(starts[0][name], starts[1][name]) for name in starts[0])


def test_a_colour_space_is_loaded_as_it_was_written_and_no_other_one_reads_it(tmp_path: Path) -> None:
    _, _, g = backbones()
    write_weights(g, tmp_path / "colour.pth")
    loaded = load_colour(tmp_path / "colour.pth", g.spec, mean=MEAN, std=STD)
    assert torch.equal(loaded(pixels().float()), g(pixels().float()))
    with pytest.raises(ValueError, match="does not fit a colour space ydbdr, nvp, 4 blocks"):
        load_colour(tmp_path / "colour.pth", spec("ydbdr", "nvp"), mean=MEAN, std=STD)
