"""Training of a classifier by SGD, epoch by epoch, with a checkpoint after each.

A plain loop: mmengine's Runner would want the model, the frozen backbone, cached features and two evaluations after
every epoch in forms of its own, and its checkpoints hold the state of random generators, which nothing here draws from.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from downstream.backbone import load_backbone
from downstream.features import Features, encode
from downstream.loading import Sampling, as_tested, as_trained, batches
from downstream.scores import score
from downstream.subsets import derived_seed

if TYPE_CHECKING:
    from downstream.image_options import FinetuningOptions
    from downstream.images import Images
    from downstream.tasks import Context

History = dict[str, list[float]]
"""Split -> its score after every epoch."""


@dataclass(frozen=True)
class Plan:
    """One training.

    Attributes:
        train: images to train on.
        tests: images to score after every epoch, by name.
        metric: "top1" or "mean_class".
        checkpoint: file that the training goes on from, if it is there; None to keep nothing.
        first: steps done before this training, for the report.
        steps: steps of the whole task, for the report.
    """

    train: Images
    tests: Mapping[str, Images]
    metric: str
    checkpoint: Path | None
    first: int
    steps: int


def steps_per_epoch(options: FinetuningOptions, images: int) -> int:
    """Steps of an epoch: whole batches; all images at once where they fill none."""
    return max(1, images // options.batch)


def rate_factor(options: FinetuningOptions, epoch: int) -> float:
    """What the learning rates are multiplied by in an epoch, counted from 0."""
    if options.schedule == "cosine":
        return (1 + math.cos(math.pi * epoch / options.epochs)) / 2
    passed = sum(epoch >= milestone for milestone in options.milestones)
    return float(options.decay**passed)


class Training:
    """A backbone, a linear classifier on its features, and what trains them.

    Args:
        options: the protocol.
        context: the pretrained weights, device and seed.
        classes: number of classes.
    """

    def __init__(self, options: FinetuningOptions, context: Context, *, classes: int) -> None:
        self.options, self.context = options, context
        self.backbone = load_backbone(context.backbone, context.spec).to(context.device)
        stream = torch.Generator().manual_seed(derived_seed(context.seed, "classifier"))
        self.head = nn.Linear(context.spec.stage_dims[-1], classes)
        nn.init.normal_(self.head.weight, std=options.init_std, generator=stream)
        nn.init.zeros_(self.head.bias)
        self.head.to(context.device)
        if options.frozen:
            self.backbone.requires_grad_(False).eval()
        trained = [weight for weight in self.backbone.parameters() if weight.requires_grad]
        groups = [{"params": list(self.head.parameters()), "lr": options.lr}]
        groups += [{"params": trained, "lr": options.backbone_lr}] if trained else []
        self.optimiser = torch.optim.SGD(groups, momentum=options.momentum, weight_decay=options.weight_decay)
        self.rates = [float(group["lr"]) for group in self.optimiser.param_groups]
        self.done = 0
        self.history: History = {}
        self.cached: dict[str, Features] = {}

    def run(self, plan: Plan) -> History:
        """Train to the end, from the checkpoint if there is one, and return every score.

        Raises:
            FloatingPointError: a loss is not finite.
        """
        if plan.checkpoint is not None and plan.checkpoint.exists():
            self._load(plan.checkpoint)
        for epoch in range(self.done, self.options.epochs):
            for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
                group["lr"] = rate * rate_factor(self.options, epoch)
            self._train(plan, epoch)
            for name, images in plan.tests.items():
                self.history.setdefault(name, []).append(self._score(name, images, plan.metric))
            self.done = epoch + 1
            if plan.checkpoint is not None:
                self._save(plan.checkpoint)
        return self.history

    def _train(self, plan: Plan, epoch: int) -> None:
        self.backbone.train(not self.options.frozen)
        per_epoch = steps_per_epoch(self.options, len(plan.train))
        latest = {name: scores[-1] for name, scores in self.history.items() if name != "test"}
        for step, (features, labels) in enumerate(self._features(plan.train, epoch), start=epoch * per_epoch + 1):
            loss = cross_entropy(self.head(features), labels)
            value = loss.item()
            if not math.isfinite(value):
                raise FloatingPointError(f"loss is not finite at step {plan.first + step} (loss={value:.3g})")
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            self.context.report(plan.first + step, plan.steps, {"loss": value, **latest})

    def _features(self, images: Images, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Features and labels of an epoch's batches; of a frozen backbone without augmentation, from memory."""
        options, device = self.options, self.context.device
        stream = torch.Generator().manual_seed(derived_seed(self.context.seed, "order", epoch))
        batch = min(options.batch, len(images))
        order = torch.randperm(len(images), generator=stream)[: len(images) // batch * batch]
        if options.frozen and options.augmentation == "none":
            kept = self._cache("train", images)
            for rows in order.to(device).split(batch):
                yield kept.x[rows], kept.y[rows]
            return
        sampling = Sampling(derived_seed(self.context.seed, "augmentation"), epoch)
        seen = batches(images, as_trained(options), order=order, batch=batch, device=device, sampling=sampling)
        for pixels, labels in seen:
            with torch.set_grad_enabled(not options.frozen):
                features = self.backbone(self.context.spec.normalise(pixels))
            yield features, labels

    @torch.no_grad()
    def _score(self, name: str, images: Images, metric: str) -> float:
        if self.options.frozen:
            features = self._cache(name, images)
        else:
            features = encode(self.backbone, images, as_tested(self.options), device=self.context.device)
        return score(self.head(features.x).argmax(dim=1), features.y, metric=metric)

    def _cache(self, name: str, images: Images) -> Features:
        """Features of a frozen backbone, kept from the first time on."""
        if name not in self.cached:
            transform, context = as_tested(self.options), self.context
            self.cached[name] = encode(self.backbone, images, transform, device=context.device, folder=context.work_dir)
        return self.cached[name]

    def _save(self, path: Path) -> None:
        """Write everything that the next epoch needs, whole or not at all."""
        content = {
            "head": self.head.state_dict(),
            "backbone": None if self.options.frozen else self.backbone.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "history": self.history,
            "done": self.done,
        }
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def _load(self, path: Path) -> None:
        content: dict[str, Any] = torch.load(path, map_location=self.context.device, weights_only=True)
        self.head.load_state_dict(content["head"])
        if not self.options.frozen:
            self.backbone.load_state_dict(content["backbone"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.history, self.done = content["history"], content["done"]
