"""What a measurement of ours leaves behind for the next one, which may be another's."""

from collections.abc import Callable
from contextlib import suppress

import pytest
import torch

from benchmark.config import load
from benchmark.perf.images import random_images
from benchmark.perf.rates import loop_rate
from benchmark.perf.torch_modes import modes_restored
from objectives.registry import load_objectives


def modes() -> tuple[bool, bool, bool]:
    fills: bool = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    enabled = torch.are_deterministic_algorithms_enabled()
    return enabled, torch.is_deterministic_algorithms_warn_only_enabled(), fills


def set_modes(enabled: bool, warns: bool, fills: bool) -> None:
    torch.use_deterministic_algorithms(enabled, warn_only=warns)
    torch.utils.deterministic.fill_uninitialized_memory = fills  # type: ignore[attr-defined]


def pretraining() -> None:
    load_objectives()
    config = load("cifar10", ["model.depth=10", "model.width=0.125", "model.stem=stl10", "training.batch=4"])
    loop_rate(config, random_images(4, side=32), steps=1, device="cpu")


def failure() -> None:
    with suppress(ZeroDivisionError), modes_restored():
        set_modes(*(not mode for mode in modes()))
        print(1 // 0)


@pytest.mark.parametrize("measure", [pretraining, failure])
@pytest.mark.parametrize("before", [(False, False, True), (True, True, True), (True, False, False)])
def test_the_modes_of_torch_are_what_they_were(measure: Callable[[], None], before: tuple[bool, bool, bool]) -> None:
    with modes_restored():
        set_modes(*before)
        measure()
        assert modes() == before
