"""A schedule whose rate would never fall is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from benchmark.config import load
from benchmark.errors import UserError
from downstream.image_options import FinetuningOptions


@pytest.mark.parametrize("epochs", [20, 50])
def test_a_step_at_or_beyond_the_last_epoch_is_refused(epochs: int) -> None:
    message = f"milestones must be < epochs ({epochs}) where schedule is step, got (30, 40, 50)"
    with pytest.raises(UserError, match=re.escape(message)):
        load("infomin_imagenet", [f"tasks.linear_sgd.epochs={epochs}"])


def test_a_step_before_the_last_epoch_and_milestones_that_a_cosine_ignores_are_allowed() -> None:
    options = load("infomin_imagenet", ["tasks.linear_sgd.epochs=51"]).tasks["linear_sgd"]
    assert isinstance(options, FinetuningOptions)
    replace(options, schedule="cosine", epochs=20)
