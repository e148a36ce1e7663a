"""Classification on frozen features: linear probe and kNN."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from downstream.backbone import load_backbone
from downstream.datasets import check, metric, open_splits
from downstream.features import Features, encode
from downstream.loading import as_tested
from downstream.neighbours import knn_labels
from downstream.scores import score
from downstream.selection import Series, select, write_choices
from downstream.subsets import partition
from downstream.tasks import Context, Metric

if TYPE_CHECKING:
    from downstream.image_options import ClassificationOptions

Classifiers = Callable[[Features, Tensor], Iterator[Tensor]]
"""From features with labels, and features (N, F) of others, to the labels (N,) that every setting tells of those."""

_BLOCK = 2**27
"""Numbers of a block of features or logits: 512 MB."""


def run(options: ClassificationOptions, context: Context) -> list[Metric]:
    """Evaluate a frozen backbone by linear probe and kNN.

    Every image passes through the backbone once. The penalty of the probe and the k of the kNN are chosen on the
    validation split, or on images held out from the training split; for the test, both then see all training images.
    """
    splits, transform = open_splits(options, data_root=context.data_root), as_tested(options)
    parts = partition(options, splits, data_root=context.data_root, seed=context.seed)
    backbone = load_backbone(context.backbone, context.spec).to(context.device)
    whole, test = (
        encode(backbone, part, transform, device=context.device, folder=context.work_dir)
        for part in (parts.whole, splits.test)
    )
    fit, held_out = whole.split(len(parts.fit))
    name, found = metric(options), []
    grids = _grids(options, classes=len(splits.train.classes))
    steps, total = itertools.count(1), 2 * sum(len(grid.settings) for grid in grids)
    for grid in grids:
        validated, tested = [], []
        told, told_of_test = grid.classify(fit, held_out.x), grid.classify(whole, test.x)
        for _ in grid.settings:
            validated.append(score(next(told), held_out.y, metric=name))
            context.report(next(steps), total, {"validation": validated[-1]})
            tested.append(score(next(told_of_test), test.y, metric=name))
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
            score(next(grid.classify(encoded[0], part.x)), part.y, metric=metric(options))


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
    classify: Classifiers


def _grids(options: ClassificationOptions, *, classes: int) -> tuple[_Grid, ...]:
    def linear(train: Features, x: Tensor) -> Iterator[Tensor]:
        return (linear_labels(train, x, penalty=penalty, classes=classes) for penalty in options.penalties)

    knn = partial(knn_labels, neighbours=options.neighbours, temperature=options.temperature)
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
