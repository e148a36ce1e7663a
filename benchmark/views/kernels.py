"""Whether the colour of views is made by `colour_kernels`, or by torch's operations."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import torch

from objectives.kernels.trying import runs


def kernels_for(device: torch.device) -> ModuleType | None:
    """The module of kernels for images on the device; None where torch's operations are to be taken."""
    if device.type != "cuda" or not kernels_run(device):
        return None
    from benchmark.views import colour_kernels

    return colour_kernels


@cache
def kernels_run(device: torch.device) -> bool:
    """Whether they run there, tried once."""

    def trial() -> None:
        from benchmark.views.colour_kernels import try_out

        try_out(device)

    return runs(trial, what=f"views: torch's operations stand in for the kernels on {device}")
