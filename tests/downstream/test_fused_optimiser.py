from typing import Any

import pytest
import torch

from downstream.dense import _fuse


@pytest.mark.parametrize(
    "optimiser",
    [
        {"type": "AdamW", "foreach": True},
        {"type": "SGD", "differentiable": True},
        {"type": "AdamW", "fused": False},
        {"type": "LBFGS"},
        {"type": torch.optim.SGD},
        {},
    ],
)
def test_what_has_no_fused_form_or_was_decided_stays(optimiser: dict[str, Any]) -> None:
    before = dict(optimiser)
    _fuse(optimiser)
    assert optimiser == before
