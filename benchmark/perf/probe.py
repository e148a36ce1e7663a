"""The linear probe on cached features beside one that encodes every image again in every epoch.

Both learn on the same images of the embedded scenes, from the same backbone and start, in the same order, by the
schedule of InfoCL's probe (arXiv 2203.07004, released eval_lr.py: SGD at 0.01, batch 128, 100 epochs, a tenth of it
after 60 and 80, no augmentation), and score the test split after every epoch. The probe with a grid of penalties, which
chooses one on held-out images, is timed beside them. None writes checkpoints.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

from benchmark.config import load
from benchmark.perf.comparison import ROUNDS, Comparison
from benchmark.perf.untrained import untrained
from downstream import classification
from downstream.backbone import load_backbone, save_backbone
from downstream.datasets import open_splits
from downstream.features import encode
from downstream.image_options import ClassificationOptions, FinetuningOptions
from downstream.images import Splits
from downstream.loading import as_tested, batches
from downstream.scores import score
from downstream.sgd import Plan, Training, rate_factor
from downstream.subsets import derived_seed
from downstream.tasks import Context

_PART = "Linear evaluation"
_IMAGES = (512, 256)
_EPOCHS = 100
_FASTER, _POINTS = 20.0, 0.3
"""What is claimed of the same SGD on cached features: how many times as fast, within how many points of accuracy."""

Rounds = Sequence[tuple[float, float]]
"""Of every round, seconds and top-1 accuracy on the test split at the end."""


def measure() -> Iterator[Comparison]:
    """Cached features beside images encoded anew in every epoch: time, and what becomes of the accuracy."""
    yield from compare(run_probes(), what=f"{_IMAGES[0]} training and {_IMAGES[1]} test images, {_EPOCHS} epochs")


def compare(found: Mapping[str, Rounds], *, what: str) -> Iterator[Comparison]:
    """What is claimed of the same SGD on cached features, in both its parts; of the grid nothing is claimed.

    Args:
        found: what `run_probes` returned.
        what: was it done on.
    """
    seconds = {name: tuple(taken for taken, _ in rounds) for name, rounds in found.items()}
    accuracies = {name: [100 * right for _, right in rounds] for name, rounds in found.items()}
    other = "the same SGD, every image encoded in every epoch"
    yield Comparison(
        _PART, f"SGD on cached features, {what}", "s", seconds["cached"], seconds["encoded"], other, False, _FASTER
    )
    gaps = [abs(mine - theirs) for mine, theirs in zip(accuracies["cached"], accuracies["encoded"], strict=True)]
    yield Comparison(
        _PART,
        "agreement of their top-1 accuracies: 100 less the points between them",
        "points",
        tuple(100 - round(gap, 9) for gap in gaps),
        (100.0,) * len(gaps),
        "the same accuracy",
        bar=1 - _POINTS / 100,
        note=f"at most {_POINTS:g} points are claimed; encoded anew: {accuracies['encoded'][0]:.2f} %",
    )
    yield Comparison(
        _PART,
        f"kNN and a grid of penalties on cached features, {what}",
        "s",
        seconds["grid"],
        seconds["encoded"],
        other,
        False,
        note=f"top-1 {accuracies['grid'][0] - accuracies['encoded'][0]:+.2f} points",
    )


def run_probes(
    *, images: tuple[int, int] = _IMAGES, epochs: int = _EPOCHS, rounds: int = ROUNDS
) -> dict[str, list[tuple[float, float]]]:
    """Run every probe once a round, in turned order every other round; the two quick ones once before, to warm up.

    Args:
        images: training and test images.
        epochs: of the SGD probes, whose rate falls after 60 % and 80 % of them.
        rounds: how many.

    Returns:
        By name, "cached", "encoded" (anew in every epoch) and "grid" (selected accuracy).
    """
    config = load("shapes")
    with tempfile.TemporaryDirectory() as folder:
        train, test = images
        size = {"pretrain": 1, "dense_train": 2, "dense_test": 1}
        context = untrained(config, Path(folder), classification_train=train, classification_test=test, **size)
        grid, base = config.tasks["classification"], config.tasks["linear_sgd"]
        assert isinstance(grid, ClassificationOptions)
        assert isinstance(base, FinetuningOptions)
        falls = (6 * epochs // 10, 8 * epochs // 10)
        options = replace(base, augmentation="none", epochs=epochs, lr=0.01, schedule="step", milestones=falls)
        splits = open_splits(options, data_root=context.data_root)
        _teach(base, splits, context)  # which leaves the files in the system's memory, for both
        probes = {
            "cached": lambda: _cached(options, splits, context),
            "grid": lambda: _grid(grid, context),
            "encoded": lambda: _encoded(options, splits, context),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in probes}
        for quick in ("cached", "grid"):
            probes[quick]()
        for turn in range(rounds):
            for name in list(probes)[:: 1 if turn % 2 else -1]:
                found[name].append(_timed(probes[name]))
    return found


def _teach(options: FinetuningOptions, splits: Splits, context: Context) -> None:
    """Train the backbone a little on the training images, so that its features say something."""
    options = replace(options, frozen=False, lr=0.1, backbone_lr=0.1, epochs=3, batch=64)
    training = Training(options, context, classes=len(splits.train.classes))
    training.run(Plan(splits.train, {}, "top1", None, first=0, steps=0))
    save_backbone(training.backbone, context.backbone)


def _timed(probe: Callable[[], float]) -> tuple[float, float]:
    started = time.perf_counter()
    accuracy = probe()
    return time.perf_counter() - started, accuracy


def _cached(options: FinetuningOptions, splits: Splits, context: Context) -> float:
    plan = Plan(splits.train, {"test": splits.test}, "top1", None, first=0, steps=0)
    return Training(options, context, classes=len(splits.train.classes)).run(plan)["test"][-1]


def _encoded(options: FinetuningOptions, splits: Splits, context: Context) -> float:
    backbone = load_backbone(context.backbone, context.spec).eval()
    head = Training(options, context, classes=len(splits.train.classes)).head  # the same start
    optimiser = torch.optim.SGD(head.parameters(), lr=options.lr, momentum=options.momentum)
    transform, accuracy = as_tested(options), 0.0
    for epoch in range(options.epochs):
        optimiser.param_groups[0]["lr"] = options.lr * rate_factor(options, epoch)
        stream = torch.Generator().manual_seed(derived_seed(context.seed, "order", epoch))
        order = torch.randperm(len(splits.train), generator=stream)
        order = order[: len(order) // options.batch * options.batch]
        for pixels, labels in batches(splits.train, transform, order=order, batch=options.batch, device="cpu"):
            with torch.no_grad():
                features = backbone(context.spec.normalise(pixels))
            optimiser.zero_grad()
            cross_entropy(head(features), labels).backward()
            optimiser.step()
        test = encode(backbone, splits.test, transform, device="cpu")
        accuracy = score(head(test.x).argmax(dim=1), test.y, metric="top1")
    return accuracy


def _grid(options: ClassificationOptions, context: Context) -> float:
    metrics = classification.run(options, context)
    wanted = ("linear_top1", "test", "selected")
    return next(each.value for each in metrics if (each.metric, each.split, each.selection) == wanted)
