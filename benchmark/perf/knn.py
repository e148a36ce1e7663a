"""The vote of the nearest neighbours beside scikit-learn's and beside the whole matrix of cosines.

A slice of ImageNet with features of a ResNet-50's width; what the whole would take is extrapolated from it, and said
to be. Memory is the growth of a fresh process's peak.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier
from torch import Tensor
from torch.nn.functional import normalize

from benchmark.perf.comparison import Comparison, alternate
from benchmark.perf.memory import Work, growth_bytes
from downstream.features import Features
from downstream.neighbours import knn_labels

_PART = "kNN"
_TRAIN, _TEST = 1_281_167, 50_000
"""Images of ImageNet."""

_NEIGHBOURS, _TEMPERATURE, _CLASSES = 200, 0.07, 100
_ROUNDS = 15  # turns are short, and how fast new memory is had differs between them
_TINY = 8  # images of the pass before the one whose memory counts


@dataclass(frozen=True)
class Slice:
    """Random features: rows of the bank, rows that look for neighbours, width."""

    bank: int
    queries: int
    width: int

    def drawn(self) -> tuple[Features, Tensor]:
        """The bank and the others."""
        stream = torch.Generator().manual_seed(0)
        x = torch.randn(self.bank + self.queries, self.width, generator=stream)
        return Features(x[: self.bank], torch.arange(self.bank) % _CLASSES), x[self.bank :]

    def __str__(self) -> str:
        return f"{self.queries:,} images, bank of {self.bank:,} x {self.width:,}, k = {_NEIGHBOURS}"


_SLICE, _NARROW = Slice(32_768, 256, 2048), Slice(65_536, 2048, 128)
"""Of time and of memory."""


def measure(*, of_time: Slice = _SLICE, of_memory: Slice = _NARROW) -> list[Comparison]:
    """Time and memory of the vote, and the time that all of ImageNet would take.

    Args:
        of_time: what is timed.
        of_memory: what is passed through once, for the peak of memory.
    """
    train, x = of_time.drawn()
    seconds = alternate(
        {name: partial(_seconds, vote, train, x) for name, vote in VOTES.items()},
        rounds=_ROUNDS,
    )
    grown = {name: (peak_bytes(name, of_memory) / 1e6,) for name in VOTES}
    found = []
    for other in OTHERS:
        pair = seconds["ours"], seconds[other]
        bar = 1.0 if other == OTHERS[0] else None
        found.append(Comparison(_PART, str(of_time), "s", *pair, other, more=False, bar=bar))
        sizes = grown["ours"], grown[other]
        found.append(Comparison(_PART, f"memory, {of_memory}", "MB", *sizes, other, more=False, bar=1.0))
    return [*found, extrapolated(of_time, seconds, working=peak_bytes("ours", of_time))]


def extrapolated(of_time: Slice, seconds: Mapping[str, tuple[float, ...]], *, working: int) -> Comparison:
    """Hours for all of ImageNet: the slice's, times how many times as many pairs of images there are.

    Args:
        of_time: the slice.
        seconds: for it, by name.
        working: bytes that the slice took beside its features.
    """
    whole = Slice(_TRAIN, _TEST, of_time.width)
    factor = whole.bank * whole.queries / (of_time.bank * of_time.queries)
    hours = [tuple(factor * value / 3600 for value in seconds[name]) for name in ("ours", OTHERS[0])]
    features = 4 * (whole.bank + whole.queries) * whole.width / 1e9
    beside = (working + 30 * whole.queries * _NEIGHBOURS) / 1e9
    note = (
        f"extrapolated, not measured: seconds of the slice ({of_time}) x {factor:,.0f}, the ratio of bank x images. "
        f"Features take {features:.1f} GB, on a CPU in a file; beside them {beside:.1f} GB, that is what the slice "
        f"took ({working / 1e9:.2f} GB, of blocks whose size does not change) and 30 bytes a neighbour"
    )
    return Comparison(_PART, str(whole), "h", hours[0], hours[1], OTHERS[0], more=False, note=note)


def peak_bytes(name: str, of_memory: Slice) -> int:
    """Growth of a fresh process's peak memory by one vote, beyond the features, after a vote of a few images."""
    return growth_bytes(_votes, name, of_memory)


def _votes(name: str, of_memory: Slice) -> Work:
    train, x = of_memory.drawn()
    few = Features(train.x[:_TINY], train.y[:_TINY])
    return partial(VOTES[name], few, x[:_TINY]), partial(VOTES[name], train, x)


def _seconds(vote: Callable[[Features, Tensor], Tensor], train: Features, x: Tensor) -> float:
    started = time.perf_counter()
    vote(train, x)
    return time.perf_counter() - started


def _ours(train: Features, x: Tensor) -> Tensor:
    return next(knn_labels(train, x, neighbours=(_NEIGHBOURS,), temperature=_TEMPERATURE))


def _whole_matrix(train: Features, x: Tensor) -> Tensor:
    cosines = normalize(x, dim=1) @ normalize(train.x, dim=1).T
    cosine, index = cosines.topk(min(_NEIGHBOURS, len(train.y)), dim=1)
    votes = torch.zeros(len(x), int(train.y.max()) + 1)
    return votes.scatter_add_(1, train.y[index], ((cosine - 1) / _TEMPERATURE).exp()).argmax(dim=1)


def _scikit_learn(train: Features, x: Tensor) -> Tensor:
    count = min(_NEIGHBOURS, len(train.y))
    learner = KNeighborsClassifier(count, weights=_weights, metric="cosine", algorithm="brute", n_jobs=1)
    return torch.from_numpy(learner.fit(train.x.numpy(), train.y.numpy()).predict(x.numpy()))


def _weights(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    weights: NDArray[np.float32] = np.exp(-distances / np.float32(_TEMPERATURE))
    return weights


OTHERS = ("scikit-learn's KNeighborsClassifier (brute, cosine)", "the whole matrix of cosines")
VOTES = {"ours": _ours, OTHERS[0]: _scikit_learn, OTHERS[1]: _whole_matrix}
