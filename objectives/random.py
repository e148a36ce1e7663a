"""The floor: a backbone as it was initialised, without any pretraining."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from objectives.contract import Dims, Network, Objective, Views
from objectives.registry import OBJECTIVES


@OBJECTIVES.register_module("random")
class Random(Objective):
    """No pretraining. Every pretrained backbone has to beat this row."""

    trains: ClassVar[bool] = False

    def __init__(self, dims: Dims) -> None:
        super().__init__()

    def forward(self, views: Views, net: Network) -> dict[str, Tensor]:
        """Return no terms: there is nothing to minimise."""
        return {}
