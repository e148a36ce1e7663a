"""Random views of images as batched tensor operations with counter-based randomness."""

from benchmark.views.jigsaw import JigsawConfig
from benchmark.views.patch_pair import PatchPairConfig
from benchmark.views.policy import ViewConfig, ViewPolicy

__all__ = ["JigsawConfig", "PatchPairConfig", "ViewConfig", "ViewPolicy"]
