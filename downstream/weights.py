"""Weights of a module in a file: whole or not there, and read whole or not at all."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import torch
from torch import Tensor, nn


def write_weights(module: nn.Module, path: Path) -> None:
    """Write the state dict of `module` to `path`, whole or not at all."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        torch.save({name: tensor.detach().cpu() for name, tensor in module.state_dict().items()}, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_weights(path: Path, module: nn.Module, *, what: str) -> None:
    """Fill every tensor of `module` from `path`.

    Args:
        path: the file.
        module: what is filled.
        what: what the module is, for the message.

    Raises:
        ValueError: a tensor is missing, left over or of another shape, or the file holds something else.
    """
    try:
        module.load_state_dict(read_tensors(path))
    except (RuntimeError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: does not fit {what}: {reason}") from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read tensors by name, on the CPU.

    Raises:
        ValueError: the file holds something else.
    """
    try:
        tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"{path}: must hold weights and nothing else") from error
    return tensors
