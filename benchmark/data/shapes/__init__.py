"""Shapes: a generated data set whose every factor is known.

Scenes are drawn (`scene`), turned into pixels (`render`) and written as the trees that real data sets have
(`write_*`).
"""

from benchmark.data.shapes.dataset import ShapesConfig, digest, ensure
from benchmark.data.shapes.distances import SHAPES
from benchmark.data.shapes.write_ade import SEGMENTATION_CLASSES

CLASSES = tuple(SHAPES)
"""Names of the classes, for image classification and detection."""

__all__ = ["CLASSES", "SEGMENTATION_CLASSES", "ShapesConfig", "digest", "ensure"]
