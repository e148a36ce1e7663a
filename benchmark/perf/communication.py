"""A model of what 8 to 64 GPUs send in a step: `python -m benchmark.perf.communication`. Nothing here is measured.

Collectives are rings (Thakur, Rabenseifner, Gropp 2005, section 4): for p GPUs and a result of n bytes each GPU sends
(p - 1)/p n in an all-gather, one message after another p - 1 times, and twice that in an all-reduce. What is sent, and
by which collective, follows from `objectives/ranks.py`, DistributedDataParallel and torch's SyncBatchNorm.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import torch
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.flop_counter import FlopCounterMode

from benchmark.network import PretrainNetwork
from downstream.backbone import BackboneSpec

_FLOAT = 4  # bytes; parameters, gradients, statistics and projections are float32 in every precision
_VIEWS = 2
_BUCKET = 25 * 2**20  # bytes that DistributedDataParallel reduces at once
_IMAGES, _WIDTH, _SIDE = 4096, 128, 224
_GPUS = (8, 16, 32, 64)
_LINKS = {"200 Gbit/s, 5 µs": (25e9, 5e-6), "200 Gbit/s, 0 µs": (25e9, 0.0), "25 Gbit/s, 5 µs": (3.125e9, 5e-6)}
"""By name: bytes a second that a GPU can send while it receives as many; seconds that any message takes."""
_ARITHMETIC = 1e14  # floating-point operations a second that a GPU gets done; half precision, assumed


@dataclass(frozen=True)
class Traffic:
    """What one GPU sends.

    Attributes:
        size: bytes.
        messages: one after another.
    """

    size: float = 0.0
    messages: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        """Both, one after the other."""
        return Traffic(self.size + other.size, self.messages + other.messages)

    def seconds(self, *, rate: float, latency: float) -> float:
        """How long it takes.

        Args:
            rate: bytes a second.
            latency: seconds a message.
        """
        return self.size / rate + self.messages * latency


def all_gather(size: float, gpus: int) -> Traffic:
    """Every GPU gets all parts of a result of `size` bytes, each GPU having one."""
    return Traffic((gpus - 1) / gpus * size, gpus - 1)


def all_reduce(size: float, gpus: int) -> Traffic:
    """Every GPU gets the sum of what all have, `size` bytes each: a reduce-scatter and an all-gather."""
    return all_gather(size, gpus) + all_gather(size, gpus)


def projections(*, images: int, width: int, gpus: int) -> Traffic:
    """Gathered projections of both views, and the sum over GPUs of the gradient that each has of all of them.

    Args:
        images: N, of all GPUs.
        width: D.
        gpus: p.
    """
    size = _FLOAT * images * width
    return sum([all_gather(size, gpus) + all_reduce(size, gpus)] * _VIEWS, Traffic())


def weight_gradients(parameters: int, *, gpus: int) -> Traffic:
    """The mean of the gradients, in buckets of 25 MB."""
    size = _FLOAT * parameters
    buckets = math.ceil(size / _BUCKET)
    return sum([all_reduce(size / buckets, gpus)] * buckets, Traffic())


def statistics(channels: list[int], *, gpus: int) -> Traffic:
    """Mean, deviation and count of every batch norm for either view; two sums for its gradient on the way back.

    Args:
        channels: of every batch norm.
        gpus: p.
    """
    layers = (all_gather(_FLOAT * (2 * c + 1) * gpus, gpus) + all_reduce(_FLOAT * 2 * c, gpus) for c in channels)
    return sum([layer for layer in layers for _ in range(_VIEWS)], Traffic())


@dataclass(frozen=True)
class Step:
    """One step of one GPU.

    Attributes:
        projections: what InfoNCE sends.
        weights: what the mean of the gradients sends.
        statistics: what batch norms send.
        arithmetic: seconds that forward and backward take.
    """

    projections: Traffic
    weights: Traffic
    statistics: Traffic
    arithmetic: float

    def efficiency(self, *, rate: float, latency: float) -> tuple[float, float]:
        """Share of the time that is arithmetic: when gradients of weights wait for nothing, and when for everything.

        DistributedDataParallel sends them while the backward pass, two thirds of the arithmetic, goes on.
        """
        kept = (self.projections + self.statistics).seconds(rate=rate, latency=latency)
        sent = self.weights.seconds(rate=rate, latency=latency)
        hidden = max(0.0, sent - 2 / 3 * self.arithmetic)
        low, high = (self.arithmetic / (self.arithmetic + kept + more) for more in (sent, hidden))
        return low, high


def resnet50(gpus: int) -> Step:
    """InfoNCE on a ResNet-50 with the default projector, batch 4096, D = 128, at 224 px."""
    net, operations = _network()
    passes = 3 * _VIEWS * _IMAGES / gpus  # a backward pass is two forward ones
    return Step(
        projections(images=_IMAGES, width=_WIDTH, gpus=gpus),
        weight_gradients(sum(weight.numel() for weight in net.parameters()), gpus=gpus),
        statistics([norm.num_features for norm in net.modules() if isinstance(norm, _BatchNorm)], gpus=gpus),
        operations * passes / _ARITHMETIC,
    )


@cache
def _network() -> tuple[PretrainNetwork, int]:
    """The network, without memory for its weights, and the operations of its forward pass on one image."""
    spec = BackboneSpec(50, 1.0, "imagenet", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    with torch.device("meta"):
        net = PretrainNetwork(spec, hidden=0, projection=_WIDTH, norm=True, device="cpu").eval()
        with FlopCounterMode(display=False) as counter:
            net.project(net.encode(torch.empty(1, 3, _SIDE, _SIDE)).h)
    return net, counter.get_total_flops()


def table() -> Iterator[str]:
    """The lines of a Markdown table, a row for each number of GPUs."""
    links = [f"efficiency, {name}" for name in _LINKS]
    names = ["GPUs", "arithmetic, ms", "projections, MB", "weights, MB", "statistics, MB", "messages", *links]
    yield f"| {' | '.join(names)} |"
    yield f"|{'---:|' * len(names)}"
    for gpus in _GPUS:
        step = resnet50(gpus)
        parts = (step.projections, step.weights, step.statistics)
        shares = [step.efficiency(rate=rate, latency=latency) for rate, latency in _LINKS.values()]
        cells = [str(gpus), f"{1e3 * step.arithmetic:.0f}", *(f"{part.size / 1e6:.1f}" for part in parts)]
        cells += [f"{sum(parts, Traffic()).messages:,}", *(f"{low:.2f} to {high:.2f}" for low, high in shares)]
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print("\n".join(table()))
