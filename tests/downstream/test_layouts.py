"""Every layout, on a file in that layout: the backbone comes out whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import lightly.models
import pytest
import timm
import torch
import torchvision
from foreign_files import FILES, HEAD, MORE, TWINS, other, under, with_shortcuts
from safetensors.torch import save_file
from torch import Tensor, nn

from downstream.backbone import Backbone, BackboneSpec, save_backbone
from downstream.checkpoints import import_backbone
from downstream.layouts import LAYOUTS
from downstream.matching import describe

SPEC = BackboneSpec(50, 0.125, "imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))


@cache
def trained(spec: BackboneSpec = SPEC) -> Backbone:
    """A backbone whose batch norms have seen data, so that every tensor matters."""
    torch.manual_seed(0)
    backbone = Backbone(spec)
    for _ in range(2):
        backbone(torch.randn(8, 3, 32, 32))
    backbone.eval()
    return backbone


@torch.inference_mode()
def assert_equal(backbone: Backbone, state: dict[str, Tensor], features: Tensor) -> None:
    own = backbone.state_dict()
    assert list(own) == list(state)
    assert all(torch.equal(own[name], value) for name, value in state.items())
    assert torch.equal(backbone.eval()(IMAGES), features)


def save(content: Any, path: Path) -> Path:
    torch.save(content, path)
    return path


def test_every_layout_has_a_file_here() -> None:
    assert {rule.name for rule in LAYOUTS} == {*FILES, *TWINS}
    assert {rule.name for rule in LAYOUTS if not rule.automatic} == set(TWINS)


@pytest.mark.parametrize("name", FILES)
def test_a_layout_is_found_and_gives_every_tensor(name: str, tmp_path: Path) -> None:
    source = trained()
    path = tmp_path / "checkpoint.pth.tar"
    torch.save(FILES[name](source.state_dict()), path, _use_new_zipfile_serialization=name != "moco")  # as in 2020
    backbone, fit = import_backbone(path, SPEC, layout="auto")
    assert (fit.layout.name, fit.unknown) == (name, [])
    assert f"layout {name}" in describe(fit)
    assert "318 of 318 tensors matched" in describe(fit)
    with torch.inference_mode():
        assert_equal(backbone, source.state_dict(), source(IMAGES))
    assert import_backbone(path, SPEC, layout=name)[1].layout.name == name


@pytest.mark.parametrize("kind", MORE)
def test_other_files_of_a_layout_are_found_too(kind: str, tmp_path: Path) -> None:
    source, (name, content) = trained(), MORE[kind]
    backbone, fit = import_backbone(save(content(source.state_dict()), tmp_path / "file.pth"), SPEC, layout="auto")
    assert (fit.layout.name, fit.unknown) == (name, [])
    with torch.inference_mode():
        assert_equal(backbone, source.state_dict(), source(IMAGES))


@pytest.mark.parametrize(("name", "file"), TWINS.items())
def test_the_other_network_of_a_file_can_be_chosen(name: str, file: str, tmp_path: Path) -> None:
    state = trained().state_dict()
    backbone, _ = import_backbone(save(FILES[file](state), tmp_path / "file.pth"), SPEC, layout=name)
    assert all(torch.equal(value, other(state)[key]) for key, value in backbone.state_dict().items())


@pytest.mark.parametrize("name", FILES)
def test_basic_blocks_are_found_too(name: str, tmp_path: Path) -> None:
    source = trained(BackboneSpec(18, 0.125, "cifar", SPEC.mean, SPEC.std))
    path = save(FILES[name](source.state_dict()), tmp_path / "file.pth")
    backbone, fit = import_backbone(path, source.spec, layout="auto")
    assert fit.layout.name == name
    with torch.inference_mode():
        assert_equal(backbone, source.state_dict(), source(IMAGES))


@pytest.mark.parametrize("name", FILES)
def test_safetensors_hold_any_of_the_state_dicts(name: str, tmp_path: Path) -> None:
    source = trained()
    content = FILES[name](source.state_dict())
    places = next(rule for rule in LAYOUTS if rule.name == name).containers
    flat = content
    for key in next((place for place in places if place.partition(".")[0] in content), "").split("."):
        flat = flat[key] if key else flat
    save_file({key: value.clone() for key, value in flat.items()}, tmp_path / "file.safetensors")
    backbone, _ = import_backbone(tmp_path / "file.safetensors", SPEC, layout=name)
    with torch.inference_mode():
        assert_equal(backbone, source.state_dict(), source(IMAGES))


def foreign(kind: str) -> tuple[nn.Module, str]:
    """A network of a library, and its architecture here."""
    torch.manual_seed(1)
    if kind == "lightly":
        return lightly.models.ResNetGenerator("resnet-18", width=0.25), "cifar"
    return torchvision.models.resnet18() if kind == "torchvision" else timm.create_model("resnet18"), "imagenet"


def pooled(network: nn.Module, x: Tensor) -> Tensor:
    """Features before the classifier, as the library itself computes them."""
    head = "linear" if hasattr(network, "linear") else "fc"
    seen: list[Tensor] = []
    hook = network.get_submodule(head).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(x)
    hook.remove()
    return seen[0]


@pytest.mark.parametrize("sequential", [False, True])
@pytest.mark.parametrize("kind", ["torchvision", "timm", "lightly"])
def test_a_librarys_own_network_gives_the_librarys_own_features(kind: str, sequential: bool, tmp_path: Path) -> None:
    network, stem = foreign(kind)
    network(torch.randn(4, 3, 32, 32))
    network.eval()
    numbers = sequential and kind == "torchvision"
    saved = nn.Sequential(*list(network.children())[:-1]) if numbers else network
    path = save({"state_dict": under("backbone." if numbers else "", saved.state_dict())}, tmp_path / "file.pth")
    spec = BackboneSpec(18, 0.25 if kind == "lightly" else 1.0, stem, SPEC.mean, SPEC.std)
    backbone, fit = import_backbone(path, spec, layout="auto")
    assert fit.layout.name == ("lightly" if numbers else "lightly_generator" if kind == "lightly" else "torchvision")
    x = IMAGES[..., :32, :32]  # lightly pools windows of 4
    with torch.inference_mode():
        torch.testing.assert_close(backbone.eval()(x), pooled(network, x))


def test_lightlys_numbered_generator_lacks_a_relu_and_is_refused(tmp_path: Path) -> None:
    network, stem = foreign("lightly")
    numbers = nn.Sequential(*list(network.children())[:-1])
    path = save(under("backbone.", numbers.state_dict()), tmp_path / "file.pth")
    with pytest.raises(ValueError, match="no layout gives all of it"):
        import_backbone(path, BackboneSpec(18, 0.25, stem, SPEC.mean, SPEC.std), layout="auto")


def test_infocls_shortcuts_on_cifar_have_other_names(tmp_path: Path) -> None:
    source = trained()
    state = under("encoder.", with_shortcuts(source.state_dict(), "shortcut.0.", "shortcut_bn."))
    backbone, fit = import_backbone(save(state, tmp_path / "file.pt"), SPEC, layout="auto")
    assert fit.layout.name == "infocl"
    with torch.inference_mode():
        assert_equal(backbone, source.state_dict(), source(IMAGES))


def test_this_projects_own_file_is_read(tmp_path: Path) -> None:
    source = trained()
    save_backbone(source, tmp_path / "backbone.pth")
    backbone, fit = import_backbone(tmp_path / "backbone.pth", SPEC, layout="auto")
    assert describe(fit) == "layout torchvision: 318 of 318 tensors matched; left over: nothing"
    with torch.inference_mode():
        assert_equal(backbone, source.state_dict(), source(IMAGES))


def test_counters_of_batch_norms_may_be_missing_and_are_said_to_be(tmp_path: Path) -> None:
    source = trained()
    state = {name: value for name, value in source.state_dict().items() if not name.endswith("num_batches_tracked")}
    backbone, fit = import_backbone(save(state, tmp_path / "old.pth"), SPEC, layout="auto")
    assert "265 of 318 tensors matched, 53 num_batches_tracked not in the file and set to 0" in describe(fit)
    assert torch.equal(backbone.state_dict()["bn1.num_batches_tracked"], torch.tensor(0))
    with torch.inference_mode():
        assert torch.equal(backbone.eval()(IMAGES), source(IMAGES))


def test_what_is_left_over_is_told_by_family_and_what_is_unknown_apart(tmp_path: Path) -> None:
    state = _moco_with_extra()
    _, fit = import_backbone(save(state, tmp_path / "file.pth"), SPEC, layout="auto")
    assert describe(fit) == (
        "layout moco in state_dict: 318 of 318 tensors matched; left over: encoder_k (318), encoder_k.fc (2), "
        "encoder_q.fc (2), queue (1), queue_ptr (1); unknown to this layout: decoder (2)"
    )


def _moco_with_extra() -> Any:
    content = FILES["moco"](trained().state_dict())
    content["state_dict"] |= under("module.decoder.0.", HEAD)
    return content


def test_other_networks_of_a_file_are_named(tmp_path: Path) -> None:
    path = save(FILES["dino"](trained().state_dict()), tmp_path / "file.pth")
    assert describe(import_backbone(path, SPEC, layout="auto")[1]) == (
        "layout dino in teacher: 318 of 318 tensors matched; left over: head.mlp (2); "
        "other networks in the file: student"
    )


def test_half_precision_is_read_as_it_is(tmp_path: Path) -> None:
    state = {
        name: value.half() if value.is_floating_point() else value for name, value in trained().state_dict().items()
    }
    backbone, _ = import_backbone(save(state, tmp_path / "file.pth"), SPEC, layout="auto")
    assert all(torch.equal(value, state[name].to(value.dtype)) for name, value in backbone.state_dict().items())


def test_two_networks_with_different_values_are_refused(tmp_path: Path) -> None:
    state = trained().state_dict()
    path = save({"state_dict": under("encoder_q.", state), "model": other(state)}, tmp_path / "file.pth")
    with pytest.raises(ValueError, match=r"several .* torchvision \(model\), moco \(state_dict\); choose one"):
        import_backbone(path, SPEC, layout="auto")
    assert torch.equal(import_backbone(path, SPEC, layout="torchvision")[0].bn1.bias, other(state)["bn1.bias"])


def test_the_network_beside_an_averaged_one_is_had_by_its_own_layout(tmp_path: Path) -> None:
    state = trained().state_dict()
    path = save({"state_dict": state, "state_dict_ema": other(state)}, tmp_path / "file.pth")
    backbone, fit = import_backbone(path, SPEC, layout="auto")
    assert "layout timm in state_dict_ema: 318 of 318" in describe(fit)
    assert describe(fit).endswith("other networks in the file: state_dict")
    assert torch.equal(backbone.bn1.bias, other(state)["bn1.bias"])
    assert torch.equal(import_backbone(path, SPEC, layout="torchvision")[0].bn1.bias, state["bn1.bias"])


def test_an_averaged_network_that_is_not_whole_decides_nothing(tmp_path: Path) -> None:
    state = trained().state_dict()
    path = save({"state_dict": state, "state_dict_ema": {"bn1.bias": state["bn1.bias"]}}, tmp_path / "file.pth")
    assert import_backbone(path, SPEC, layout="auto")[1].container == "state_dict"


@pytest.mark.parametrize("name", FILES)
def test_one_missing_tensor_is_named_and_nothing_is_loaded(name: str, tmp_path: Path) -> None:
    state = trained().state_dict()
    del state["layer3.1.bn2.running_var"]
    path = save(FILES[name](state), tmp_path / "file.pth")
    for layout in ("auto", name):
        with pytest.raises(ValueError, match=r"with 317 of 318 tensors; missing layer3\.1\.bn2\.running_var; in the"):
            import_backbone(path, SPEC, layout=layout)


def _reshape(state: dict[str, Tensor]) -> None:
    state["layer2.0.conv1.weight"] = state["layer2.0.conv1.weight"][:-1]


def _spoil(state: dict[str, Tensor]) -> None:
    state["bn1.weight"] = state["bn1.weight"] * float("nan")


def _quantise(state: dict[str, Tensor]) -> None:
    state["bn1.weight"] = state["bn1.weight"].to(torch.int8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_reshape, r"317 of 318 tensors; other shapes layer2\.0\.conv1\.weight \(15, 32, 1, 1\) instead of \(16, 32"),
        (_spoil, r"weights must be finite floating-point numbers, bn1\.weight has other values$"),
        (_quantise, r"weights must be finite floating-point numbers, bn1\.weight has other values$"),
    ],
)
def test_a_tensor_of_another_shape_or_kind_is_named(
    change: Callable[[dict[str, Tensor]], None], message: str, tmp_path: Path
) -> None:
    state = trained().state_dict()
    change(state)
    with pytest.raises(ValueError, match=message):
        import_backbone(save(state, tmp_path / "file.pth"), SPEC, layout="auto")
