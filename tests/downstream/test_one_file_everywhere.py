"""One backbone.pth, read by the ResNets of torchvision, timm, mmdet and mmseg: equal features in every stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import torchvision
from mmengine.registry import DefaultScope, Registry
from torch import Tensor, nn

import downstream.pretrained_resnet  # noqa: F401  # registers the backbone for mmdet and mmseg
from downstream import dense, mmcv_ops, transfer
from downstream.backbone import Backbone, BackboneSpec, save_backbone
from downstream.checkpoints import import_backbone
from downstream.matching import describe

mmcv_ops.install()
with dense.quiet():
    import mmdet.models  # noqa: F401  # fills the registries
    import mmseg.models  # noqa: F401
    from mmdet.registry import MODELS as MMDET
    from mmseg.registry import MODELS as MMSEG

STANDARD = BackboneSpec(50, 1.0, "imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
REGISTRIES: dict[str, Registry] = {"mmdet": MMDET, "mmseg": MMSEG}


@torch.no_grad()
def trained(spec: BackboneSpec) -> Backbone:
    """A backbone whose batch norms have statistics, factors and shifts of their own."""
    torch.manual_seed(0)
    backbone = Backbone(spec)
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.uniform_(0.5, 1.5)
            module.bias.uniform_(-0.5, 0.5)
    backbone(torch.randn(4, 3, 64, 64))
    backbone.eval()
    return backbone


@pytest.fixture(scope="module")
def source() -> Backbone:
    return trained(STANDARD)


@pytest.fixture(scope="module")
def file(source: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backbone") / "backbone.pth"
    save_backbone(source, path)
    return path


@pytest.fixture
def image() -> Tensor:
    """A random photograph's worth of values, normalised."""
    pixels = torch.randint(256, (2, 3, 96, 64), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    return STANDARD.normalise(pixels)


def of_torchvision(file: Path) -> Callable[[Tensor], tuple[Tensor, ...]]:
    network = torchvision.models.resnet50()
    left = network.load_state_dict(torch.load(file, weights_only=True), strict=False)
    assert (left.missing_keys, left.unexpected_keys) == (["fc.weight", "fc.bias"], [])
    stages = {f"layer{stage}": f"layer{stage}" for stage in range(1, 5)}
    extract = torchvision.models.feature_extraction.create_feature_extractor(network.eval(), stages)
    return lambda x: tuple(extract(x).values())


def of_timm(file: Path) -> Callable[[Tensor], tuple[Tensor, ...]]:
    network = timm.create_model("resnet50", num_classes=0)
    network.load_state_dict(torch.load(file, weights_only=True))  # strict: with num_classes=0 there is no fc
    network.eval()
    return lambda x: tuple(network.forward_intermediates(x, intermediates_only=True)[1:])


def build(library: str, config: dict[str, Any]) -> Any:
    """Build a model of that library, whatever scope an earlier run in this process has left."""
    with DefaultScope.overwrite_default_scope(library):
        return REGISTRIES[library].build(config)


def of_mm(library: str) -> Callable[[Path], Callable[[Tensor], tuple[Tensor, ...]]]:
    def read(file: Path) -> Callable[[Tensor], tuple[Tensor, ...]]:
        settings = {"type": "ResNet", "depth": 50, "style": "pytorch", "norm_cfg": {"type": "BN"}}
        init = {"type": "Pretrained", "checkpoint": str(file)}
        network = build(library, {**settings, "init_cfg": init})
        assert type(network).__module__.startswith(library)
        network.init_weights()
        network.eval()
        return lambda x: tuple(network(x))

    return read


READERS = {"torchvision": of_torchvision, "timm": of_timm, "mmdet": of_mm("mmdet"), "mmseg": of_mm("mmseg")}


@pytest.mark.parametrize("library", READERS)
def test_another_librarys_resnet_50_gives_the_same_features_from_the_file(
    library: str, file: Path, source: Backbone, image: Tensor
) -> None:
    network = READERS[library](file)
    with torch.inference_mode():
        expected, actual = source.stages(image), network(image)
    assert len(actual) == 4
    for theirs, ours in zip(actual, expected, strict=True):
        torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-5)
        assert ours.std() > 0.1
    torch.testing.assert_close(actual[3].mean(dim=(2, 3)), source(image).detach(), rtol=1e-4, atol=1e-5)


def test_a_checkpoint_of_the_mm_stack_is_read_with_mmdets_own_features(image: Tensor, tmp_path: Path) -> None:
    """The names under `backbone.` are those of the ResNet that mmdet, mmseg and mmpretrain share."""
    torch.manual_seed(2)
    network: Any = build("mmdet", {"type": "ResNet", "depth": 18, "norm_eval": False})
    network.train()
    network(image)
    network.eval()
    state = {f"backbone.{name}": value for name, value in network.state_dict().items()}
    path = tmp_path / "epoch_200.pth"
    torch.save({"meta": {"epoch": 200}, "state_dict": state | {"head.fc.weight": torch.ones(2, 3)}}, path)
    spec = BackboneSpec(18, 1.0, "imagenet", STANDARD.mean, STANDARD.std)
    backbone, fit = import_backbone(path, spec, layout="auto")
    assert describe(fit) == "layout mmselfsup in state_dict: 120 of 120 tensors matched; left over: head.fc (1)"
    backbone.eval()
    with torch.inference_mode():
        for ours, theirs in zip(backbone.stages(image), network(image), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


class Detector(nn.Module):
    """mmdet's own ResNet with its weights from the file, and mmdet's preprocessor, as far as the check looks."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        init = {"type": "Pretrained", "checkpoint": str(file)}
        self.backbone = build("mmdet", {"type": "ResNet", "depth": 50, "init_cfg": init, "norm_eval": True})
        self.backbone.init_weights()
        settings = {name: [255 * value for value in getattr(STANDARD, name)] for name in ("mean", "std")}
        self.data_preprocessor = build("mmdet", {"type": "DetDataPreprocessor", "bgr_to_rgb": True, **settings})


def test_the_weight_transfer_check_reads_mmdets_own_resnet_too(file: Path) -> None:
    model = Detector(file)
    transfer.check(model, file=file, spec=STANDARD)
    model.backbone.state_dict()["layer3.4.conv2.weight"].zero_()
    with pytest.raises(ValueError, match=r"317 of 318 .* missing: none; other values: layer3\.4\.conv2\.weight$"):
        transfer.check(model, file=file, spec=STANDARD)


def test_a_dropped_key_is_caught_where_mmdets_loader_lets_it_pass(file: Path, tmp_path: Path) -> None:
    state = torch.load(file, weights_only=True)
    del state["layer2.3.bn3.weight"]
    torch.save(state, tmp_path / "backbone.pth")
    model = Detector(tmp_path / "backbone.pth")
    with pytest.raises(ValueError, match=r"317 of 318 .* missing: none; other values: layer2\.3\.bn3\.weight$"):
        transfer.check(model, file=file, spec=STANDARD)
    with pytest.raises(ValueError, match=r"layer2\.3\.bn3\.weight"):
        transfer.check(model, file=tmp_path / "backbone.pth", spec=STANDARD)


@pytest.mark.parametrize("library", REGISTRIES)
@pytest.mark.parametrize(
    "spec",
    [
        BackboneSpec(18, 0.25, "cifar", STANDARD.mean, STANDARD.std),
        BackboneSpec(50, 0.125, "imagenet", STANDARD.mean, STANDARD.std),
        BackboneSpec(10, 0.25, "unpooled", STANDARD.mean, STANDARD.std),
    ],
    ids=["cifar stem", "narrow", "unpooled"],
)
def test_a_backbone_that_only_this_project_has_is_there_for_mmdet_and_mmseg(
    library: str, spec: BackboneSpec, image: Tensor, tmp_path: Path
) -> None:
    source = trained(spec)
    save_backbone(source, tmp_path / "backbone.pth")
    settings = {"spec": asdict(spec), "file": str(tmp_path / "backbone.pth"), "out_indices": (0, 1, 2, 3)}
    network = build(library, {"type": "PretrainedResNet", "frozen_stages": -1, "norm_eval": True, **settings})
    network.eval()
    with torch.inference_mode():
        for theirs, ours in zip(network(image), source.stages(image), strict=True):
            assert torch.equal(theirs, ours)
