"""The one backbone that every objective pretrains and every task evaluates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from downstream.colour import ColourSpace, ColourSpec
from downstream.weights import read_weights, write_weights

# Residual blocks per stage, Table 1 of He et al. 2016 (arXiv 1512.03385); 10 is the one-block form.
_STAGES: dict[int, tuple[type[BasicBlock | Bottleneck], tuple[int, int, int, int]]] = {
    10: (BasicBlock, (1, 1, 1, 1)),
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}
DEPTHS = tuple(_STAGES)
"""Layers of the networks that there are."""

# Kernel, stride and padding of the first convolution, and whether the max-pool follows.
# "stl10" is the cifar stem at stride 2, as InfoCL (arXiv 2203.07004) uses it at 64 pixels; "unpooled" is the imagenet
# stem as InfoMin's critics (arXiv 2005.10243) have it at 64 pixels; "cifar_pad2" is the cifar stem of solo-learn.
_STEMS: dict[str, tuple[int, int, int, bool]] = {
    "imagenet": (7, 2, 3, True),
    "cifar": (3, 1, 1, False),
    "cifar_pad2": (3, 1, 2, False),
    "stl10": (3, 2, 1, False),
    "unpooled": (7, 2, 3, False),
}


@dataclass(frozen=True)
class BackboneSpec:
    """What has to be known to build a backbone and to feed it.

    Attributes:
        depth: 10, 18, 34, 50, 101 or 152 layers.
        width: factor on the channel counts of the standard network (1.0 = torchvision's).
        stem: "imagenet" (7x7 stride 2, max-pool), "cifar" (3x3 stride 1), "cifar_pad2" (the same, padded by 2),
            "stl10" (3x3 stride 2) or "unpooled" (7x7 stride 2).
        mean: per-channel mean of the RGB input scaled to [0, 1].
        std: per-channel standard deviation, same scale.
        colour: the colour space by which the backbone splits its input; None if it takes RGB as it is.
    """

    depth: int
    width: float
    stem: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    colour: ColourSpec | None = None

    def __post_init__(self) -> None:
        """Refuse values that name no network."""
        if self.depth not in _STAGES:
            raise ValueError(f"backbone: depth must be one of {sorted(_STAGES)}, got {self.depth}")
        if self.stem not in _STEMS:
            raise ValueError(f"backbone: stem must be one of {sorted(_STEMS)}, got {self.stem!r}")
        if not 0 < self.width <= 4:
            raise ValueError(f"backbone: width must be in (0, 4], got {self.width}")
        if min(self.std) <= 0:
            raise ValueError(f"backbone: std must be > 0 in every channel, got {self.std}")
        for name, value in (("mean", self.mean), ("std", self.std)):
            if not all(0 <= channel <= 1 for channel in value):
                raise ValueError(f"backbone: {name} is that of images in [0, 1]; divide by 255? got {value}")

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> BackboneSpec:
        """Undo `dataclasses.asdict`."""
        colour = fields.get("colour")
        return cls(**{**fields, "colour": None if colour is None else ColourSpec(**colour)})

    @property
    def stage_dims(self) -> tuple[int, int, int, int]:
        """Channels of the four stage outputs; the last is the feature size F."""
        expansion: int = _STAGES[self.depth][0].expansion
        first, second, third, fourth = (self._planes(stage) * expansion for stage in range(4))
        return first, second, third, fourth

    @property
    def strides(self) -> tuple[int, int, int, int]:
        """Input pixels per output pixel of the four stages."""
        _, stride, _, pool = _STEMS[self.stem]
        first = stride * (2 if pool else 1)
        return first, 2 * first, 4 * first, 8 * first

    def normalise(self, images: Tensor) -> Tensor:
        """Turn RGB images (N, 3, H, W) uint8 into the backbone's input, float32 on the same device."""
        statistics = torch.tensor([self.mean, self.std], device=images.device).view(2, 3, 1, 1)
        return images.div(255).sub_(statistics[0]).div_(statistics[1])

    def _planes(self, stage: int) -> int:
        return max(8, round((64 << stage) * self.width))


class Backbone(ResNet):
    """A ResNet without its classifier, in torchvision's blocks and with torchvision's key names.

    At width 1.0 with the imagenet stem the state dict is that of `torchvision.models.resnet{18,34,50,101,152}` less
    `fc`.

    Where the spec has a colour space, `colour.*` comes on top, and is frozen. The backbone then sees both halves of an
    image, as `ColourSpace.halves` gives them, and returns the mean of what it says of them.
    """

    def __init__(self, spec: BackboneSpec) -> None:
        nn.Module.__init__(self)
        block, blocks = _STAGES[spec.depth]
        kernel, stride, padding, pool = _STEMS[spec.stem]
        self.spec = spec
        self._norm_layer: Callable[..., nn.Module] = nn.BatchNorm2d
        self.inplanes, self.dilation, self.groups, self.base_width = spec._planes(0), 1, 1, 64
        self.conv1 = nn.Conv2d(3, self.inplanes, kernel, stride=stride, padding=padding, bias=False)
        self.bn1 = nn.BatchNorm2d(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if pool else nn.Identity()
        self.layer1 = self._make_layer(block, spec._planes(0), blocks[0])
        self.layer2 = self._make_layer(block, spec._planes(1), blocks[1], stride=2)
        self.layer3 = self._make_layer(block, spec._planes(2), blocks[2], stride=2)
        self.layer4 = self._make_layer(block, spec._planes(3), blocks[3], stride=2)
        self._initialise()
        # After the initialisation, which is then the same with and without.
        self.colour = None if spec.colour is None else ColourSpace(spec.colour, mean=spec.mean, std=spec.std)
        if self.colour is not None:
            self.colour.requires_grad_(False)

    def stages(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map normalised images (N, 3, H, W) to the four stage outputs (N, C_i, H_i, W_i)."""
        if self.colour is None:
            return self._stages(x)
        both = self._stages(torch.cat(self.colour.halves(x)))  # one batch, as a batch norm that trains saw them before
        first, second, third, fourth = (stage.unflatten(0, (2, len(x))).mean(dim=0) for stage in both)
        return first, second, third, fourth

    def _stages(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        first = self.layer1(x)
        second = self.layer2(first)
        third = self.layer3(second)
        return first, second, third, self.layer4(third)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised images (N, 3, H, W) to average-pooled features h (N, F)."""
        return self.stages(x)[-1].mean(dim=(2, 3))

    def _initialise(self) -> None:
        """He initialisation (fan out), as torchvision does it."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def in_colour(backbone: Backbone, colour: ColourSpace) -> Backbone:
    """The backbone of RGB `backbone`, pretrained on the halves that `colour` gives, as one that splits by itself."""
    whole = Backbone(replace(backbone.spec, colour=colour.spec))
    weights = backbone.state_dict() | {f"colour.{name}": value for name, value in colour.state_dict().items()}
    whole.load_state_dict(weights)
    return whole


def save_backbone(backbone: Backbone, path: Path) -> None:
    """Write the state dict of `backbone` to `path`, whole or not at all."""
    write_weights(backbone, path)


def load_backbone(path: Path, spec: BackboneSpec) -> Backbone:
    """Build the backbone of `spec` and fill every tensor of it from `path`.

    Raises:
        ValueError: a tensor is missing, left over or of another shape, or the file holds something else.
    """
    backbone = Backbone(spec)
    read_weights(path, backbone, what=f"a ResNet-{spec.depth} of width {spec.width}")
    return backbone
