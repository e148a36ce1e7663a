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


def knn_labels(train: Features, x: Tensor, *, neighbours: Sequence[int], temperature: float) -> Iterator[Tensor]:
    """Labels told by the weighted kNN vote of Wu et al. 2018 (arXiv 1805.01978, §3.4): weights exp(cos/T).

    They are taken times exp(-1/T), which changes no vote and keeps them in range. The bank is searched once for all k.

    Args:
        train: the bank of features, M of them.
        x: features (N, F) to tell the labels of.
        neighbours: several k; a smaller bank votes as a whole.
        temperature: T.

    Yields:
        For each k in its order, labels (N,).
    """
    cosine, index = nearest(train.x, x, count=min(max(neighbours), len(train.y)))
    weights, labels = ((cosine - 1) / temperature).exp_(), train.y[index]
    classes = int(train.y.max()) + 1
    for k in neighbours:
        told = []
        for weight, label in zip(weights[:, :k].split(_ROWS), labels[:, :k].split(_ROWS), strict=True):
            votes = torch.zeros(len(label), classes, device=x.device)
            told.append(votes.scatter_add_(1, label, weight).argmax(dim=1))
        yield torch.cat(told)


def nearest(bank: Tensor, x: Tensor, *, count: int) -> tuple[Tensor, Tensor]:
    """The nearest rows of a bank by cosine; of equally near ones the earlier come first.

    Every row of the bank is read once, so that it may lie in a file. Beside the features this holds about 30 bytes for
    each of the N * count neighbours, and 300 MB at F = 2048.

    Args:
        bank: features (M, F), float32; M below 2**32.
        x: features (N, F).
        count: 1 to M.

    Returns:
        Cosines (N, count), falling, and rows of the bank (N, count).
    """
    best = _keys(x.new_full((len(x), count), -torch.inf), x.new_zeros(1, dtype=torch.int64))
    for first in range(0, len(bank), _BANK):
        block = normalize(bank[first : first + _BANK], dim=1).T
        for part, found in zip(x.split(_ROWS), best.split(_ROWS), strict=True):
            _merge(found, normalize(part, dim=1) @ block, first)
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
