"""Training of a classifier by SGD: linear probe with augmentation, fine-tuning, few labels."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from downstream.datasets import check, metric, open_splits
from downstream.selection import Series, select, write_choices
from downstream.sgd import Plan, Training, steps_per_epoch
from downstream.subsets import partition
from downstream.tasks import Context, Metric

if TYPE_CHECKING:
    from downstream.image_options import FinetuningOptions


def run(options: FinetuningOptions, context: Context) -> list[Metric]:
    """Train, score the validation images and the test split after every epoch, and choose the epoch on the former.

    With `refit`, the scores on the test split are those of a second training, on the validation images too.
    """
    splits = open_splits(options, data_root=context.data_root)
    parts = partition(options, splits, data_root=context.data_root, seed=context.seed)
    whole = parts.whole
    first = options.epochs * steps_per_epoch(options, len(parts.fit))
    steps = first + (options.epochs * steps_per_epoch(options, len(whole)) if options.refit else 0)
    tests = {"validation": parts.held_out} if options.refit else {"validation": parts.held_out, "test": splits.test}
    plan = Plan(parts.fit, tests, metric(options), context.work_dir / "fit.pth", first=0, steps=steps)
    classes = len(splits.train.classes)
    history = Training(options, context, classes=classes).run(plan)
    if options.refit:
        again = replace(
            plan, train=whole, tests={"test": splits.test}, checkpoint=context.work_dir / "refit.pth", first=first
        )
        history |= Training(options, context, classes=classes).run(again)
    name = f"{'linear_sgd' if options.frozen else 'finetune'}_{plan.metric}"
    epochs = range(1, options.epochs + 1)
    series = Series(name, "epoch", epochs, history["validation"], history["test"])
    images = {"fit": len(parts.fit), "validation": len(parts.held_out), "test": len(splits.test)}
    write_choices(context.kept, [series], images=images)
    if options.partial:
        (context.kept / "labelled.txt").write_text("".join(f"{label}\n" for label in sorted(whole.names)))
    return select(options.dataset, series)


def rehearse(options: FinetuningOptions, context: Context) -> None:
    """Train one step on two images and score two."""
    splits, two = open_splits(options, data_root=context.data_root), torch.arange(2)
    tests = {"test": splits.test.take(two[: len(splits.test)])}
    plan = Plan(splits.train.take(two), tests, metric(options), None, first=0, steps=1)
    short = replace(options, epochs=1, milestones=(), batch=2)
    Training(short, context, classes=len(splits.train.classes)).run(plan)


def check_data(options: FinetuningOptions, *, data_root: Path, store: Path) -> str:
    """Open the data set and the list of labelled images, decode a sample, and return their fingerprint.

    Raises:
        ValueError: something is missing, malformed or too small; one line.
    """
    splits = open_splits(options, data_root=data_root)
    found = check(options, splits, store=store)
    partition(options, splits, data_root=data_root, seed=0)
    if not options.subset:
        return found
    listed = hashlib.sha256((data_root / options.subset).read_bytes()).hexdigest()[:16]
    return f"{found}-{listed}"
