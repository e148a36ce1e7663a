"""A small checkpoint, what reading a file is refused with, and what runs a command when it is unpickled."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from downstream.backbone import Backbone, BackboneSpec
from downstream.checkpoints import import_backbone

SPEC = BackboneSpec(18, 0.125, "imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


class Planted:
    """Runs a command when it is unpickled."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.call, self.arguments


def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return dict(Backbone(SPEC).state_dict())


def refusal(path: Path, *, spec: BackboneSpec = SPEC, layout: str = "auto") -> str:
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}") as caught:
        import_backbone(path, spec, layout=layout)
    assert "\n" not in str(caught.value)
    return str(caught.value)
