"""Classification on frozen features: linear probe and kNN."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from downstream.backbone import load_backbone
from downstream.datasets import check, metric, open_splits
from downstream.features import Features, encode
from downstream.loading import as_tested
from downstream.scores import score
from downstream.selection import Series, select, write_choices
from downstream.subsets import partition
from downstream.tasks import Context, Metric

if TYPE_CHECKING:
    from downstream.image_options import ClassificationOptions

Classifier = Callable[[Features, Tensor], Tensor]
"""From features with labels, and features (N, F) of others, to the labels (N,) of those."""

_BLOCK = 2**27
"""Numbers of a block of similarities or logits: 512 MB."""


def run(options: ClassificationOptions, context: Context) -> list[Metric]:
    """Evaluate a frozen backbone by linear probe and kNN.

    Every image passes through the backbone once. The penalty of the probe and the k of the kNN are chosen on the
    validation split, or on images held out from the training split; for the test, both then see all training images.
    """
    splits, transform = open_splits(options, data_root=context.data_root), as_tested(options)
    parts = partition(options, splits, data_root=context.data_root, seed=context.seed)
    backbone = load_backbone(context.backbone, context.spec).to(context.device)
    whole, test = (encode(backbone, part, transform, device=context.device) for part in (parts.whole, splits.test))
    fit, held_out = whole.split(len(parts.fit))
    name, found = metric(options), []
    grids = _grids(options, classes=len(splits.train.classes))
    steps, total = itertools.count(1), 2 * sum(len(grid.classifiers) for grid in grids)
    for grid in grids:
        validated, tested = [], []
        for classify in grid.classifiers:
            validated.append(score(classify(fit, held_out.x), held_out.y, metric=name))
            context.report(next(steps), total, {"validation": validated[-1]})
            tested.append(score(classify(whole, test.x), test.y, metric=name))
            context.report(next(steps), total, {"validation": validated[-1]})
        found.append(Series(f"{grid.kind}_{name}", grid.of, grid.settings, validated, tested))
    write_choices(context.kept, found, images={"fit": len(fit.y), "validation": len(held_out.y), "test": len(test.y)})
    return [number for series in found for number in select(options.dataset, series)]


def rehearse(options: ClassificationOptions, context: Context) -> None:
    """Fit probe and kNN to two images by the first setting of each, and score two of every split."""
    splits, transform = open_splits(options, data_root=context.data_root), as_tested(options)
    backbone = load_backbone(context.backbone, context.spec).to(context.device)
    encoded = [
        encode(backbone, part.take(torch.arange(min(2, len(part)))), transform, device=context.device)
        for part in splits
    ]
    for grid in _grids(options, classes=len(splits.train.classes)):
        for part in encoded:
            score(grid.classifiers[0](encoded[0], part.x), part.y, metric=metric(options))


def check_data(options: ClassificationOptions, *, data_root: Path, store: Path) -> str:
    """Open the data set, decode a sample of it, and return its fingerprint.

    Raises:
        ValueError: it is missing, malformed or too small; one line.
    """
    splits = open_splits(options, data_root=data_root)
    found = check(options, splits, store=store)
    partition(options, splits, data_root=data_root, seed=0)
    return found


@dataclass(frozen=True)
class _Grid:
    """One kind of classifier under several settings of what `of` names."""

    kind: str
    of: str
    settings: Sequence[float]
    classifiers: Sequence[Classifier]


def _grids(options: ClassificationOptions, *, classes: int) -> tuple[_Grid, ...]:
    linear = [partial(linear_labels, penalty=penalty, classes=classes) for penalty in options.penalties]
    knn = [partial(knn_labels, neighbours=k, temperature=options.temperature) for k in options.neighbours]
    return _Grid("linear", "penalty", options.penalties, linear), _Grid("knn", "k", options.neighbours, knn)


def linear_labels(train: Features, x: Tensor, *, penalty: float, classes: int) -> Tensor:
    """Labels told by multinomial logistic regression with an L2 penalty, fitted by L-BFGS on standardised features.

    Minimises mean cross-entropy + penalty/2 * |W|^2 (the bias is free); convex, so the start does not matter.

    Args:
        train: features and labels to fit.
        x: features (N, F) to tell the labels of.
        penalty: L2 penalty on the weights.
        classes: number of classes.

    Returns:
        Labels (N,).
    """
    mean, std = train.x.mean(dim=0), train.x.std(dim=0).clamp_min(1e-6)
    weight = torch.zeros(classes, x.shape[1], device=x.device, requires_grad=True)
    bias = torch.zeros(classes, device=x.device, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=200, tolerance_grad=1e-5, line_search_fn="strong_wolfe")
    rows = max(1, _BLOCK // max(classes, x.shape[1]))
    few = len(train.y) <= rows  # a copy of all would take another 10 GB of ImageNet
    fitted = (train.x - mean) / std if few else train.x

    def loss() -> Tensor:
        solver.zero_grad()
        total = penalty / 2 * weight.square().sum()
        total.backward()
        for part, labels in zip(fitted.split(rows), train.y.split(rows), strict=True):
            scaled = part if few else (part - mean) / std
            value = cross_entropy(scaled @ weight.T + bias, labels, reduction="sum") / len(train.y)
            value.backward()
            total = total.detach() + value.detach()
        return total

    solver.step(loss)
    return torch.cat([((part - mean) / std @ weight.T + bias).argmax(dim=1) for part in x.split(rows)])


def knn_labels(train: Features, x: Tensor, *, neighbours: int, temperature: float) -> Tensor:
    """Labels told by the weighted kNN vote of Wu et al. 2018 (arXiv 1805.01978, §3.4): weights exp(cos/T).

    They are taken times exp(-1/T), which changes no vote and keeps them in range.

    Args:
        train: the bank of features.
        x: features (N, F) to tell the labels of.
        neighbours: k; a smaller bank votes as a whole.
        temperature: T.

    Returns:
        Labels (N,).
    """
    told, size = [], len(train.y)
    banks = train.x.split(max(1, _BLOCK // x.shape[1]))
    for part in normalize(x, dim=1).split(max(1, _BLOCK // size)):
        similarity = torch.cat([part @ normalize(bank, dim=1).T for bank in banks], dim=1)
        cosine, index = similarity.topk(min(neighbours, size), dim=1)
        votes = torch.zeros(len(part), int(train.y.max()) + 1, device=x.device)
        votes.scatter_add_(1, train.y[index], ((cosine - 1) / temperature).exp())
        told.append(votes.argmax(dim=1))
    return torch.cat(told)
