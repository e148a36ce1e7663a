"""The nearest neighbours of images in a bank of features, block by block, and their vote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import normalize

if TYPE_CHECKING:
    from downstream.features import Features

_BANK, _ROWS = 16_384, 256
"""Rows of a block of the bank, long enough for `topk` to be quick, and of the images that look for neighbours."""

_VALUES = 1 << 23
"""Numbers in a block of the bank at most: of wide features it has fewer rows."""


def knn_labels(train: Features, x: Tensor, *, neighbours: Sequence[int], temperature: float) -> Iterator[Tensor]:
    """Labels told by the weighted kNN vote of Wu et al. 2018 (arXiv 1805.01978, §3.4): weights exp(cos/T).

    Those of an image are divided by the largest of them, which changes no vote and keeps them in range at any T. The
    bank is searched once for all k.

    Args:
        train: the bank of features, M of them.
        x: features (N, F) to tell the labels of.
        neighbours: several k; a smaller bank votes as a whole.
        temperature: T.

    Yields:
        For each k in its order, labels (N,).
    """
    cosine, index = nearest(train.x, x, count=min(max(neighbours), len(train.y)))
    weights, labels = ((cosine - cosine[:, :1]) / temperature).exp_(), train.y[index]  # the first is the nearest
    classes = int(train.y.max()) + 1
    for k in neighbours:
        told = []
        for weight, label in zip(weights[:, :k].split(_ROWS), labels[:, :k].split(_ROWS), strict=True):
            votes = torch.zeros(len(label), classes, device=x.device)
            told.append(votes.scatter_add_(1, label, weight).argmax(dim=1))
        yield torch.cat(told)


@torch.no_grad()
def nearest(bank: Tensor, x: Tensor, *, count: int) -> tuple[Tensor, Tensor]:
    """The nearest rows of a bank by cosine; of equally near ones the earlier come first.

    Every row of the bank is read once, so that it may lie in a file. Beside the features this holds about 30 bytes for
    each of the N * count neighbours, and 50 MB at F = 2048. All blocks are computed in the same memory: a new page
    costs more time than what is written to it.

    Args:
        bank: features (M, F), float32; M below 2**32.
        x: features (N, F).
        count: 1 to M.

    Returns:
        Cosines (N, count), falling, and rows of the bank (N, count).
    """
    best = _keys(x.new_full((len(x), count), -torch.inf), x.new_zeros(1, dtype=torch.int64))
    size = min(_BANK, max(1, _VALUES // bank.shape[1]), len(bank))
    unit, cosines = torch.empty_like(bank[:size]), x.new_empty(min(_ROWS, len(x)), size)
    for first in range(0, len(bank), size):
        rows = bank[first : first + size]
        block = normalize(rows, dim=1, out=unit[: len(rows)]).T
        for part, found in zip(x.split(_ROWS), best.split(_ROWS), strict=True):
            cosine = cosines[: len(part), : len(rows)]
            _merge(found, torch.mm(normalize(part, dim=1), block, out=cosine), first)
    return _cosines(best), (1 << 32) - 1 - (best & ((1 << 32) - 1))


def _merge(best: Tensor, cosine: Tensor, first: int) -> None:
    """Put what is nearer in a later block among the best (B, count): cosines (B, M) from row `first` of the bank on."""
    count = best.shape[1]
    value, place = cosine.topk(min(count + 1, cosine.shape[1]), dim=1)
    if value.shape[1] > count and bool((value[:, -2] == value[:, -1]).any()):  # of equals `topk` takes any
        value, place = cosine, torch.arange(cosine.shape[1], device=cosine.device)
    both = torch.cat((best, _keys(value, first + place)), dim=1)
    best.copy_(both.topk(count, dim=1).values)


def _keys(cosine: Tensor, index: Tensor) -> Tensor:
    """Whole numbers whose order is that of the cosines (float32), and where these are equal that of falling indices."""
    return (_ordered(cosine.add(0).view(torch.int32)).long() << 32) | ((1 << 32) - 1 - index)  # -0 + 0 is 0


def _cosines(keys: Tensor) -> Tensor:
    return _ordered((keys >> 32).int()).view(torch.float32)


def _ordered(bits: Tensor) -> Tensor:
    """Bits of a float32 as a whole number in the same order, and back: those of negative numbers run the other way."""
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)
