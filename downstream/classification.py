"""Classification on frozen features: linear probe and kNN."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from downstream.backbone import Backbone, load_backbone
from downstream.imagefolder import ImageSet, open_image_folder
from downstream.tasks import Context, Metric

if TYPE_CHECKING:
    from downstream.tasks import ClassificationOptions

DIGITS = "digits"


@dataclass(frozen=True)
class Split:
    """Features (N, F) and labels (N,) of one split."""

    x: Tensor
    y: Tensor


def run(options: ClassificationOptions, context: Context) -> list[Metric]:
    """Evaluate a frozen backbone by linear probe and kNN.

    Every image passes through the backbone once. The penalty of the linear probe is chosen on images held out from
    the training split; the probe is then fitted on the whole training split. "oracle" is the best penalty on the test
    split, stored to show what selecting on it would have gained.
    """
    splits = load_splits(options, data_root=context.data_root, store=context.store)
    backbone = load_backbone(context.backbone, context.spec).eval().to(context.device)
    train, test = (_features(backbone, images, context) for images in splits)
    fit, held_out = _hold_out(train, fraction=options.validation, seed=context.seed)
    classes = int(train.y.max()) + 1
    validated, tested = [], []
    for number, penalty in enumerate(options.penalties):
        validated.append(linear_accuracy(fit, held_out, penalty=penalty, classes=classes))
        tested.append(linear_accuracy(train, test, penalty=penalty, classes=classes))
        context.report(number + 1, len(options.penalties), {"validation": validated[-1]})
    chosen = int(np.argmax(validated))
    neighbours = knn_accuracy(train, test, neighbours=options.neighbours, temperature=options.temperature)
    return [
        Metric(options.dataset, "linear_top1", "val", "selected", validated[chosen]),
        Metric(options.dataset, "linear_top1", "test", "selected", tested[chosen]),
        Metric(options.dataset, "linear_top1", "test", "oracle", max(tested)),
        Metric(options.dataset, "knn_top1", "test", "selected", neighbours),
    ]


def rehearse(options: ClassificationOptions, context: Context) -> None:
    """Pass two images of each split through the backbone."""
    backbone = load_backbone(context.backbone, context.spec).eval().to(context.device)
    for images in load_splits(options, data_root=context.data_root, store=context.store):
        _features(backbone, images.take(torch.arange(2)), context)


def check_data(options: ClassificationOptions, *, data_root: Path, store: Path) -> str:
    """Open the images, which decodes them, and return their fingerprint.

    Raises:
        ValueError: they are missing, cannot be decoded, or are too few; one line.
    """
    train, test = load_splits(options, data_root=data_root, store=store)
    return f"{train.digest}-{test.digest}"


def load_splits(options: ClassificationOptions, *, data_root: Path, store: Path) -> tuple[ImageSet, ImageSet]:
    """Open the training and the test images."""
    if options.train == DIGITS:
        return _digits(options.image_size)
    folders = (data_root / options.train, data_root / options.test)
    train, test = (open_image_folder(folder, image_size=options.image_size, store=store) for folder in folders)
    if train.classes != test.classes or not train.classes:
        raise ValueError(f"{options.dataset}: {folders[0]} and {folders[1]} must hold the same class folders")
    if options.train_limit:
        train = train.take(_per_class(train.labels, options.train_limit))
    fewest, held_out = int(train.labels.bincount().min()), math.ceil(options.validation * len(train.labels))
    if fewest < 2 or not len(train.classes) <= held_out <= len(train.labels) - len(train.classes):
        raise ValueError(
            f"{options.dataset}: {folders[0]} must have images of every class to fit the probe and to hold out, got "
            f"{len(train.labels)} of {len(train.classes)} classes, at least {fewest} each, {held_out} held out"
        )
    return train, test


def linear_accuracy(train: Split, test: Split, *, penalty: float, classes: int) -> float:
    """Top-1 accuracy of multinomial logistic regression with an L2 penalty, fitted by L-BFGS on standardised features.

    Minimises mean cross-entropy + penalty/2 * |W|^2 (the bias is free); convex, so the start does not matter.

    Args:
        train: features and labels to fit.
        test: features and labels to score.
        penalty: L2 penalty on the weights.
        classes: number of classes.
    """
    mean, std = train.x.mean(dim=0), train.x.std(dim=0).clamp_min(1e-6)
    x, scored = (train.x - mean) / std, (test.x - mean) / std
    weight = torch.zeros(classes, x.shape[1], device=x.device, requires_grad=True)
    bias = torch.zeros(classes, device=x.device, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=200, tolerance_grad=1e-5, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        value = torch.nn.functional.cross_entropy(x @ weight.T + bias, train.y) + penalty / 2 * weight.square().sum()
        value.backward()
        return value

    solver.step(loss)
    return float(((scored @ weight.T + bias).argmax(dim=1) == test.y).double().mean())


def knn_accuracy(train: Split, test: Split, *, neighbours: int, temperature: float) -> float:
    """Top-1 accuracy of the weighted kNN vote of Wu et al. 2018 (arXiv 1805.01978, §3.4): weights exp(cos/T).

    They are taken times exp(-1/T), which changes no vote and keeps them in range.

    Args:
        train: the bank of features.
        test: features and labels to score.
        neighbours: k, at most the size of the bank.
        temperature: T.
    """
    bank = torch.nn.functional.normalize(train.x, dim=1)
    hits = 0
    for x, y in zip(test.x.split(1024), test.y.split(1024), strict=True):
        similarity = torch.nn.functional.normalize(x, dim=1) @ bank.T
        cosine, index = similarity.topk(min(neighbours, len(bank)), dim=1)
        votes = torch.zeros(len(x), int(train.y.max()) + 1, device=x.device)
        votes.scatter_add_(1, train.y[index], ((cosine - 1) / temperature).exp())
        hits += int((votes.argmax(dim=1) == y).sum())
    return hits / len(test.y)


@torch.inference_mode()
def _features(backbone: Backbone, images: ImageSet, context: Context) -> Split:
    """Pass every image through the backbone once."""
    rows = [backbone(context.spec.normalise(batch.to(context.device))) for batch in images.images.split(256)]
    return Split(torch.cat(rows), images.labels.to(context.device))


def _hold_out(split: Split, *, fraction: float, seed: int) -> tuple[Split, Split]:
    """A stratified part of the training split for choices."""
    fit, held_out = train_test_split(
        np.arange(len(split.y)), test_size=fraction, random_state=seed, stratify=split.y.cpu().numpy()
    )
    return Split(split.x[fit], split.y[fit]), Split(split.x[held_out], split.y[held_out])


def _per_class(labels: Tensor, limit: int) -> Tensor:
    """Indices of about `limit` images, the first ones of every class, the same number of each."""
    classes = labels.unique()
    each = max(1, limit // len(classes))
    return torch.cat([(labels == label).nonzero().flatten()[:each] for label in classes])


def _digits(image_size: int) -> tuple[ImageSet, ImageSet]:
    """scikit-learn's 1,797 handwritten digits (UCI optdigits, 8x8 grey), two thirds to train, a third to test."""
    pixels, labels = load_digits(return_X_y=True)
    grey = torch.from_numpy(pixels).float().view(-1, 1, 8, 8) / 16
    resized = torch.nn.functional.interpolate(grey, size=(image_size, image_size), mode="bilinear")
    images = (resized * 255).round().to(torch.uint8).repeat(1, 3, 1, 1)
    classes = tuple(str(digit) for digit in range(10))
    parts = train_test_split(np.arange(len(labels)), test_size=1 / 3, random_state=0, stratify=labels)
    train, test = (
        ImageSet(images[part], torch.from_numpy(labels[part]).long(), classes, f"{DIGITS}-{image_size}")
        for part in parts
    )
    return train, test
