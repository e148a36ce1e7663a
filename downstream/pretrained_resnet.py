"""The shared backbone as mmdet and mmseg see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.registry import MODELS
from torch import Tensor, nn

from downstream.backbone import BackboneSpec, load_backbone


@MODELS.register_module()  # mmengine's root registry: mmdet and mmseg both look there
class PretrainedResNet(nn.Module):
    """The backbone of a file, returning stage outputs.

    Args:
        spec: the fields of a `BackboneSpec`.
        file: weights of that backbone.
        out_indices: stages to return, 0 to 3.
        frozen_stages: 0 freezes the stem, k > 0 also the first k stages (4 = everything), -1 nothing. What is frozen
            gets no gradient and stays in evaluation mode.
        norm_eval: keep every batch norm in evaluation mode.
    """

    def __init__(
        self, *, spec: dict[str, Any], file: str, out_indices: tuple[int, ...], frozen_stages: int, norm_eval: bool
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
        for part in self._frozen():
            part.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map normalised images (N, 3, H, W) to the chosen stage outputs (N, C_i, H_i, W_i)."""
        stages = self.network.stages(x)
        return tuple(stages[index] for index in self.out_indices)

    def train(self, mode: bool = True) -> PretrainedResNet:
        """Set the training mode of what is neither frozen nor a batch norm held in evaluation mode."""
        super().train(mode)
        norms = [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]
        for part in [*self._frozen(), *(norms if self.norm_eval else [])]:
            part.eval()
        return self

    def _frozen(self) -> list[nn.Module]:
        """The stem and the stages that are frozen."""
        network = self.network
        stem = [network.conv1, network.bn1]
        layers = [network.layer1, network.layer2, network.layer3, network.layer4]
        return [*stem, *layers[: self.frozen_stages]] if self.frozen_stages >= 0 else []
