"""Rows that were pretrained elsewhere: a checkpoint that the user names, turned into a cell like any other."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.cells import Cell
from benchmark.config import BenchConfig, Row
from benchmark.errors import UserError, blaming_the_user, unknown
from benchmark.source_of_cells import IMPORTED, with_source
from downstream.backbone import DEPTHS, BackboneSpec
from downstream.checkpoints import digest, import_backbone
from downstream.layouts import LAYOUTS
from downstream.matching import Fit, describe
from objectives.registry import OBJECTIVES

_ARCHITECTURES = [f"resnet{depth}" for depth in DEPTHS]
_ENDINGS = (".tar", ".pth", ".pt", ".ckpt", ".bin", ".safetensors")
# Channel statistics of ImageNet, by which nearly every published checkpoint was fed.
_MEAN, _STD = "0.485,0.456,0.406", "0.229,0.224,0.225"
_DEFAULTS = {"arch": None, "layout": "auto", "name": None, "stem": "imagenet", "mean": _MEAN, "std": _STD}


@dataclass(frozen=True)
class Checkpoint:
    """What the user says of a file.

    Attributes:
        file: the file.
        name: name of its row.
        spec: the architecture that is in it, and how its input is normalised.
        layout: name of a layout, or "auto".
        normalised: whether the user said how the input is normalised; if not, a layout with statistics of its own
            decides.
    """

    file: Path
    name: str
    spec: BackboneSpec
    layout: str
    normalised: bool = True


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The options of a checkpoint; their defaults are filled in by `asked_for`, which sees what was given."""
    add = command.add_argument_group("a checkpoint from elsewhere").add_argument
    add("--checkpoint", type=Path, metavar="FILE", help="evaluate the backbone in FILE, whatever tool wrote it")
    add("--arch", metavar="NAME", help="resnet18, resnet50, ...; resnet50x2 is twice as wide")
    add(
        "--layout",
        metavar="NAME",
        help="how FILE names its tensors: auto (default: whichever gives all), or one of `clbench list`",
    )
    add("--name", metavar="NAME", help="name of its row (default: that of FILE)")
    add("--stem", metavar="NAME", help="imagenet (default), cifar, cifar_pad2 (solo-learn), stl10, unpooled")
    add("--mean", metavar="R,G,B", help=f"subtracted from images in [0, 1] (default the layout's own, or {_MEAN})")
    add("--std", metavar="R,G,B", help=f"then divided by (default the layout's own, or {_STD})")


def asked_for(arguments: argparse.Namespace) -> Checkpoint | None:
    """The checkpoint that the command line names, if it names one.

    Raises:
        UserError: an option is wrong, missing, or of no use beside the others.
    """
    given = {name: getattr(arguments, name) for name in _DEFAULTS if getattr(arguments, name) is not None}
    if arguments.checkpoint is None:
        if given:
            raise UserError(f"evaluate: --{next(iter(given))} goes with --checkpoint FILE")
        return None
    if arguments.objectives != "all":
        raise UserError(f"evaluate: --objectives and --checkpoint exclude each other, got {arguments.objectives!r}")
    if arguments.references:
        raise UserError(
            "evaluate: --references and --checkpoint exclude each other; bench --objectives random,supervised makes "
            "them, with --set model.depth=50 and the like for the architecture of the file"
        )
    if "arch" not in given:
        raise UserError("evaluate: --checkpoint needs --arch, such as resnet50")
    options = {**_DEFAULTS, **given}
    depth, width = _architecture(options["arch"])
    mean, std = (_channels(name, options[name]) for name in ("mean", "std"))
    names = [rule.name for rule in LAYOUTS]
    if options["layout"] not in ("auto", *names):
        raise unknown("layout", options["layout"], ["auto", *names])
    with blaming_the_user():
        spec = BackboneSpec(depth, width, options["stem"], mean=mean, std=std)
    name, normalised = options["name"] or _stem(arguments.checkpoint), "mean" in given or "std" in given
    return Checkpoint(arguments.checkpoint, name, spec, options["layout"], normalised)


def with_row(config: BenchConfig, checkpoint: Checkpoint) -> BenchConfig:
    """The config with the checkpoint as its only row.

    Raises:
        UserError: its name is no name for a row, or is taken.
    """
    name, spec = checkpoint.name, checkpoint.spec
    if not re.fullmatch(r"[\w.+-]+", name):
        raise UserError(f"name: letters, digits and any of . _ + - are allowed, got {name!r}; choose one by --name")
    if name in OBJECTIVES.module_dict or name in config.rows:
        raise UserError(f"name: {name!r} is a row already; choose another one by --name")
    model = replace(config.model, depth=spec.depth, width=spec.width, stem=spec.stem)
    views = replace(config.views, mean=spec.mean, std=spec.std, generator=None)
    return replace(config, rows={name: Row(IMPORTED, replace(config, model=model, views=views, rows={}))})


def examine(checkpoint: Checkpoint) -> tuple[Checkpoint, dict[str, Any], str]:
    """Read the file once, before anything is computed.

    Returns:
        The checkpoint with the input statistics of its layout where the user gave none, what of it enters the key of
        its cell, and one line on what was found.

    Raises:
        UserError: it is not the whole of such a backbone, or layouts that feed images differently fit equally well.
    """
    with blaming_the_user():
        _, fit = import_backbone(checkpoint.file, checkpoint.spec, layout=checkpoint.layout)
    spec, whose = _fed(checkpoint, fit)
    inputs = {
        "row": checkpoint.name,
        "objective": IMPORTED,
        "arguments": {"sha256": digest(checkpoint.file), "layout": fit.layout.name},
        "model": {"depth": spec.depth, "width": spec.width, "stem": spec.stem},
        "input": [spec.mean, spec.std],
    }
    strides = "/".join(map(str, spec.strides))
    fed = f"{spec.stem} stem, strides {strides}, input by {whose} mean {_text(spec.mean)} std {_text(spec.std)}"
    return replace(checkpoint, spec=spec), inputs, f"{checkpoint.name}: {describe(fit)}; {fed}"


def _fed(checkpoint: Checkpoint, fit: Fit) -> tuple[BackboneSpec, str]:
    """The spec with the statistics that hold, and whose they are."""
    if checkpoint.normalised:
        return checkpoint.spec, "the given"
    if fit.tied:
        ways = {rule.name: _text(rule.statistics[0]) if rule.statistics else "ImageNet's" for rule in fit.tied}
        rules = ", ".join(f"{name} (mean {mean})" for name, mean in ways.items())
        raise UserError(
            f"{checkpoint.file}: these layouts fit equally well and feed images differently: {rules}; choose one by "
            "--layout, or give --mean and --std"
        )
    if fit.layout.statistics is None:
        return checkpoint.spec, "ImageNet's"
    mean, std = fit.layout.statistics
    return replace(checkpoint.spec, mean=mean, std=std), f"{fit.layout.name}'s"


def import_cell(inputs: dict[str, Any], name: str, *, row: str, seed: int) -> Cell:
    """The import of a checkpoint, as the pretraining that evaluations start from; `inputs` are those of `examine`."""
    own = {**inputs, "seed": seed}
    return with_source(Cell("pretrain", name, row, seed, task=None, family=None, upstream=None, inputs=own))


def _architecture(text: str) -> tuple[int, float]:
    """Depth and width of `resnet50`, `resnet50x2` or `resnet50w2`."""
    found = re.fullmatch(r"(resnet\d+)(?:[xw](\d+(?:\.\d+)?))?", text)
    if found is None or found[1] not in _ARCHITECTURES:
        raise unknown("architecture", text, _ARCHITECTURES)
    return int(found[1].removeprefix("resnet")), float(found[2] or 1)


def _channels(name: str, text: str) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(word) for word in text.split(","))
    except ValueError:
        raise UserError(f"{name}: three numbers such as {_DEFAULTS[name]} are allowed, got {text!r}") from None
    return red, green, blue


def _text(channels: tuple[float, float, float]) -> str:
    """As `--mean` takes it."""
    return ",".join(f"{channel:g}" for channel in channels)


def _stem(file: Path) -> str:
    """Name of a file without the endings that checkpoints have."""
    name = file.name
    while name.lower().endswith(_ENDINGS):
        name = name.rpartition(".")[0]
    return name
