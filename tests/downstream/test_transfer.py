"""The weight-transfer check passes on a sound model, with mmdet's and mmseg's preprocessor, and catches mix-ups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from downstream import dense, mmcv_ops, transfer
from downstream.backbone import Backbone, BackboneSpec, in_colour, load_backbone, save_backbone
from downstream.colour import ColourSpace, ColourSpec
from downstream.pretrained_resnet import PretrainedResNet

mmcv_ops.install()
with dense.quiet():
    from mmdet.models import DetDataPreprocessor
    from mmseg.models import SegDataPreProcessor

SPEC = BackboneSpec(10, 0.125, "cifar", (0.48, 0.46, 0.41), (0.25, 0.24, 0.26))


class Dense(nn.Module):
    """What the check needs of a detector or segmentor."""

    backbone: PretrainedResNet
    data_preprocessor: Any

    def __init__(self, backbone: PretrainedResNet, data_preprocessor: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.data_preprocessor = data_preprocessor


class UnguardedResNet(PretrainedResNet):
    """Lets its batch norms follow the mode of the model."""

    def train(self, mode: bool = True) -> UnguardedResNet:
        nn.Module.train(self, mode)
        return self


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A backbone whose batch norms have seen data, so that every tensor matters."""
    torch.manual_seed(0)
    backbone = Backbone(SPEC)
    backbone(torch.randn(8, 3, 32, 32))
    save_backbone(backbone, tmp_path / "backbone.pth")
    return tmp_path / "backbone.pth"


def build(
    file: Path,
    *,
    kind: type[PretrainedResNet] = PretrainedResNet,
    preprocessor: Callable[..., nn.Module] = DetDataPreprocessor,
    changes: dict[str, Any] | None = None,
) -> Dense:
    settings = {
        "mean": [255 * value for value in SPEC.mean],
        "std": [255 * value for value in SPEC.std],
        "bgr_to_rgb": True,
    }
    backbone = kind(spec=asdict(SPEC), file=str(file), out_indices=(0, 1, 2, 3), frozen_stages=4, norm_eval=True)
    return Dense(backbone, preprocessor(**settings | (changes or {})))


@pytest.mark.parametrize("preprocessor", [DetDataPreprocessor, SegDataPreProcessor])
@pytest.mark.parametrize("training", [True, False])
def test_a_sound_model_passes_and_keeps_its_mode_and_statistics(
    file: Path, preprocessor: Callable[..., nn.Module], training: bool
) -> None:
    model = build(file, preprocessor=preprocessor).train(training)
    transfer.check(model, file=file, spec=SPEC)
    assert model.training is training
    source = load_backbone(file, SPEC).state_dict()
    assert all(torch.equal(tensor, source[name]) for name, tensor in model.backbone.network.state_dict().items())


@pytest.mark.parametrize(
    "changes",
    [
        {"bgr_to_rgb": False},
        {"mean": [255 * value for value in SPEC.mean[::-1]]},
        {"mean": [255 * SPEC.mean[0] + 1, *(255 * value for value in SPEC.mean[1:])]},
        {"std": [1.0, 1.0, 1.0]},
    ],
    ids=["BGR", "mean in BGR order", "mean off by one", "no std"],
)
@pytest.mark.parametrize("preprocessor", [DetDataPreprocessor, SegDataPreProcessor])
def test_a_wrong_input_is_caught(file: Path, preprocessor: Callable[..., nn.Module], changes: dict[str, Any]) -> None:
    model = build(file, preprocessor=preprocessor, changes=changes)
    with pytest.raises(ValueError, match=r"^weight transfer: stage 1 .*evaluation mode.*channel order, mean, std"):
        transfer.check(model, file=file, spec=SPEC)


def test_batch_norm_in_training_mode_is_caught(file: Path) -> None:
    model = build(file, kind=UnguardedResNet)
    with pytest.raises(ValueError, match=r"^weight transfer: stage 1 .*training mode.*batch norm"):
        transfer.check(model, file=file, spec=SPEC)


def test_a_missing_tensor_is_named(file: Path) -> None:
    model = build(file)
    model.backbone.network.layer3.get_submodule("0").conv2 = nn.Identity()
    with pytest.raises(
        ValueError, match=r"^weight transfer: (\d+) of \d+ tensors.*missing: layer3\.0\.conv2\.weight; other"
    ):
        transfer.check(model, file=file, spec=SPEC)


@pytest.mark.parametrize("name", ["conv1.weight", "layer2.0.downsample.0.weight", "layer4.0.bn2.running_var"])
def test_a_tensor_with_other_values_is_named(file: Path, name: str) -> None:
    model = build(file)
    model.backbone.network.state_dict()[name].zero_()
    with pytest.raises(ValueError, match=rf"missing: none; other values: {name}$"):
        transfer.check(model, file=file, spec=SPEC)


def test_a_random_backbone_is_caught(file: Path) -> None:
    model = build(file)
    model.backbone.network = Backbone(SPEC)
    with pytest.raises(ValueError, match=r"other values: conv1\.weight, .* and \d+ more$"):
        transfer.check(model, file=file, spec=SPEC)


def test_other_features_from_equal_weights_are_caught(file: Path) -> None:
    model = build(file)
    model.backbone.network.maxpool = nn.MaxPool2d(2)
    with pytest.raises(ValueError, match="stage 1"):
        transfer.check(model, file=file, spec=SPEC)


@pytest.mark.parametrize("frozen", [-1, 0, 2, 4])
def test_frozen_stages_get_no_gradient_and_stay_in_evaluation_mode(file: Path, frozen: int) -> None:
    backbone = PretrainedResNet(
        spec=asdict(SPEC), file=str(file), out_indices=(3,), frozen_stages=frozen, norm_eval=False
    ).train()
    (features,) = backbone(torch.randn(2, 3, 32, 32))
    if frozen < 4:
        features.sum().backward()
    parts = [nn.ModuleList([backbone.network.conv1, backbone.network.bn1])]
    parts += [getattr(backbone.network, f"layer{stage}") for stage in range(1, 5)]
    for number, part in enumerate(parts):
        held = number <= frozen
        assert all((parameter.grad is None) is held for parameter in part.parameters())
        assert all(module.training is not held for module in part.modules() if isinstance(module, nn.BatchNorm2d))


def test_norm_eval_holds_the_batch_norms_of_a_trained_backbone(file: Path) -> None:
    backbone = PretrainedResNet(
        spec=asdict(SPEC), file=str(file), out_indices=(3,), frozen_stages=-1, norm_eval=True
    ).train()
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms
    assert not any(module.training for module in norms)
    assert backbone.network.conv1.training
    assert all(parameter.requires_grad for parameter in backbone.parameters())


def test_norm_frozen_takes_the_gradient_from_the_batch_norms_and_from_nothing_else(file: Path) -> None:
    backbone = PretrainedResNet(
        spec=asdict(SPEC), file=str(file), out_indices=(3,), frozen_stages=-1, norm_eval=True, norm_frozen=True
    ).train()
    for module in backbone.modules():
        wanted = not isinstance(module, nn.BatchNorm2d)
        assert all(parameter.requires_grad is wanted for parameter in module.parameters(recurse=False))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frozen_stages": 5}, "frozen_stages must be -1 to 4, got 5"),
        ({"out_indices": (4,)}, r"out_indices .* got \(4,\)"),
    ],
)
def test_impossible_backbone_options_are_refused(file: Path, changes: dict[str, Any], message: str) -> None:
    options = {"spec": asdict(SPEC), "file": str(file), "out_indices": (3,), "frozen_stages": 4, "norm_eval": True}
    with pytest.raises(ValueError, match=message):
        PretrainedResNet(**options | changes)  # type: ignore[arg-type]


def test_a_file_of_another_width_is_refused(file: Path) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        transfer.check(build(file), file=file, spec=replace(SPEC, width=0.25))


@pytest.fixture
def split(tmp_path: Path) -> tuple[Path, BackboneSpec]:
    """A backbone that splits its input by a colour space, and its spec."""
    torch.manual_seed(0)
    colour = ColourSpec("ydbdr", (0.434, -0.049, -0.028), (0.5, 1.169, 1.321), "nvp", blocks=2, hidden=2)
    plain = Backbone(SPEC)
    plain(torch.randn(8, 3, 32, 32))
    save_backbone(in_colour(plain, ColourSpace(colour, mean=SPEC.mean, std=SPEC.std)), tmp_path / "split.pth")
    return tmp_path / "split.pth", replace(SPEC, colour=colour)


@pytest.mark.parametrize("frozen", [-1, 4])
def test_a_backbone_that_splits_colours_passes_and_its_colour_space_is_never_trained(
    split: tuple[Path, BackboneSpec], frozen: int
) -> None:
    file, spec = split
    backbone = PretrainedResNet(
        spec=asdict(spec), file=str(file), out_indices=(0, 1, 2, 3), frozen_stages=frozen, norm_eval=True
    )
    settings = {"mean": [255 * value for value in SPEC.mean], "std": [255 * value for value in SPEC.std]}
    transfer.check(Dense(backbone, DetDataPreprocessor(**settings, bgr_to_rgb=True)), file=file, spec=spec)
    names = [name for name, parameter in backbone.named_parameters() if parameter.requires_grad]
    assert bool(names) is (frozen < 4)
    assert not any("colour" in name for name in names)


def test_another_colour_space_in_the_model_is_named(split: tuple[Path, BackboneSpec]) -> None:
    file, spec = split
    backbone = PretrainedResNet(spec=asdict(spec), file=str(file), out_indices=(3,), frozen_stages=4, norm_eval=True)
    backbone.network.state_dict()["colour.matrix"].mul_(1.1)
    settings = {"mean": [255 * value for value in SPEC.mean], "std": [255 * value for value in SPEC.std]}
    with pytest.raises(ValueError, match=r"other values: colour\.matrix$"):
        transfer.check(Dense(backbone, DetDataPreprocessor(**settings, bgr_to_rgb=True)), file=file, spec=spec)
