import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor
from torchvision.transforms.v2.functional import normalize

from downstream.backbone import Backbone, BackboneSpec, load_backbone, save_backbone

STATISTICS = ((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def spec(depth: int = 10, width: float = 0.125, stem: str = "cifar") -> BackboneSpec:
    return BackboneSpec(depth, width, stem, *STATISTICS)


def scrambled(backbone: Backbone) -> Backbone:
    """Batch norm with statistics and factors of a network that has been trained."""
    stream = torch.Generator().manual_seed(1)
    for name, value in backbone.state_dict().items():
        if value.is_floating_point() and value.ndim == 1:
            value.copy_(torch.rand(value.shape, generator=stream) + (0.5 if "var" in name or "weight" in name else 0))
    return backbone


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_standard_networks_have_torchvisions_keys_and_give_its_features(depth: int) -> None:
    torch.manual_seed(0)
    backbone = scrambled(Backbone(spec(depth, 1.0, "imagenet"))).eval()
    reference = torchvision.models.get_model(f"resnet{depth}", weights=None)
    left = reference.load_state_dict(backbone.state_dict(), strict=False)
    assert (left.missing_keys, left.unexpected_keys) == (["fc.weight", "fc.bias"], [])
    reference.fc = torch.nn.Identity()
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(backbone(x), reference.eval()(x), rtol=0, atol=0)


def test_weights_start_with_torchvisions_statistics() -> None:
    torch.manual_seed(0)
    ours, theirs = Backbone(spec(18, 1.0, "imagenet")), torchvision.models.resnet18(weights=None)
    for name, weight in theirs.named_parameters():
        if not name.startswith("fc"):
            mine = ours.get_parameter(name)
            assert mine.mean().item() == pytest.approx(weight.mean().item(), abs=5e-3)
            assert mine.std().item() == pytest.approx(weight.std().item(), rel=0.1, abs=1e-6)


@pytest.mark.parametrize("depth", [10, 18, 34, 50])
@pytest.mark.parametrize("stem", ["imagenet", "cifar", "stl10", "unpooled"])
def test_stages_have_the_channels_and_strides_that_the_spec_names(depth: int, stem: str) -> None:
    chosen = spec(depth, 0.25, stem)
    backbone = Backbone(chosen).eval()
    with torch.inference_mode():
        maps = backbone.stages(torch.randn(1, 3, 64, 64))
    assert tuple(stage.shape[1] for stage in maps) == chosen.stage_dims
    assert tuple(64 // stage.shape[2] for stage in maps) == chosen.strides
    assert chosen.strides[0] == {"imagenet": 4, "cifar": 1, "stl10": 2, "unpooled": 2}[stem]


def test_width_scales_every_channel_but_leaves_at_least_eight() -> None:
    assert spec(18, 1.0).stage_dims == (64, 128, 256, 512)
    assert spec(50, 1.0).stage_dims == (256, 512, 1024, 2048)
    assert spec(18, 0.5).stage_dims == (32, 64, 128, 256)
    assert spec(18, 0.05).stage_dims == (8, 8, 13, 26)


def test_the_feature_is_the_average_of_the_last_stage() -> None:
    backbone = Backbone(spec()).eval()
    x = torch.randn(3, 3, 32, 32)
    with torch.inference_mode():
        h, last = backbone(x), backbone.stages(x)[3]
    assert h.shape == (3, 64)
    torch.testing.assert_close(h, last.flatten(2).sum(dim=2) / 16)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 77}, "backbone: depth must be one of [10, 18, 34, 50, 101, 152], got 77"),
        (
            {"stem": "vit"},
            "backbone: stem must be one of ['cifar', 'cifar_pad2', 'imagenet', 'stl10', 'unpooled'], got 'vit'",
        ),
        ({"width": 0.0}, "backbone: width must be in (0, 4], got 0.0"),
        (
            {"mean": (124.0, 116.0, 104.0)},
            "backbone: mean is that of images in [0, 1]; divide by 255? got (124.0, 116.0, 104.0)",
        ),
        ({"mean": (0.5, -0.1, 0.5)}, "backbone: mean is that of images in [0, 1]; divide by 255? got (0.5, -0.1, 0.5)"),
        (
            {"std": (58.0, 57.0, 57.0)},
            "backbone: std is that of images in [0, 1]; divide by 255? got (58.0, 57.0, 57.0)",
        ),
        ({"std": (0.2, 0.0, 0.2)}, "backbone: std must be > 0 in every channel, got (0.2, 0.0, 0.2)"),
    ],
)
def test_values_that_name_no_network_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        replace(spec(), **change)


def test_what_is_saved_is_loaded_to_the_last_bit(tmp_path: Path) -> None:
    backbone = scrambled(Backbone(spec()))
    save_backbone(backbone, tmp_path / "backbone.pth")
    loaded = load_backbone(tmp_path / "backbone.pth", spec())
    assert all(torch.equal(loaded.state_dict()[name], value) for name, value in backbone.state_dict().items())
    assert [path.name for path in tmp_path.iterdir()] == ["backbone.pth"]


def refusal(path: Path, *, wanted: BackboneSpec) -> str:
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: ") as caught:
        load_backbone(path, wanted)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda state: state.pop("layer3.0.bn2.running_var"), "layer3.0.bn2.running_var"),
        (lambda state: state.update({"fc.weight": torch.zeros(3)}), "fc.weight"),
        (lambda state: state.update({"conv1.weight": torch.zeros(8, 3, 7, 7)}), "conv1.weight"),
        (
            lambda state: state.update({f"module.{name}": state.pop(name) for name in list(state)}),
            "module.conv1.weight",
        ),
    ],
)
def test_a_load_that_would_be_partial_is_refused(change: Any, wanted: str, tmp_path: Path) -> None:
    state: dict[str, Tensor] = dict(Backbone(spec()).state_dict())
    change(state)
    torch.save(state, tmp_path / "backbone.pth")
    assert wanted in refusal(tmp_path / "backbone.pth", wanted=spec())


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_backbone(Backbone(spec(18)), tmp_path / "backbone.pth")
    message = refusal(tmp_path / "backbone.pth", wanted=spec(10))
    assert "does not fit a ResNet-10 of width 0.125" in message


class Foreign:
    pass


@pytest.mark.parametrize("content", [[1, 2], Foreign()])
def test_a_file_that_holds_something_else_is_refused(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "backbone.pth")
    refusal(tmp_path / "backbone.pth", wanted=spec())


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_truncated_file_is_refused(share: float, tmp_path: Path) -> None:
    path = tmp_path / "backbone.pth"
    save_backbone(Backbone(spec()), path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    refusal(path, wanted=spec())


def test_images_are_normalised_as_torchvision_does_it() -> None:
    mine = BackboneSpec(depth=10, width=0.25, stem="cifar", mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.1))
    images = torch.randint(256, (3, 3, 5, 7), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    before = images.clone()
    expected = normalize(images / 255, list(mine.mean), list(mine.std))
    torch.testing.assert_close(mine.normalise(images), expected)
    assert torch.equal(images, before)
