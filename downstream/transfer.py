"""Proof that a detector or segmentor really runs on the pretrained backbone, before any of it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from downstream.backbone import Backbone, BackboneSpec, load_backbone
from downstream.pretrained_resnet import dilate

_TOLERANCE = 1e-4  # of a stage's largest value; float32 rounding stays below 1e-5, a mean off by 1/255 is above 1e-3
_SIDE = 128  # pixels of the probe image; a multiple of every padding that the stock preprocessors apply


class DenseModel(Protocol):
    """What the check needs of a detector or segmentor.

    Attributes:
        backbone: module with `out_indices`, the stages (0 to 3) that it returns, and `dilated`, those that have lost
            their stride, if there are any.
        data_preprocessor: maps mm's batch of BGR images to normalised inputs.
        training: mode of the model.
    """

    backbone: Any
    data_preprocessor: Any
    training: bool

    def train(self, mode: bool = True) -> Any:
        """Set the mode."""


def check(model: DenseModel, *, file: Path, spec: BackboneSpec) -> None:
    """Refuse a model whose backbone is not the one in `file`, fed the way it was pretrained.

    Every tensor of the file up to the last stage that is used must be in `model.backbone` with equal values, and a
    fixed image must give the same stage outputs (within 1e-4 of the largest) in the source backbone and through
    `model.data_preprocessor` and `model.backbone`. A backbone without trainable parameters must do so in training mode
    too. Of a C4 detector, the last stage must be in `model.roi_head.shared_head`, with equal values, and give the same
    features for the same third stage.

    Raises:
        ValueError: naming the tensors or the stage that differ.
    """
    device = next(model.backbone.parameters()).device
    source = load_backbone(file, spec).eval().to(device)
    head = getattr(getattr(model, "roi_head", None), "shared_head", None)
    used = 4 if head is not None else max(model.backbone.out_indices) + 1
    weights = {name: value for name, value in source.state_dict().items() if _stage(name) <= used}
    _check_tensors(weights, _tensors(model.backbone) | _head_tensors(head), file=file)
    dilate(source, getattr(model.backbone, "dilated", ()))
    frozen = not any(parameter.requires_grad for parameter in model.backbone.parameters())
    training = model.training
    for mode in (False, True) if frozen else (False,):
        model.train(mode)
        _check_features(model, source, mode="training" if mode else "evaluation")
    model.train(False)
    if head is not None:
        _check_head(head, source)
    model.train(training)


def _stage(name: str) -> int:
    """Number of the stage (1 to 4) to which a tensor of the file belongs, 0 for the stem."""
    layer = name.partition(".")[0]
    return int(layer.removeprefix("layer")) if layer.startswith("layer") else 0


def _tensors(backbone: nn.Module) -> dict[str, Tensor]:
    """The tensors of a backbone under the names of the file; a wrapper may put one prefix before every name."""
    found = backbone.state_dict()
    first = min((name for name in found if name.endswith("conv1.weight")), key=len, default="conv1.weight")
    return {name.removeprefix(first.removesuffix("conv1.weight")): tensor for name, tensor in found.items()}


def _head_tensors(head: nn.Module | None) -> dict[str, Tensor]:
    """The tensors of the last stage in a shared head, under the names of the file."""
    found = {} if head is None else head.state_dict()
    return {name: tensor for name, tensor in found.items() if _stage(name) == 4}


def _check_tensors(source: dict[str, Tensor], target: dict[str, Tensor], *, file: Path) -> None:
    """Compare by name."""
    missing = [name for name in source if name not in target]
    changed = [name for name in source if name not in missing and not torch.equal(source[name], target[name])]
    if missing or changed:
        covered = len(source) - len(missing) - len(changed)
        raise ValueError(
            f"weight transfer: {covered} of {len(source)} tensors of {file} are in the model; "
            f"missing: {_some(missing)}; other values: {_some(changed)}"
        )


def _some(names: list[str]) -> str:
    """Up to three names and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more or "none"


@torch.no_grad()
def _check_features(model: DenseModel, source: Backbone, *, mode: str) -> None:
    image = _probe().to(next(source.parameters()).device)
    expected = _source_stages(image, source)
    # mm's image loaders give BGR; its preprocessor is to turn it round.
    batch = model.data_preprocessor({"inputs": [image.flip(0)], "data_samples": None}, False)
    actual = model.backbone(batch["inputs"])
    for index, features in zip(model.backbone.out_indices, actual, strict=True):
        error = _relative_error(features, expected[index])
        if not error <= _TOLERANCE:
            raise ValueError(
                f"weight transfer: stage {index + 1} gives other features for the same image than the pretrained "
                f"backbone ({mode} mode, relative error {error:.2g}, allowed {_TOLERANCE}); all weights are equal, so "
                "look at channel order, mean, std and batch norm"
            )


@torch.no_grad()
def _check_head(head: Any, source: Backbone) -> None:
    """The last stage in a shared head gives what that of the source backbone gives."""
    image = _probe().to(next(source.parameters()).device)
    third = _source_stages(image, source)[2]
    error = _relative_error(head(third), head.norm(source.layer4(third)))
    if not error <= _TOLERANCE:
        raise ValueError(
            f"weight transfer: stage 4 in the shared head gives other features for the same third stage than the "
            f"pretrained backbone (relative error {error:.2g}, allowed {_TOLERANCE}); all weights are equal, so look "
            "at its blocks, strides and batch norms"
        )


def _probe() -> Tensor:
    """A fixed RGB image (3, 128, 128) uint8 whose channels differ."""
    return torch.randint(256, (3, _SIDE, _SIDE), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def _source_stages(image: Tensor, source: Backbone) -> tuple[Tensor, ...]:
    stages: tuple[Tensor, ...] = source.stages(source.spec.normalise(image[None]))
    return stages


def _relative_error(actual: Tensor, expected: Tensor) -> float:
    if actual.shape != expected.shape:
        return float("inf")
    return float((actual - expected).abs().max() / expected.abs().max())
