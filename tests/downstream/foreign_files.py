"""Files in the layouts of other tools, their keys written by hand from the state dict of a ResNet."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

State = dict[str, Tensor]
HEAD = {"weight": torch.ones(3, 4), "bias": torch.zeros(3)}


def under(prefix: str, state: State) -> State:
    return {prefix + name: value for name, value in state.items()}


def other(state: State) -> State:
    """A second network in the file, of other values."""
    return {name: value + 1 for name, value in state.items()}


def numbered(state: State) -> State:
    """As `nn.Sequential(*resnet.children())` has it."""
    numbers = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
    return {".".join([numbers[name.partition(".")[0]], name.partition(".")[2]]): value for name, value in state.items()}


def with_shortcuts(state: State, conv: str, norm: str) -> State:
    return {name.replace("downsample.0.", conv).replace("downsample.1.", norm): value for name, value in state.items()}


def simclr_v2(state: State) -> State:
    """net.0: stem; net.1 to net.4: stages; in a block net.0, 2, 4: convolutions, net.1.0, 3.0, 5.0: batch norms."""
    renamed = {}
    for name, value in state.items():
        block = re.fullmatch(r"layer(\d)\.(\d+)\.(conv|bn)(\d)\.(\w+)", name)
        shortcut = re.fullmatch(r"layer(\d)\.(\d+)\.downsample\.([01])\.(\w+)", name)
        if block:
            stage, number, kind, which, rest = block.groups()
            place = 2 * (int(which) - 1) if kind == "conv" else f"{2 * int(which) - 1}.0"
            renamed[f"net.{stage}.blocks.{number}.net.{place}.{rest}"] = value
        elif shortcut:
            stage, number, which, rest = shortcut.groups()
            renamed[f"net.{stage}.blocks.{number}.projection.{'shortcut' if which == '0' else 'bn.0'}.{rest}"] = value
        else:
            renamed[name.replace("conv1.", "net.0.0.").replace("bn1.", "net.0.1.0.")] = value
    return renamed


def _moco(s: State) -> Any:
    query, key = under("module.encoder_q.", s), under("module.encoder_k.", other(s))
    heads = under("module.encoder_q.fc.", HEAD) | under("module.encoder_k.fc.0.", HEAD)
    queue = {"module.queue": torch.zeros(4, 8), "module.queue_ptr": torch.zeros(1, dtype=torch.long)}
    return {"epoch": 200, "arch": "resnet50", "state_dict": query | key | heads | queue, "optimizer": {"state": {}}}


def _moco_v3(s: State) -> Any:
    two = under("module.base_encoder.", s) | under("module.momentum_encoder.", other(s))
    return {"state_dict": two | under("module.base_encoder.fc.0.", HEAD) | under("module.predictor.0.", HEAD)}


def _dino(s: State) -> Any:
    student = under("module.backbone.", other(s)) | under("module.head.mlp.0.", HEAD)
    teacher = under("backbone.", s) | under("head.mlp.0.", HEAD)
    return {"student": student, "teacher": teacher, "epoch": 3, "args": argparse.Namespace(arch="resnet50", lr=0.1)}


def _solo_learn(s: State) -> Any:
    networks = under("backbone.", s) | under("momentum_backbone.", other(s))
    heads = under("classifier.", HEAD) | under("projector.0.", HEAD) | under("momentum_projector.0.", HEAD)
    return {"epoch": 1, "state_dict": networks | heads, "callbacks": {"best": np.float64(0.5)}}


def _mmselfsup(s: State) -> Any:
    networks = under("backbone.", s) | under("encoder_k.0.", other(s)) | under("neck.mlp.0.", HEAD)
    return {"meta": {"mmselfsup_version": "1.0"}, "state_dict": networks | {"queue": torch.zeros(2, 2)}}


def _byol(s: State) -> Any:
    online = under("online_encoder.net.", s) | under("online_encoder.projector.0.", HEAD) | under("net.", s)
    return online | under("target_encoder.net.", other(s)) | under("online_predictor.0.", HEAD)


def _lightly(s: State) -> Any:
    heads = under("projection_head.layers.0.", HEAD)
    return {"state_dict": under("backbone.", numbered(s)) | under("backbone_momentum.", numbered(other(s))) | heads}


def _lightly_dino(s: State) -> Any:
    student = under("student_backbone.", numbered(other(s))) | under("student_head.layers.0.", HEAD)
    return {"state_dict": student | under("teacher_backbone.", numbered(s)) | under("teacher_head.layers.0.", HEAD)}


def _bolts(s: State) -> Any:
    online = under("online_network.encoder.", s) | under("online_network.projector.model.0.", HEAD)
    target = under("target_network.encoder.", other(s)) | under("target_network.projector.model.0.", HEAD)
    return {"epoch": 1, "state_dict": online | target | under("predictor.model.0.", HEAD)}


def _vissl(s: State) -> Any:
    model = {"trunk": under("_feature_blocks.", s), "heads": under("0.clf.0.", HEAD)}
    return {"iteration": 1, "classy_state_dict": {"base_model": {"model": model, "meta": {}}, "phase_idx": 3}}


FILES: dict[str, Callable[[State], Any]] = {
    "torchvision": lambda s: s | under("fc.", HEAD),
    "timm": lambda s: {"arch": "resnet50", "state_dict_ema": s | under("fc.", HEAD), "epoch": 1},
    "moco": _moco,
    "moco_v3": _moco_v3,
    "simclr_sthalles": lambda s: {"state_dict": under("backbone.", s) | under("backbone.fc.0.", HEAD)},
    "simclr_spijkervet": lambda s: under("encoder.", s) | under("projector.0.", HEAD),
    "simclr_v2": lambda s: {"resnet": simclr_v2(s) | under("fc.", HEAD), "head": under("layers.0.", HEAD)},
    "infocl": lambda s: under("encoder.", with_shortcuts(s, "ds_conv1.", "ds_bn1.")) | under("projector.0.", HEAD),
    "pycontrast": lambda s: {
        "model": under("module.encoder.", s) | under("module.head.0.", HEAD) | under("module.head_jig.fc1.", HEAD),
        "model_ema": under("encoder.", other(s)),
        "opt": argparse.Namespace(method="InfoMin"),
    },
    "byol_lucidrains": _byol,
    "byol_yaox12": lambda s: {
        "model": under("module.online_network.encoder.", numbered(s))
        | under("module.online_network.projetion.l1.", HEAD)
        | under("module.target_network.encoder.", numbered(other(s)))
        | under("module.predictor.predictor.l1.", HEAD),
        "steps": 3,
    },
    "byol_yaox12_release": lambda s: {
        "online_backbone": under("module.", s),
        "target_backbone": under("module.", other(s)),
    },
    "byol_sthalles": lambda s: {
        "encoder_state_dict": numbered(s),
        "online_network_state_dict": under("encoder.", numbered(s)) | under("projetion.net.0.", HEAD),
        "target_network_state_dict": under("encoder.", numbered(other(s))),
    },
    "swav": lambda s: (
        under("module.", s) | under("module.projection_head.0.", HEAD) | {"module.prototypes.weight": torch.ones(5, 3)}
    ),
    "dino": _dino,
    "vicreg": lambda s: {"model": under("module.backbone.", s) | under("module.projector.0.", HEAD), "epoch": 1},
    "barlow_twins": lambda s: {
        "model": under("module.backbone.", s)
        | under("module.projector.0.", HEAD)
        | {"module.bn.running_mean": torch.zeros(3)}
    },
    "mmselfsup": _mmselfsup,
    "solo_learn": _solo_learn,
    "lightly": _lightly,
    "lightly_generator": lambda s: with_shortcuts(s, "shortcut.0.", "shortcut.1.") | under("linear.", HEAD),
    "lightly_dino": _lightly_dino,
    "bolts": _bolts,
    "vissl": _vissl,
    "wrapped": lambda s: {"state_dict": under("net.", s) | under("net.fc.", HEAD)},
    "backbone": lambda s: under("_orig_mod.backbone.", s) | under("_orig_mod.classifier.", HEAD),
}
"""Layout -> the content of a file in it, from a backbone's state dict."""

MORE: dict[str, tuple[str, Callable[[State], Any]]] = {
    "timm, both networks": ("timm", lambda s: {"arch": "x", "state_dict": other(s), "state_dict_ema": s}),
    "torchvision's references": (
        "timm",
        lambda s: {"model": other(s), "model_ema": under("module.", s) | {"n_averaged": torch.tensor(3)}, "epoch": 1},
    ),
    "SimCLR of bolts": (
        "bolts",
        lambda s: {
            "state_dict": under("encoder.", s) | under("encoder.fc.", HEAD) | under("projection.model.0.", HEAD)
        },
    ),
    "model.": ("wrapped", lambda s: {"state_dict": under("model.", s) | under("model.fc.", HEAD)}),
    "resnet.": ("wrapped", lambda s: under("resnet.", s)),
}
"""Further files: what they are -> their layout and their content."""

TWINS = {
    "moco_key": "moco",
    "moco_v3_momentum": "moco_v3",
    "pycontrast_ema": "pycontrast",
    "dino_student": "dino",
    "lightly_dino_student": "lightly_dino",
    "solo_learn_momentum": "solo_learn",
}
"""Layouts of the other network in the same file, whose values are those of `other`."""
