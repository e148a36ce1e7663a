"""A colour space, a critic of the mutual information of its halves, and classifiers of them: how they are trained.

Source: Tian et al. 2020 (InfoMin), arXiv 2005.10243, section 4, with networks, order of the steps and optimisers of the
public copy of its view generator (github ali-design/GenRep, folder LearningView).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.seeds import derived_seed
from benchmark.views.generator import EncoderConfig, GeneratorTraining
from benchmark.views.mutual_information import dv_bound, infonce_bound
from benchmark.views.policy import ViewConfig, ViewPolicy
from downstream.backbone import Backbone
from downstream.colour import ColourSpace

Batch = dict[str, Any]


def settings(views: ViewConfig) -> tuple[ViewConfig, GeneratorTraining]:
    """The policy under which the generator of `views` is trained, crop and flip alone; and how it is trained."""
    assert views.generator is not None
    assert views.generator.training is not None
    crops = replace(views, jitter_p=0.0, randaugment=(0, 0.0, 0.0), grayscale_p=0.0, blur_p=0.0, solarize_p=0.0)
    return crops, views.generator.training


def total_steps(training: GeneratorTraining, images: int) -> int:
    """Steps of the generator: epochs times whole batches per epoch."""
    return max(1, round(training.epochs * (images // training.batch)))


class GeneratorModel(BaseModel):
    """Colour space, critic and classifiers, and the two steps in which they are trained.

    Args:
        views: a policy with a generator that has something to train.
        seed: seed of initialisation and crops.
        classes: number of classes of the images.
        images: number of images, which says how long the last epoch is.
    """

    sums: Tensor

    def __init__(self, views: ViewConfig, *, seed: int, classes: int, images: int) -> None:
        super().__init__()
        crops, self.training_config = settings(views)
        self.policy = ViewPolicy(crops, seed=derived_seed(seed, "generator crops"))
        steps = total_steps(self.training_config, images)
        self.last_epoch = max(0, steps - images // self.training_config.batch)
        config = self.training_config
        assert views.generator is not None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derived_seed(seed, "generator"))
            self.colour = ColourSpace(views.generator.colour, mean=views.mean, std=views.std)
            self.critic = nn.ModuleList(_network(config.critic, config.dims) for _ in range(2))
            outputs = [classes, classes] if config.supervised else []
            self.classifiers = nn.ModuleList(_network(config.classifier, each) for each in outputs)
        # Mutual information, cross-entropy and number of the steps of the last epoch; in the checkpoint like weights.
        self.register_buffer("sums", torch.zeros(3, dtype=torch.float64))

    def forward(self, crops: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Map two crops (N, 3, H, W) to the first half of the one and the second half of the other."""
        return self.colour.halves(crops[0])[0], self.colour.halves(crops[1])[1]

    def optimisers(self) -> OptimWrapperDict:
        """Adam for the critic, and for colour space and classifiers together."""
        config = self.training_config
        groups = {"critic": self.critic, "generator": nn.ModuleList([self.colour, self.classifiers])}
        rates = {"critic": config.lr, "generator": config.lr * config.factor}
        wrappers = {
            name: OptimWrapper(torch.optim.Adam(group.parameters(), lr=rates[name], betas=config.betas))
            for name, group in groups.items()
        }
        return _Optimisers(**wrappers)

    def train_step(self, data: Batch, optim_wrapper: OptimWrapperDict) -> dict[str, Tensor]:
        """Take a step of the critic on views that are held fixed, then one of generator and classifiers."""
        config, crops = self.training_config, self._crops(data["unlabelled"], step=data["step"], view=0)
        with torch.no_grad():
            views = self(crops)
        information = self.information(*views)
        optim_wrapper["critic"].update_params(-information)
        terms = {"mutual_information": information.detach()}
        losses = []
        self.critic.requires_grad_(False)
        if config.info > 0:
            losses.append(config.info * self.information(*self(crops)))
        if config.supervised:
            entropies = self._cross_entropies(data["labelled"], step=data["step"])
            losses.append(config.cls * entropies.sum())
            terms["cross_entropy"] = entropies.mean().detach()
        optim_wrapper["generator"].update_params(torch.stack(losses).sum())
        self.critic.requires_grad_(True)
        self._sum_up(terms, step=data["step"])
        return terms

    def information(self, first: Tensor, second: Tensor) -> Tensor:
        """The critic's bound of the mutual information of two halves (N, 3, H, W), in nats."""
        config = self.training_config
        z1, z2 = self.critic[0](first), self.critic[1](second)
        return infonce_bound(z1, z2, temperature=config.temperature) if config.bound == "infonce" else dv_bound(z1, z2)

    def findings(self) -> dict[str, float]:
        """Means over the last epoch, of what was measured."""
        information, entropy, count = self.sums.tolist()
        found = {"mutual_information": information / count}
        return found | ({"cross_entropy": entropy / count} if self.training_config.supervised else {})

    def _cross_entropies(self, labelled: Batch, *, step: int) -> Tensor:
        """Cross-entropy of either classifier on the half that it sees, (2,)."""
        halves = self(self._crops(labelled, step=step, view=2))
        labels = labelled["labels"].to(self.sums.device)
        pairs = zip(self.classifiers, halves, strict=True)
        return torch.stack([F.cross_entropy(classify(half), labels) for classify, half in pairs])

    def _crops(self, batch: Batch, *, step: int, view: int) -> tuple[Tensor, Tensor]:
        images = batch["images"].to(self.sums.device, non_blocking=True)
        one, other = (self.policy(images, step=step, index=batch["index"], view=view + n) for n in range(2))
        return one, other

    def _sum_up(self, terms: dict[str, Tensor], *, step: int) -> None:
        if step >= self.last_epoch:
            entropy = terms.get("cross_entropy", terms["mutual_information"].new_zeros(()))
            self.sums += torch.stack([terms["mutual_information"], entropy, torch.ones_like(entropy)])


def _network(config: EncoderConfig, outputs: int) -> nn.Sequential:
    """A ResNet of three channels, of which one or two are 0 where it sees a half, and a linear layer."""
    return nn.Sequential(Backbone(config.spec), nn.Linear(config.spec.stage_dims[-1], outputs))


class _Optimisers(OptimWrapperDict):
    """Two optimisers; the rate that is shown is that of the critic."""

    def get_lr(self) -> dict[str, list[float]]:
        return {"lr": super().get_lr()["critic.lr"]}
