"""Counter-based random numbers: what is drawn depends on the coordinates asked for, never on what was drawn before.

Philox4x32-10 is the generator of Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3" (SC'11). It runs in
64-bit integer tensor operations, so that every device gives the same bits.
"""

from __future__ import annotations

import torch
from torch import Tensor

_ROUNDS = 10
_MASK = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)


def philox(counter: Tensor, key: Tensor) -> Tensor:
    """Encrypt counters into random words.

    Args:
        counter: (..., 4) int64, every element a 32-bit unsigned word.
        key: (..., 2) int64, likewise; its leading dimensions broadcast against the counter's.

    Returns:
        (..., 4) int64, every element a 32-bit unsigned word.
    """
    multipliers = counter.new_tensor(_MULTIPLIERS)
    key_steps = counter.new_tensor(_KEY_STEPS)
    even, odd = counter[..., 0::2].contiguous(), counter[..., 1::2].contiguous()
    for _ in range(_ROUNDS):
        # The signed product wraps modulo 2**64, which leaves the bits of the unsigned one.
        product = even * multipliers
        even = ((product >> 32) & _MASK).flip(-1).bitwise_xor_(odd).bitwise_xor_(key)
        odd = (product & _MASK).flip(-1)
        key = (key + key_steps) & _MASK
    return torch.stack([even, odd], dim=-1).flatten(-2)


def uniform(*, seed: int, step: int, index: Tensor, stream: int, draws: int) -> Tensor:
    """Draw uniform numbers for the images of a batch.

    Row i depends on (seed, step, index[i], stream) alone: neither on the rest of the batch, nor on its order, nor on
    the device; more draws leave the first ones as they were.

    Args:
        seed: 0 to 2**63 - 1.
        step: 0 to 2**32 - 1.
        index: (N,) integers from 0 to 2**32 - 1 that name the images.
        stream: 0 to 2**32 - 1; separates what must be independent within a step (two views of an image, say).
        draws: numbers per image.

    Returns:
        (N, draws) float32 in [0, 1), multiples of 2**-24, on the device of `index`.

    Raises:
        ValueError: seed, step or stream is out of its range.
    """
    for name, value, bits in (("seed", seed, 63), ("step", step, 32), ("stream", stream, 32)):
        if not 0 <= value < 2**bits:
            raise ValueError(f"random stream: {name} must be in [0, 2**{bits}), got {value}")
    blocks = -(-draws // 4)
    counter = torch.empty(len(index), blocks, 4, dtype=torch.int64, device=index.device)
    counter[..., 0] = torch.arange(blocks, device=index.device)
    counter[..., 1] = index.unsqueeze(1)
    counter[..., 2] = step
    counter[..., 3] = stream
    words = philox(counter, counter.new_tensor([seed & _MASK, seed >> 32]))
    return (words.flatten(1)[:, :draws] >> 8).to(torch.float32) * 2.0**-24
