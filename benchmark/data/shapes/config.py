"""Options of the generated data set."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.data.shapes.distances import SHAPES


@dataclass(frozen=True)
class ShapesConfig:
    """What is written.

    Attributes:
        seed: Seed of every scene.
        image_size: Side of the images, pixels.
        pretrain: Unlabelled images.
        classification_train: Training images of the classification set, the classes in equal parts.
        classification_test: Its test images.
        dense_train: Training images of each of the Pascal VOC, COCO and ADE20K trees.
        dense_test: Test images of each of them.

    Raises:
        ValueError: If a number is too small.
    """

    seed: int
    image_size: int
    pretrain: int
    classification_train: int
    classification_test: int
    dense_train: int
    dense_test: int

    def __post_init__(self) -> None:
        least = {
            "seed": 0,
            "image_size": 16,
            "pretrain": 1,
            "classification_train": len(SHAPES),
            "classification_test": len(SHAPES),
            "dense_train": 2,
            "dense_test": 1,
        }
        for name, bound in least.items():
            if getattr(self, name) < bound:
                raise ValueError(f"shapes: {name} must be >= {bound}, got {getattr(self, name)}")
