"""Proof that a detector or segmentor really runs on the pretrained backbone, before any of it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from downstream.backbone import Backbone, BackboneSpec, load_backbone

_TOLERANCE = 1e-4  # of a stage's largest value; float32 rounding stays below 1e-5, a mean off by 1/255 is above 1e-3
_SIDE = 128  # pixels of the probe image; a multiple of every padding that the stock preprocessors apply


class DenseModel(Protocol):
    """What the check needs of a detector or segmentor.

    Attributes:
        backbone: module with `out_indices`, the stages (0 to 3) that it returns.
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

    Every tensor of the file must be in `model.backbone` with equal values, and a fixed image must give the same stage
    outputs (within 1e-4 of the largest) in the source backbone and through `model.data_preprocessor` and
    `model.backbone`. A backbone without trainable parameters must do so in training mode too.

    Raises:
        ValueError: naming the tensors or the stage that differ.
    """
    device = next(model.backbone.parameters()).device
    source = load_backbone(file, spec).eval().to(device)
    _check_tensors(source.state_dict(), model.backbone.state_dict(), file=file)
    frozen = not any(parameter.requires_grad for parameter in model.backbone.parameters())
    training = model.training
    for mode in (False, True) if frozen else (False,):
        model.train(mode)
        _check_features(model, source, mode="training" if mode else "evaluation")
    model.train(training)


def _check_tensors(source: dict[str, Tensor], target: dict[str, Tensor], *, file: Path) -> None:
    """Compare by name; a wrapper may put one prefix before every name of the target."""
    first = min((name for name in target if name.endswith("conv1.weight")), key=len, default="")
    prefix = first.removesuffix("conv1.weight")
    missing = [name for name in source if prefix + name not in target]
    changed = [name for name in source if name not in missing and not torch.equal(source[name], target[prefix + name])]
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
