"""Whether the colour of views is made by `colour_kernels`, or by torch's operations."""

from __future__ import annotations

import importlib.util
import warnings
from functools import cache
from importlib import import_module
from types import ModuleType

import torch


def kernels_for(device: torch.device) -> ModuleType | None:
    """The module of kernels for images on the device; None where torch's operations are to be taken."""
    return None if device.type != "cuda" or importlib.util.find_spec("triton") is None else _tried(str(device))


@cache
def _tried(device: str) -> ModuleType | None:
    """The module if a kernel of it runs on the GPU: Triton compiles at first use, and wants a C compiler for that."""
    try:
        kernels = import_module("benchmark.views.colour_kernels")
        kernels.jitter_(torch.zeros(1, 3, 1, 1, device=device), torch.zeros(1, kernels.COLUMNS, device=device))
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        warnings.warn(f"views: Triton's kernels do not run here, torch's operations stand in ({reason})", stacklevel=2)
        return None
    return kernels
