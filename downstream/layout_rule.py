"""What a rule on the names of another tool is, and the renamings that several rules share."""

from __future__ import annotations

from dataclasses import dataclass

Renames = tuple[tuple[str, str], ...]
Channels = tuple[float, float, float]

UNSCALED: tuple[Channels, Channels] = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
"""Of a tool that feeds [0, 1] as it is."""


@dataclass(frozen=True)
class Layout:
    """Where a tool's file keeps a ResNet, and how to turn its names into torchvision's.

    Attributes:
        name: what `--layout` takes.
        source: which files look so; where that was read.
        containers: keys under which the state dict lies, the preferred one first; "" is the file itself. A file that
            holds nothing but tensors is taken for any of them.
        prefix: pattern before the names of the backbone, once `module.` and `_orig_mod.` are taken out.
        renames: patterns and what replaces them, in what follows the prefix.
        left: beginnings of the names that are no part of the backbone: heads, projectors, queues, other networks.
        automatic: whether `auto` tries it; False for the networks of a file that its paper does not evaluate.
        statistics: per-channel mean and standard deviation, of images in [0, 1], by which the tool normalises what it
            feeds; None where these are ImageNet's or the tool leaves them to the user.
        decides: containers whose network, where it is whole, is taken before those of other layouts.
    """

    name: str
    source: str
    containers: tuple[str, ...]
    prefix: str = ""
    renames: Renames = ()
    left: tuple[str, ...] = ()
    automatic: bool = True
    statistics: tuple[Channels, Channels] | None = None
    decides: tuple[str, ...] = ()


NUMBERED: Renames = (
    (r"^0\.", "conv1."),
    (r"^1\.", "bn1."),
    (r"^4\.", "layer1."),
    (r"^5\.", "layer2."),
    (r"^6\.", "layer3."),
    (r"^7\.", "layer4."),
)
"""`nn.Sequential(*list(resnet.children())[:-1])` numbers conv1, bn1, relu, maxpool and the four stages."""
SIMCLR_V2: Renames = (
    (r"^0\.0\.", "conv1."),
    (r"^0\.1\.0\.", "bn1."),
    (r"^([1-4])\.blocks\.(\d+)\.", r"layer\1.\2."),
    (r"\.projection\.shortcut\.", ".downsample.0."),
    (r"\.projection\.bn\.0\.", ".downsample.1."),
    (r"\.net\.0\.", ".conv1."),
    (r"\.net\.1\.0\.", ".bn1."),
    (r"\.net\.2\.", ".conv2."),
    (r"\.net\.3\.0\.", ".bn2."),
    (r"\.net\.4\.", ".conv3."),
    (r"\.net\.5\.0\.", ".bn3."),
)
"""Converted SimCLR v2: nested `nn.Sequential`s."""
INFOCL: Renames = (
    (r"\.downsample\.", ".downsample_of_another_tool."),
    (r"\.ds_conv1\.", ".downsample.0."),
    (r"\.ds_bn1\.", ".downsample.1."),
    (r"\.shortcut\.0\.", ".downsample.0."),
    (r"\.shortcut_bn\.", ".downsample.1."),
)
"""InfoCL's shortcuts have either of two sets of names, and never torchvision's."""
HEADS = ("projector.", "predictor.", "projection_head.", "prediction_head.", "classifier.", "head.", "queue")
"""What many tools call that which is no part of the backbone."""
