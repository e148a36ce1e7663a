"""Fixtures of all tests of the benchmark."""

from collections.abc import Iterator

import pytest
import torch

from benchmark.views import JigsawConfig, ViewConfig


@pytest.fixture(autouse=True)
def _own_modes() -> Iterator[None]:
    """Training in a test's own process, mmengine sets torch's deterministic mode for all that come after."""
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def policy() -> ViewConfig:
    """Every operation is drawn, with probabilities and strengths that differ."""
    return ViewConfig(
        size=32,
        crop_scale=(0.2, 1.0),
        crop_ratio=(3 / 4, 4 / 3),
        flip=0.5,
        jitter=(0.4, 0.8, 1.5, 0.1),
        jitter_p=0.8,
        randaugment=(0, 0.0, 0.0),
        grayscale_p=0.2,
        blur_p=0.5,
        blur_sigma=(0.1, 2.0),
        blur_kernel=5,
        solarize_p=0.1,
        jigsaw=JigsawConfig(crop_scale=(0.6, 1.0), cell=12, patch=9),
        mean=(0.48, 0.45, 0.41),
        std=(0.22, 0.23, 0.25),
        generator=None,
        factors=None,
        patch_pair=None,
    )
