"""Classification on frozen features: linear probe and kNN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from downstream.backbone import load_backbone
from downstream.datasets import check, metric, open_splits
from downstream.features import Features, encode
from downstream.loading import as_tested
from downstream.scores import score
from downstream.selection import select
from downstream.subsets import hold_out
from downstream.tasks import Context, Metric

if TYPE_CHECKING:
    from downstream.image_options import ClassificationOptions

Classifier = Callable[[Features, Tensor], Tensor]
"""From features with labels, and features (N, F) of others, to the labels (N,) of those."""

_SIMILARITIES = 2**27
"""Numbers of a block of similarities: 512 MB."""


def run(options: ClassificationOptions, context: Context) -> list[Metric]:
    """Evaluate a frozen backbone by linear probe and kNN.

    Every image passes through the backbone once. The penalty of the probe and the k of the kNN are chosen on the
    validation split, or on images held out from the training split; for the test, both then see all training images.
    """
    splits, transform = open_splits(options, data_root=context.data_root), as_tested(options)
    backbone = load_backbone(context.backbone, context.spec).to(context.device)
    whole, test = (encode(backbone, part, transform, device=context.device) for part in (splits.train, splits.test))
    if splits.validation is None:
        fit, held_out = (whole.take(rows) for rows in hold_out(options, splits.train, seed=context.seed))
    else:
        fit, held_out = whole, encode(backbone, splits.validation, transform, device=context.device)
        whole = Features(torch.cat([fit.x, held_out.x]), torch.cat([fit.y, held_out.y]))
    classes, name = len(splits.train.classes), metric(options)
    grids: dict[str, list[Classifier]] = {
        "linear": [partial(linear_labels, penalty=penalty, classes=classes) for penalty in options.penalties],
        "knn": [partial(knn_labels, neighbours=k, temperature=options.temperature) for k in options.neighbours],
    }
    found = []
    for kind, grid in grids.items():
        validated = _scores(grid, (fit, held_out), metric=name, context=context)
        tested = _scores(grid, (whole, test), metric=name, context=context)
        found += select(options.dataset, f"{kind}_{name}", validated=validated, tested=tested)
    return found


def rehearse(options: ClassificationOptions, context: Context) -> None:
    """Pass two images of each split through the backbone."""
    backbone = load_backbone(context.backbone, context.spec).to(context.device)
    for part in open_splits(options, data_root=context.data_root):
        encode(backbone, part.take(torch.arange(min(2, len(part)))), as_tested(options), device=context.device)


def check_data(options: ClassificationOptions, *, data_root: Path, store: Path) -> str:
    """Open the data set, decode a sample of it, and return its fingerprint.

    Raises:
        ValueError: it is missing, malformed or too small; one line.
    """
    splits = open_splits(options, data_root=data_root)
    found = check(options, splits, store=store)
    if splits.validation is None:
        hold_out(options, splits.train, seed=0)
    return found


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
    fitted, scored = (train.x - mean) / std, (x - mean) / std
    weight = torch.zeros(classes, x.shape[1], device=x.device, requires_grad=True)
    bias = torch.zeros(classes, device=x.device, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=200, tolerance_grad=1e-5, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        value = torch.nn.functional.cross_entropy(fitted @ weight.T + bias, train.y)
        value = value + penalty / 2 * weight.square().sum()
        value.backward()
        return value

    solver.step(loss)
    return (scored @ weight.T + bias).argmax(dim=1)


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
    bank = torch.nn.functional.normalize(train.x, dim=1)
    told = []
    for part in x.split(max(1, _SIMILARITIES // len(bank))):
        similarity = torch.nn.functional.normalize(part, dim=1) @ bank.T
        cosine, index = similarity.topk(min(neighbours, len(bank)), dim=1)
        votes = torch.zeros(len(part), int(train.y.max()) + 1, device=x.device)
        votes.scatter_add_(1, train.y[index], ((cosine - 1) / temperature).exp())
        told.append(votes.argmax(dim=1))
    return torch.cat(told)


def _scores(
    grid: Sequence[Classifier], parts: tuple[Features, Features], *, metric: str, context: Context
) -> list[float]:
    """Fit every classifier on the first of the parts, and score it on the second."""
    (train, scored), found = parts, []
    for number, classify in enumerate(grid):
        found.append(score(classify(train, scored.x), scored.y, metric=metric))
        context.report(number + 1, len(grid), {metric: found[-1]})
    return found
