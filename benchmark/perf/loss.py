"""Speed and memory of InfoNCE beside the plain form and, if installed, lightly: `python -m benchmark.perf.loss`.

Forward and backward of N pairs of 128 numbers, in turns within one run; memory is the growth of a process's peak.
"""

from __future__ import annotations

import importlib
import importlib.util
import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.environment import peak_memory_bytes
from objectives.infonce import info_nce

_COUNT, _WIDTH = 4096, 128
_LARGE = 32_768
_ROUNDS = 5
_TEMPERATURE = 0.2

Loss = Callable[[Tensor, Tensor], Tensor]


def measure() -> dict[str, tuple[float, int]]:
    """Median seconds and peak bytes, above the inputs, of one forward and backward pass at N = 4096.

    Returns:
        By name: "ours", "plain" and, where it is installed, "lightly".
    """
    names = ["ours", "plain", *(["lightly"] if importlib.util.find_spec("lightly") else [])]
    seconds: dict[str, list[float]] = {name: [] for name in names}
    losses = {name: _loss(name) for name in names}
    for turn in range(_ROUNDS + 1):
        for name in names[:: 1 if turn % 2 else -1]:
            started = time.perf_counter()
            _step(losses[name], *_inputs(_COUNT))
            seconds[name].append(time.perf_counter() - started)
    return {name: (statistics.median(seconds[name][1:]), peak_bytes(name, _COUNT)) for name in names}


def peak_bytes(name: str, count: int) -> int:
    """Growth of a fresh process's peak memory by one pass over `count` pairs, after a pass over two."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_report_peak, args=(theirs, name, count))
    process.start()
    grown: int = ours.recv()
    process.join()
    return grown


def _report_peak(pipe: Connection, name: str, count: int) -> None:
    loss, inputs = _loss(name), _inputs(count)
    _step(loss, *_inputs(2))
    before = peak_memory_bytes("cpu")
    _step(loss, *inputs)
    pipe.send(peak_memory_bytes("cpu") - before)


def _inputs(count: int) -> tuple[Tensor, Tensor]:
    stream = torch.Generator().manual_seed(0)
    first, second = (torch.randn(count, _WIDTH, generator=stream).requires_grad_() for _ in range(2))
    return first, second


def _step(loss: Loss, z1: Tensor, z2: Tensor) -> None:
    torch.autograd.grad(loss(z1, z2), (z1, z2))


def _loss(name: str) -> Loss:
    if name == "lightly":
        made: Loss = importlib.import_module("lightly.loss").NTXentLoss(temperature=_TEMPERATURE)
        return made
    return _plain if name == "plain" else lambda z1, z2: info_nce(z1, z2, temperature=_TEMPERATURE)


def _plain(z1: Tensor, z2: Tensor) -> Tensor:
    z = F.normalize(torch.cat((z1, z2)), dim=1)
    positives = torch.arange(len(z)).roll(len(z1))
    return F.cross_entropy((z @ z.T / _TEMPERATURE).fill_diagonal_(-torch.inf), positives)


def main() -> None:
    """Print time and memory of every form at N = 4096, and our memory at N = 32,768."""
    found = measure()
    for name, (seconds, grown) in found.items():
        slower = seconds / found["ours"][0]
        print(
            f"InfoNCE, N = {_COUNT}: {name:7} {seconds:.2f} s, {slower:.1f} x ours, {grown / 1e6:.0f} MB above inputs"
        )
    print(f"InfoNCE, N = {_LARGE}: ours    {peak_bytes('ours', _LARGE) / 1e6:.0f} MB above the inputs")


if __name__ == "__main__":
    main()
