"""Files that are no checkpoint, or not the one that was meant."""

from __future__ import annotations

import argparse
import io
import pickle
import re
import tarfile
from collections import OrderedDict, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from lightning_fabric.utilities.data import AttributeDict
from mmengine.logging import HistoryBuffer
from omegaconf import OmegaConf
from refusals import SPEC, refusal, state
from safetensors.torch import save_file

from downstream.backbone import Backbone, BackboneSpec
from downstream.checkpoints import digest, import_backbone, read


def test_options_and_losses_beside_the_weights_are_no_hindrance(tmp_path: Path) -> None:
    buffer = HistoryBuffer()
    buffer.update(1.5)
    metadata = {
        "args": argparse.Namespace(lr=0.1, out=Path("x")),
        "best": np.float64(0.5),
        "step": np.int64(3),
        "curve": np.arange(3.0),
        "message_hub": {"log_scalars": OrderedDict(loss=buffer)},
        "hyper_parameters": AttributeDict(lr=0.1, method="simclr"),
        "config": OmegaConf.create({"data": {"dataset": "cifar10", "crops": [1, 2.0, None, True]}}),
        "state": defaultdict(int, step=1),
    }
    for zipped in (True, False):
        torch.save({"state_dict": state(), **metadata}, tmp_path / "f.pth", _use_new_zipfile_serialization=zipped)
        backbone, _ = import_backbone(tmp_path / "f.pth", SPEC, layout="auto")
        assert all(torch.equal(value, state()[name]) for name, value in backbone.state_dict().items())


def test_weights_that_are_arrays_are_refused_as_such(tmp_path: Path) -> None:
    arrays = {name: value.numpy() for name, value in state().items()}
    torch.save({"model": {"weights": arrays}, "epoch": 1}, tmp_path / "file.pth")
    assert "tensors are expected, got arrays of numpy" in refusal(tmp_path / "file.pth")


def test_the_format_of_a_file_is_known_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    save_file(state(), tmp_path / "pytorch_model.bin")
    torch.save(state(), tmp_path / "a.safetensors")
    torch.save(state(), tmp_path / "b.safetensors", _use_new_zipfile_serialization=False)
    for name in ("pytorch_model.bin", "a.safetensors", "b.safetensors"):
        backbone, _ = import_backbone(tmp_path / name, SPEC, layout="auto")
        assert all(torch.equal(value, state()[key]) for key, value in backbone.state_dict().items())


def test_a_whole_pickled_network_is_refused_with_its_class(tmp_path: Path) -> None:
    torch.save(torchvision.models.resnet18(), tmp_path / "file.pth")
    assert "asks for torchvision.models.resnet.ResNet" in refusal(tmp_path / "file.pth")


def test_the_old_tar_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.pth"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("storages", "tensors", "pickle"):
            content = pickle.dumps(0, protocol=2)
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    assert "refused, because it is the tar format of torch before 0.1.10" in refusal(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.pth", b""),
        ("text.pth", b"no checkpoint at all"),
        ("zeros.pth", bytes(100)),
        ("half.pth", None),
        ("empty.safetensors", b""),
        ("text.safetensors", b"no safetensors at all"),
        ("long.safetensors", b"\xff" * 64),
    ],
)
def test_garbage_is_refused_in_one_line(name: str, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / name
    if content is None:
        torch.save(state(), path)
        content = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(content)
    assert "does not read as" in refusal(path)


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_is_refused_or_read(seed: int, tmp_path: Path) -> None:
    """Whatever bytes change, a sentence comes out or tensors do, never another error."""
    torch.save(
        {"a": torch.ones(2), "args": argparse.Namespace(x=1)}, tmp_path / "f", _use_new_zipfile_serialization=False
    )
    content = bytearray((tmp_path / "f").read_bytes())
    stream = np.random.default_rng(seed)
    for place in stream.integers(0, len(content), 8):
        content[place] = stream.integers(0, 256)
    (tmp_path / "f").write_bytes(content)
    message = ""
    try:
        read(tmp_path / "f")
    except ValueError as error:
        message = str(error)
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "a state dict is expected, got list"),
        ({"epoch": 3}, "no layout finds a tensor of it; in the file: no tensors"),
        (
            {"weight": torch.ones(3), "head.bias": torch.ones(2)},
            r"finds a tensor of it; in the file: .* head \(1\), weight",
        ),
    ],
)
def test_a_file_without_a_backbone_is_refused(content: Any, message: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "file.pth")
    assert re.search(message, refusal(tmp_path / "file.pth"))


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    assert "a file is expected, got a folder" in refusal(tmp_path)
    assert "there is no such file" in refusal(tmp_path / "nothing.pth")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 34}, r"nearest is torchvision with 120 of 216 tensors; missing layer1\.2\.conv1\.weight"),
        ({"depth": 10}, r"with 72 of 72 tensors; of a larger network layer1\.1\.conv1\.weight, .* and \d+ more"),
        ({"depth": 50}, "missing .*; other shapes "),
        ({"width": 0.25}, r"other shapes conv1\.weight \(8, 3, 7, 7\) instead of \(16, 3, 7, 7\)"),
        ({"stem": "cifar"}, r"with 119 of 120 .* other shapes conv1\.weight \(8, 3, 7, 7\) instead of \(8, 3, 3, 3\);"),
    ],
)
def test_another_architecture_is_refused_and_says_in_what_it_differs(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    torch.save(state(), tmp_path / "file.pth")
    assert re.search(message, refusal(tmp_path / "file.pth", spec=replace(SPEC, **change)))


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({"depth": 50}, "ResNet-18 x0.125 (imagenet stem)"),
        ({"depth": 34, "stem": "cifar"}, "ResNet-18 x0.125 (imagenet stem)"),
        ({"stem": "stl10"}, "ResNet-18 x0.125 (imagenet stem)"),
        ({"width": 0.25}, "ResNet-18 x0.125 (imagenet stem)"),
        ({"depth": 34, "width": 2.0}, "ResNet-18 x0.125 (imagenet stem)"),
    ],
)
def test_a_refusal_says_first_which_architecture_the_file_holds(
    change: dict[str, Any], held: str, tmp_path: Path
) -> None:
    torch.save({"state_dict": state()}, tmp_path / "file.pth")
    message = refusal(tmp_path / "file.pth", spec=replace(SPEC, **change))
    assert f" stem): it holds a {held}; no layout gives all of it, nearest is torchvision" in message


def test_a_refusal_does_not_guess_at_a_network_that_is_none(tmp_path: Path) -> None:
    torch.save({name: value for name, value in state().items() if not name.startswith("layer3")}, tmp_path / "file.pth")
    assert "it holds" not in refusal(tmp_path / "file.pth", spec=replace(SPEC, depth=50))


def test_a_refusal_stays_short_whatever_is_in_the_file(tmp_path: Path) -> None:
    """Of every list three names are given: tensors, what they begin with, state dicts."""
    heads = {f"head_{number}.weight": torch.ones(1) for number in range(100)}
    torch.save({f"model_{number}": state() | heads for number in range(30)} | state(), tmp_path / "file.pth")
    message = refusal(tmp_path / "file.pth", spec=replace(SPEC, depth=50))
    assert len(message.removeprefix(str(tmp_path))) < 900
    assert "and 28 more" in message
    assert "and 98 more" in message


def test_a_deeper_network_is_not_cut_to_size(tmp_path: Path) -> None:
    """Every tensor of a ResNet-50 has a namesake of its shape in a ResNet-101."""
    deep = BackboneSpec(101, 0.125, "imagenet", SPEC.mean, SPEC.std)
    torch.save(Backbone(deep).state_dict(), tmp_path / "file.pth")
    message = refusal(tmp_path / "file.pth", spec=replace(deep, depth=50))
    assert "with 318 of 318 tensors; of a larger network layer3.6.conv1.weight" in message
    import_backbone(tmp_path / "file.pth", deep, layout="auto")


def test_an_unknown_layout_is_refused_with_all_there_are(tmp_path: Path) -> None:
    torch.save(state(), tmp_path / "file.pth")
    assert "layout must be auto or one of torchvision, timm, moco" in refusal(tmp_path / "file.pth", layout="mocco")


def test_the_digest_is_that_of_sha256sum(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert digest(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
