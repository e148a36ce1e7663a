"""The last stage as a C4 detector's head: it comes from the same file, and the check says where it does not."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import resnet50

from downstream import dense, mmcv_ops, transfer
from downstream.backbone import Backbone, BackboneSpec, load_backbone, save_backbone
from downstream.pretrained_resnet import PretrainedRes5, PretrainedResNet

mmcv_ops.install()
with dense.quiet():
    from mmdet.models import DetDataPreprocessor

NARROW = BackboneSpec(10, 0.125, "cifar", (0.48, 0.46, 0.41), (0.25, 0.24, 0.26))
SPECS = [NARROW, replace(NARROW, depth=18, width=0.25, stem="stl10"), replace(NARROW, depth=50, stem="imagenet")]
TENSORS = ["layer4.0.conv1.weight", "layer4.0.downsample.1.running_mean", "layer4.0.bn2.bias"]


class RoIHead(nn.Module):
    """What the check needs of a RoI head."""

    def __init__(self, shared_head: PretrainedRes5) -> None:
        super().__init__()
        self.shared_head = shared_head


class Detector(nn.Module):
    """What the check needs of a C4 detector."""

    backbone: PretrainedResNet
    data_preprocessor: Any
    roi_head: Any

    def __init__(self, file: Path, spec: BackboneSpec) -> None:
        super().__init__()
        fields: dict[str, Any] = {"spec": asdict(spec), "file": str(file)}
        self.backbone = PretrainedResNet(**fields, out_indices=(2,), frozen_stages=-1, norm_eval=False)
        self.roi_head = RoIHead(PretrainedRes5(**fields, extra_norm=True, frozen=False, norm_eval=False))
        mean, std = ([255 * value for value in values] for values in (spec.mean, spec.std))
        self.data_preprocessor = DetDataPreprocessor(mean=mean, std=std, bgr_to_rgb=True)


def write(folder: Path, spec: BackboneSpec) -> Path:
    """A backbone whose batch norms have seen data, so that every tensor matters."""
    torch.manual_seed(0)
    backbone = Backbone(spec)
    backbone(torch.randn(8, 3, 64, 64))
    save_backbone(backbone, folder / "backbone.pth")
    return folder / "backbone.pth"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.depth}-{spec.stem}")
def test_third_and_last_stage_together_are_the_backbone(spec: BackboneSpec, tmp_path: Path) -> None:
    file = write(tmp_path, spec)
    model = Detector(file, spec).eval()
    transfer.check(model, file=file, spec=spec)
    source = load_backbone(file, spec).eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        (third,) = model.backbone(images)
        last = model.roi_head.shared_head(third)
    assert last.shape[1] == spec.stage_dims[3]
    torch.testing.assert_close(last / (1 + 1e-5) ** -0.5, source.stages(images)[3])  # a fresh batch norm comes after it
    assert not any(name.startswith("network.layer4") for name in model.backbone.state_dict())


@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_of_the_head_with_other_values_is_named(name: str, tmp_path: Path) -> None:
    file = write(tmp_path, NARROW)
    model = Detector(file, NARROW)
    model.roi_head.shared_head.state_dict()[name].add_(1)
    with pytest.raises(ValueError, match=rf"^weight transfer: .*missing: none; other values: {name}$"):
        transfer.check(model, file=file, spec=NARROW)


@pytest.mark.parametrize("name", ["layer4.0.conv1.weight", "layer4.0.bn2.weight"])
def test_a_zeroed_tensor_of_the_head_is_named(name: str, tmp_path: Path) -> None:
    file = write(tmp_path, NARROW)
    model = Detector(file, NARROW)
    model.roi_head.shared_head.state_dict()[name].zero_()
    with pytest.raises(ValueError, match=rf"^weight transfer: .*missing: none; other values: {name}$"):
        transfer.check(model, file=file, spec=NARROW)


def test_a_tensor_that_the_head_lacks_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, NARROW)
    model = Detector(file, NARROW)
    model.roi_head.shared_head.layer4.get_submodule("0").conv2 = nn.Identity()
    with pytest.raises(ValueError, match=r"missing: layer4\.0\.conv2\.weight; other values: none$"):
        transfer.check(model, file=file, spec=NARROW)


def test_a_head_with_equal_weights_and_other_features_is_caught(tmp_path: Path) -> None:
    file = write(tmp_path, NARROW)
    model = Detector(file, NARROW)
    first: Any = model.roi_head.shared_head.layer4.get_submodule("0")
    first.conv1.stride = first.downsample[0].stride = (1, 1)
    with pytest.raises(ValueError, match=r"^weight transfer: stage 4 in the shared head gives other features"):
        transfer.check(model, file=file, spec=NARROW)


@pytest.mark.parametrize(("frozen", "norm_eval"), [(True, False), (False, True), (False, False)])
def test_what_is_frozen_in_the_head_gets_no_gradient_and_the_extra_norm_always_trains(
    frozen: bool, norm_eval: bool, tmp_path: Path
) -> None:
    file = write(tmp_path, NARROW)
    head = PretrainedRes5(spec=asdict(NARROW), file=str(file), extra_norm=True, frozen=frozen, norm_eval=norm_eval)
    head.train()
    assert not any(parameter.requires_grad is frozen for parameter in head.layer4.parameters())
    norms = [module for module in head.layer4.modules() if isinstance(module, nn.BatchNorm2d)]
    assert all(norm.training is not (frozen or norm_eval) for norm in norms)
    assert head.norm.training
    assert all(parameter.requires_grad for parameter in head.norm.parameters())


@pytest.mark.parametrize("dilated", [(3,), (2, 3)])
def test_dilated_stages_are_those_of_torchvision(dilated: tuple[int, ...], tmp_path: Path) -> None:
    spec = replace(NARROW, depth=50, width=1.0, stem="imagenet")
    file = write(tmp_path, spec)
    backbone = PretrainedResNet(
        spec=asdict(spec), file=str(file), out_indices=(3,), frozen_stages=-1, norm_eval=False, dilated=dilated
    ).eval()
    reference = resnet50(replace_stride_with_dilation=[stage in dilated for stage in (1, 2, 3)]).eval()
    reference.load_state_dict(torch.load(file, weights_only=True), strict=False)
    reference.avgpool, reference.fc = nn.Identity(), nn.Identity()
    images = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        (features,) = backbone(images)
        torch.testing.assert_close(features.flatten(1), reference(images))
    assert features.shape[2] == 96 // 32 * 2 ** len(dilated)


@pytest.mark.parametrize(
    ("depth", "dilated", "message"), [(50, (2,), r"last stages .* got \(2,\)"), (18, (3,), "needs a ResNet-50")]
)
def test_impossible_dilation_is_refused(depth: int, dilated: tuple[int, ...], message: str, tmp_path: Path) -> None:
    spec = replace(NARROW, depth=depth)
    with pytest.raises(ValueError, match=f"^backbone: dilated {message}|^backbone: dilated must be the {message}"):
        PretrainedResNet(
            spec=asdict(spec),
            file=str(write(tmp_path, spec)),
            out_indices=(3,),
            frozen_stages=-1,
            norm_eval=False,
            dilated=dilated,
        )
