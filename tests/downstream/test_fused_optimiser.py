from typing import Any

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

from downstream.dense import _fuse


@pytest.mark.parametrize("kind", ["SGD", "AdamW"])
def test_the_fused_form_takes_the_same_steps(kind: str) -> None:
    models = []
    for fused in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
        optimiser: dict[str, Any] = {"type": kind, "lr": 0.01, "weight_decay": 0.1}
        if fused:
            _fuse(optimiser)
            assert optimiser["fused"]
        wrapper = build_optim_wrapper(model, {"type": "OptimWrapper", "optimizer": optimiser})
        for step in range(20):
            x = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
            wrapper.update_params(model(x).square().mean())
        models.append(model)
    for plain, fused_one in zip(*(model.parameters() for model in models), strict=True):
        torch.testing.assert_close(fused_one, plain, atol=1e-6, rtol=1e-6)


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
