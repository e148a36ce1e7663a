"""The shared backbone as mmdet and mmseg see it: its stages, and its last one as the head of a C4 detector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.registry import MODELS
from torch import Tensor, nn

from downstream.backbone import Backbone, BackboneSpec, load_backbone


@MODELS.register_module()  # mmengine's root registry: mmdet and mmseg both look there
class PretrainedResNet(nn.Module):
    """The backbone of a file, returning stage outputs; stages after the last that is returned are left out.

    Args:
        spec: the fields of a `BackboneSpec`.
        file: weights of that backbone.
        out_indices: stages to return, 0 to 3.
        frozen_stages: 0 freezes the stem, k > 0 also the first k stages (4 = everything), -1 nothing. What is frozen
            gets no gradient and stays in evaluation mode.
        norm_eval: keep every batch norm in evaluation mode.
        norm_frozen: no gradient for scale and shift of a batch norm; with `norm_eval`, what detectron2 calls FrozenBN.
        dilated: stages (1 to 3) whose stride is turned into dilation, as `dilate` does it.
    """

    def __init__(
        self,
        *,
        spec: dict[str, Any],
        file: str,
        out_indices: tuple[int, ...],
        frozen_stages: int,
        norm_eval: bool,
        norm_frozen: bool = False,
        dilated: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        if frozen_stages not in range(-1, 5):
            raise ValueError(f"backbone: frozen_stages must be -1 to 4, got {frozen_stages}")
        if not out_indices or not set(out_indices) <= set(range(4)):
            raise ValueError(f"backbone: out_indices must be stages 0 to 3, got {out_indices}")
        self.network = load_backbone(Path(file), BackboneSpec.from_fields(spec))
        self.out_indices = tuple(out_indices)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self.dilated = tuple(dilated)
        dilate(self.network, self.dilated)
        for number in range(max(self.out_indices) + 2, 5):
            setattr(self.network, f"layer{number}", nn.Identity())
        for part in [*self._frozen(), *(_norms(self) if norm_frozen else [])]:
            part.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map normalised images (N, 3, H, W) to the chosen stage outputs (N, C_i, H_i, W_i)."""
        stages = self.network.stages(x)
        return tuple(stages[index] for index in self.out_indices)

    def train(self, mode: bool = True) -> PretrainedResNet:
        """Set the training mode of what is neither frozen nor a batch norm held in evaluation mode."""
        super().train(mode)
        for part in [*self._frozen(), *(_norms(self) if self.norm_eval else [])]:
            part.eval()
        return self

    def _frozen(self) -> list[nn.Module]:
        """The stem and the stages that are frozen."""
        network = self.network
        stem = [network.conv1, network.bn1]
        layers = [network.layer1, network.layer2, network.layer3, network.layer4]
        return [*stem, *layers[: self.frozen_stages]] if self.frozen_stages >= 0 else []


@MODELS.register_module()
class PretrainedRes5(nn.Module):
    """The last stage of the backbone of a file, run on every region: the shared head of a C4 detector.

    Args:
        spec: the fields of a `BackboneSpec`.
        file: weights of that backbone.
        extra_norm: a batch norm after the stage, trained from scratch. MoCo's detection code (He et al. 2020, arXiv
            1911.05722, section 4.2) puts it there because an unsupervised backbone's last features have no scale yet.
        frozen: no gradient for the stage, which stays in evaluation mode.
        norm_eval: keep the batch norms of the stage in evaluation mode.
    """

    def __init__(self, *, spec: dict[str, Any], file: str, extra_norm: bool, frozen: bool, norm_eval: bool) -> None:
        super().__init__()
        fields = BackboneSpec.from_fields(spec)
        self.layer4 = load_backbone(Path(file), fields).layer4  # the name that it has in the file
        self.norm = nn.BatchNorm2d(fields.stage_dims[3]) if extra_norm else nn.Identity()
        self.frozen = frozen
        self.norm_eval = norm_eval
        if frozen:
            self.layer4.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Map regions of the third stage (K, C_3, S, S) to features (K, C_4, S / 2, S / 2)."""
        features: Tensor = self.norm(self.layer4(x))
        return features

    def train(self, mode: bool = True) -> PretrainedRes5:
        """Set the training mode of what is neither frozen nor a batch norm held in evaluation mode."""
        super().train(mode)
        if self.frozen:
            self.layer4.eval()
        for norm in _norms(self.layer4) if self.norm_eval else []:
            norm.eval()
        return self


def dilate(network: Backbone, stages: tuple[int, ...]) -> None:
    """Turn the stride of the last `stages` into dilation, in place; no weight changes.

    The first block of a stage keeps the dilation of the stage before, as torchvision's
    `replace_stride_with_dilation` and mmseg's `contract_dilation` have it.

    Raises:
        ValueError: the stages are not the last ones, or the blocks are not bottlenecks.
    """
    if not stages:
        return
    if stages not in ((3,), (2, 3), (1, 2, 3)):
        raise ValueError(f"backbone: dilated must be the last stages of 1, 2, 3, got {stages}")
    layers = [network.layer1, network.layer2, network.layer3, network.layer4]
    if not hasattr(layers[3].get_submodule("0"), "conv3"):
        raise ValueError(f"backbone: dilated needs a ResNet-50, whose blocks are bottlenecks, got {network.spec.depth}")
    before = 1
    for stage in stages:
        for number, block in enumerate(layers[stage].children()):
            rate = before if number == 0 else 2 * before
            convolutions = [module for module in block.modules() if isinstance(module, nn.Conv2d)]
            for convolution in convolutions:
                convolution.stride = (1, 1)
                if convolution.kernel_size == (3, 3):
                    convolution.dilation = convolution.padding = (rate, rate)
        before *= 2


def _norms(module: nn.Module) -> list[nn.Module]:
    return [each for each in module.modules() if isinstance(each, nn.BatchNorm2d)]
