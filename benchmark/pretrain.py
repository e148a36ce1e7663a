"""The one training loop: mmengine's Runner around backbone, projector, views and an objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn

from benchmark.batch_norm import share_batch_norm
from benchmark.chunks import ChunkedNetwork
from benchmark.data.factor_shapes.factors import LEVELS
from benchmark.data_parallel import join_group
from benchmark.network import PretrainNetwork
from benchmark.optimisers import build_optimiser, build_schedule
from benchmark.runner import train
from benchmark.seeds import derived_seed
from benchmark.step_batches import Batch, StepBatches
from benchmark.view_maker import ViewMaker
from benchmark.views.channel_split import ChannelSplit
from benchmark.views.making import is_rendered, view_policy
from benchmark.views.policy import ViewPolicy
from downstream.backbone import Backbone, BackboneSpec
from objectives.contract import Dims, Objective, Views
from objectives.registry import OBJECTIVES, resolve

if TYPE_CHECKING:
    from benchmark.config import BenchConfig
    from downstream.imagefolder import ImageSet


@dataclass(frozen=True)
class Parts:
    """What a pretraining is made of, before it starts.

    Attributes:
        network: backbone and projector, initialised from the seed alone.
        objective: the objective, its own layers initialised from the seed alone.
        split: what splits the views into channels; None where both have all.
    """

    network: PretrainNetwork
    objective: Objective
    split: ChannelSplit | None = None


def backbone_spec(config: BenchConfig) -> BackboneSpec:
    """The backbone that the config describes, as it is evaluated."""
    model, views = config.model, config.views
    colour = None if views.generator is None else views.generator.colour
    return BackboneSpec(model.depth, model.width, model.stem, mean=views.mean, std=views.std, colour=colour)


def build_parts(name: str, config: BenchConfig, *, seed: int, classes: int, device: str) -> Parts:
    """Build network and objective, each from a random stream of its own, so that one cannot shift the other.

    Args:
        name: registry name of the objective.
        config: the resolved config.
        seed: seed of the run.
        classes: number of classes of the pretraining images, 0 if unlabelled.
        device: torch device string.

    Raises:
        ValueError: the objective refuses its arguments.
    """
    spec, model = replace(backbone_spec(config), colour=None), config.model  # views are split before it sees them
    factors = LEVELS if is_rendered(config) else ()
    dims = Dims(spec.stage_dims[-1], model.projection, config.views.size, classes, factors)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derived_seed(seed, "network"))
        network = PretrainNetwork(
            spec, hidden=model.hidden, projection=model.projection, norm=model.projector_norm, device=device
        )
        torch.manual_seed(derived_seed(seed, "objective"))
        objective = _build_objective(name, dims, resolve(name, config.objectives))
    if objective.needs_target:
        network.add_target()
    for part in (network, objective):
        _channels_last(part.to(device))
    return Parts(network, objective)


def _channels_last(module: nn.Module) -> None:
    """Lay the weights of convolutions out with channels last: the faster kernels, on CPU and GPU, take them so."""
    for weight in module.parameters():
        if weight.dim() == 4:
            # A copy: of a kernel of one pixel `contiguous` would keep the strides, which its gradient then has not.
            weight.data = torch.empty_like(weight, memory_format=torch.channels_last).copy_(weight.data)


def _build_objective(name: str, dims: Dims, arguments: dict[str, Any]) -> Objective:
    objective = OBJECTIVES.get(name)(dims, **arguments)
    assert isinstance(objective, Objective)
    return objective


def total_steps(config: BenchConfig, images: int) -> int:
    """Optimiser steps: epochs times whole batches per epoch."""
    return max(1, round(config.training.epochs * (images // config.training.batch)))


def pretrain(
    parts: Parts,
    images: ImageSet,
    config: BenchConfig,
    *,
    seed: int,
    work_dir: Path,
    hooks: Sequence[Hook],
) -> Backbone:
    """Train the parts on the images and return the backbone.

    If `work_dir` holds `checkpoint.pth`, the training goes on from there and ends in the same bits as one that was
    never stopped: views, order and the objective's noise depend on (seed, step, image) alone. With `config.processes`
    above 1 it runs in each of that many processes, started by torchrun; each takes its share of every batch.

    Args:
        parts: network and objective on their device.
        images: pretraining images.
        config: the resolved config.
        seed: seed of order, views and the objective's noise.
        work_dir: folder of the checkpoint and of TensorBoard's files.
        hooks: what accompanies the training (scalars, checkpoints).
    """
    if not parts.objective.trains:
        return parts.network.backbone
    steps = total_steps(config, len(images.images))
    model = PretrainModel(parts, config, seed=seed, steps=steps)
    device, several = parts.network.generator.device, config.processes > 1
    if several:
        join_group(device, processes=config.processes)
        share_batch_norm(model)
    optimiser = build_optimiser(model, config.training)
    train(
        model,
        StepBatches(images, batch=config.training.batch, steps=steps, seed=seed),
        optimiser=optimiser,
        schedule=build_schedule(optimiser, config.training, steps=steps),
        hooks=[_TargetUpdate(model), *hooks],
        seed=seed,
        work_dir=work_dir,
        several=several,
        workers=images.workers,
        make=model.data_preprocessor.make,
    )
    return parts.network.backbone


class _TargetUpdate(Hook):
    """Move the target after every step, before anything looks at it or saves it."""

    priority = "VERY_HIGH"

    def __init__(self, model: PretrainModel) -> None:
        self.model = model

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Batch | None = None, outputs: Any = None
    ) -> None:
        """Take one step of the target, if there is one."""
        model = self.model
        if model.objective.needs_target:
            model.network.update_target(model.objective.target_momentum(batch_idx / model.steps))


class PretrainModel(BaseModel):
    """Views, network and objective as mmengine trains them."""

    def __init__(self, parts: Parts, config: BenchConfig, *, seed: int, steps: int) -> None:
        needs = parts.objective
        maker = ViewMaker(
            view_policy(config, seed=seed),
            labels=needs.needs_labels,
            factors=needs.needs_factors,
            puzzle=ViewPolicy(config.views, seed=seed) if needs.needs_patches else None,
            split=parts.split,
        )
        super().__init__(data_preprocessor=maker)
        self.network, self.objective, self.seed, self.steps = parts.network, parts.objective, seed, steps
        self.chunks = config.training.chunks
        self.to(parts.network.generator.device)

    def forward(self, views: Views, step: int, mode: str) -> dict[str, Tensor]:
        """Return the objective's terms for one batch."""
        assert mode == "loss"
        self.network.generator.manual_seed(derived_seed(self.seed, "noise", step))
        network = self.network if self.chunks == 1 else ChunkedNetwork(self.network, chunks=self.chunks)
        terms: dict[str, Tensor] = self.objective(views, network)
        return terms

    def parse_losses(self, losses: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the sum of the terms, and the terms for the record."""
        return torch.stack(list(losses.values())).sum(), {name: term.detach() for name, term in losses.items()}
