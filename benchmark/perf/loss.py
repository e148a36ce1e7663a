"""InfoNCE, forward and backward, beside lightly's and solo-learn's, and how its memory grows.

N pairs of 128 numbers; memory is the growth of a process's peak, above the inputs, in a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from benchmark.perf.comparison import Comparison, alternate
from benchmark.perf.losses import OURS, PLAIN, Loss, loss_of, why_not
from benchmark.perf.memory import Work, growth_bytes

_PART = "InfoNCE"
_COUNT, _WIDTH = 4096, 128
_FEW, _MANY = 8192, 32_768  # pairs: 16,384 and 65,536 rows
_PEERS = ("lightly", "solo-learn")
_FASTER, _SMALLER, _LINEAR = 3.0, 4.0, 0.9
"""What is claimed of time and of memory beside each peer, and of memory beside growth that is linear."""


def measure() -> Iterator[Comparison]:
    """Time and memory beside every peer that is there and beside the plain form, and memory at 65,536 rows."""
    there = [OURS, PLAIN, *(name for name in _PEERS if not why_not(name))]
    yield from _compare("s", alternate({name: partial(_seconds, name) for name in there}), bar=_FASTER)
    yield from _compare("MB", alternate({name: partial(peak_megabytes, name, _COUNT) for name in there}), bar=_SMALLER)
    few, many = (peak_megabytes(OURS, count) for count in (_FEW, _MANY))
    what = f"peak memory of forward and backward at {2 * _MANY} rows"
    linear = f"{_MANY // _FEW} times that at {2 * _FEW} rows"
    yield Comparison(
        _PART,
        what,
        "MB",
        (many,),
        (few * _MANY / _FEW,),
        linear,
        more=False,
        bar=_LINEAR,
        note="above the inputs, measured once",
    )


def _compare(unit: str, found: dict[str, tuple[float, ...]], *, bar: float) -> Iterator[Comparison]:
    kind, note = ("time", f"{torch.get_num_threads()} threads") if unit == "s" else ("peak memory", "above the inputs")
    what = f"{kind} of forward and backward, N = {_COUNT}, D = {_WIDTH}"
    for name in (*_PEERS, PLAIN):
        claim = None if name == PLAIN else bar
        if name in found:
            said = f"{note}; {loss_of(name).note}".removesuffix("; ")
            yield Comparison(_PART, what, unit, found[OURS], found[name], name, more=False, bar=claim, note=said)
        else:
            yield Comparison(_PART, what, unit, (), (), name, more=False, bar=claim, note=why_not(name))


def _seconds(name: str) -> float:
    loss, inputs = loss_of(name).function, _inputs(_COUNT)
    started = time.perf_counter()
    _step(loss, *inputs)
    return time.perf_counter() - started


def peak_megabytes(name: str, count: int) -> float:
    """Growth of a fresh process's peak memory in MB by one pass over `count` pairs, after a pass over two.

    Args:
        name: of the loss.
        count: N.
    """
    return growth_bytes(_passes, name, count) / 1e6


def _passes(name: str, count: int) -> Work:
    loss, inputs = loss_of(name).function, _inputs(count)
    return partial(_step, loss, *_inputs(2)), partial(_step, loss, *inputs)


def _inputs(count: int) -> tuple[Tensor, Tensor]:
    stream = torch.Generator().manual_seed(0)
    first, second = (torch.randn(count, _WIDTH, generator=stream).requires_grad_() for _ in range(2))
    return first, second


def _step(loss: Loss, z1: Tensor, z2: Tensor) -> None:
    torch.autograd.grad(loss(z1, z2), (z1, z2))
