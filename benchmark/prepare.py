"""Learned views: train a colour space before any pretraining (Tian et al. 2020, InfoMin, arXiv 2005.10243)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from mmengine.hooks import Hook
from mmengine.optim import MultiStepLR, OptimWrapper
from torch import Tensor
from torch.utils.data import Dataset

from benchmark.generator_model import GeneratorModel, settings, total_steps
from benchmark.runner import train
from benchmark.seeds import derived_seed
from benchmark.step_batches import StepBatches
from benchmark.views.generator import GeneratorTraining
from benchmark.views.policy import ViewConfig
from downstream.colour import ColourSpace

if TYPE_CHECKING:
    from downstream.imagefolder import ImageSet

Batch = dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A trained colour space, and what was measured in the last epoch.

    Attributes:
        colour: the colour space.
        findings: "mutual_information" (the critic's bound) and, with labels, "cross_entropy" (of both classifiers,
            mean), in nats.
    """

    colour: ColourSpace
    findings: dict[str, float]


def prepare(
    images: ImageSet, views: ViewConfig, *, seed: int, device: str, work_dir: Path, hooks: Sequence[Hook]
) -> Prepared:
    """Train the generator of `views` on the images.

    If `work_dir` holds `checkpoint.pth`, the training goes on from there and ends in the same bits as one that was
    never stopped.

    Args:
        images: pretraining images, with labels if the generator sees any.
        views: a policy with a generator that has something to train.
        seed: seed of initialisation, order, crops and the choice of the labelled images.
        device: torch device string.
        work_dir: folder of the checkpoint and of TensorBoard's files.
        hooks: what accompanies the training (scalars, checkpoints).

    Raises:
        FloatingPointError: the training has diverged.
    """
    _, training = settings(views)
    steps = total_steps(training, len(images.images))
    model = GeneratorModel(views, seed=seed, classes=len(images.classes), images=len(images.images)).to(device)
    optimisers = model.optimisers()
    train(
        model,
        _Batches(images, training, steps=steps, seed=seed),
        optimiser=optimisers,
        schedule={name: [_schedule(optimisers[name], training, steps=steps)] for name in ("critic", "generator")},
        hooks=hooks,
        seed=seed,
        work_dir=work_dir,
        several=False,
        workers=images.workers,
    )
    if not all(weight.isfinite().all() for weight in model.colour.parameters()):
        raise FloatingPointError(f"the colour space is not finite after step {steps}")
    return Prepared(model.colour, model.findings())


def _schedule(optimiser: OptimWrapper, training: GeneratorTraining, *, steps: int) -> MultiStepLR:
    milestones = [round(share * steps) for share in training.milestones]
    return MultiStepLR(optimiser, milestones=milestones, gamma=training.decay, by_epoch=False)


class _Batches(Dataset[Batch]):
    """Item t is what step t needs: a batch of all images and, with labels, one of those whose labels are seen."""

    def __init__(self, images: ImageSet, training: GeneratorTraining, *, steps: int, seed: int) -> None:
        self.steps = steps
        self.unlabelled = StepBatches(
            images, batch=training.batch, steps=steps, seed=derived_seed(seed, "generator order")
        )
        self.labelled: StepBatches | None = None
        if training.supervised:
            chosen = images.take(choose_labelled(images.labels, training.labelled, seed=seed))
            order = derived_seed(seed, "generator labelled order")
            self.labelled = StepBatches(chosen, batch=training.labelled_batch, steps=steps, seed=order)

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> Batch:
        labelled = {} if self.labelled is None else {"labelled": self.labelled[step]}
        return {"step": step, "unlabelled": self.unlabelled[step], **labelled}


def choose_labelled(labels: Tensor, count: int, *, seed: int) -> Tensor:
    """Draw the images whose labels are seen: indices (count,) of labels (N,) >= 0, in rising order."""
    known = (labels >= 0).nonzero().flatten()
    stream = torch.Generator().manual_seed(derived_seed(seed, "labelled images"))
    return known[torch.randperm(len(known), generator=stream)[:count]].sort().values
