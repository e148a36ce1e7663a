"""How kernels cut their work, by the GPU and the length of a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch


@dataclass(frozen=True)
class Blocks:
    """How the work is cut.

    Attributes:
        rows: of a program, a power of two >= 16.
        columns: of a step of its loop, likewise.
        warps: of a program.
        stages: steps whose loads are under way at once.
    """

    rows: int
    columns: int
    warps: int
    stages: int


# By the first number of the compute capability, for rows of up to 128 and up to 256 numbers. The last two fit in the
# shared memory of every GPU from 8.0 on, 99 kB; the others' has 227 kB.
_BLOCKS = {
    9: (Blocks(128, 64, 8, 2), Blocks(64, 32, 4, 2)),
    10: (Blocks(64, 32, 4, 2), Blocks(64, 16, 4, 2)),
}
_LEAST = (Blocks(32, 32, 4, 2), Blocks(16, 32, 4, 2))


@cache
def blocks_on(device: torch.device, padded: int) -> Blocks:
    """The blocks for a device, the interpreter's CPU among them, and rows of `padded` numbers."""
    return blocks_for(torch.cuda.get_device_capability(device) if device.type == "cuda" else (9, 0), padded)


def blocks_for(capability: tuple[int, int], padded: int) -> Blocks:
    """The blocks for a GPU of that compute capability and rows of `padded` numbers.

    Registers hold them, as Triton 3.6 and 3.8 compile for compute capability 8.0 and 9.0: at most 8 bytes spill.

    Raises:
        ValueError: the GPU multiplies no bfloat16.
    """
    if capability < (8, 0):
        raise ValueError(f"compute capability must be 8.0 or more, got {capability[0]}.{capability[1]}")
    narrow, wide = _BLOCKS.get(capability[0], _LEAST)
    return narrow if padded <= 128 else wide


def padded_width(width: int) -> int:
    """The power of two, at least 16, that a row takes in a register."""
    return 1 << max(4, (width - 1).bit_length())


@cache
def processors(device: torch.device) -> int:
    """Multiprocessors of a GPU; a few where the interpreter plays one."""
    return torch.cuda.get_device_properties(device).multi_processor_count if device.type == "cuda" else 4
