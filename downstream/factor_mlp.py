"""The MLP probe: one small network for every factor, all trained at once as blocks of one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from downstream.factor_probes import Answers, Parts, Progress, Sample, Trials, cross_entropies, squared_errors

_FAINT = 0.01  # of the mean variance
_ROWS = 4096  # of images whose answers are computed at a time

Masks = tuple[Tensor, Tensor]
"""`Parts.outside` and `Parts.coordinates`."""


@dataclass(frozen=True)
class MLPSettings:
    """How the MLP probe is trained, see `FactorOptions`."""

    hidden: int
    epochs: int
    batch: int
    lr: float
    weight_decay: float


class Blocks(nn.Module):
    """B networks with one hidden layer of H units and O outputs, none of which sees another.

    Attributes:
        first: (F + 1, B, H) weights and, last, biases.
        second: (B, H + 1, O) likewise.
    """

    def __init__(self, features: int, blocks: int, *, hidden: int, outputs: int, seed: int) -> None:
        super().__init__()
        stream = torch.Generator().manual_seed(seed)
        first = torch.randn(features + 1, blocks, hidden, generator=stream) * math.sqrt(2 / max(1, features))
        first[-1] = torch.rand(blocks, hidden, generator=stream) * 4 - 2  # kinks spread over where the features lie
        self.first = nn.Parameter(first)
        self.second = nn.Parameter(torch.zeros(blocks, hidden + 1, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (N, B, O) of features (N, F)."""
        flat = self.first.flatten(1)
        hidden = relu(torch.addmm(flat[-1], x, flat[:-1])).unflatten(1, self.first.shape[1:]).transpose(0, 1)
        return torch.baddbmm(self.second[:, -1:], hidden, self.second[:, :-1]).transpose(0, 1)


def whitened(parts: Parts) -> Parts:
    """Turn features to their principal axes and bring all of these to one scale.

    A network that is trained by steps of one size hears no factor that is told by a faint axis, though a linear probe
    does. Axes with less than a hundredth of the mean variance are brought up less, as they may be noise.
    """
    x = parts.whole.x
    variances, axes = torch.linalg.eigh(x.T @ x / len(x))
    turn = axes * (variances.clamp_min(0) + _FAINT * variances.mean()).clamp_min(1e-12).rsqrt()
    fit, held_out, test = (replace(part, x=part.x @ turn) for part in (parts.fit, parts.held_out, parts.test))
    return replace(parts, fit=fit, held_out=held_out, test=test)


def mlp_probe(parts: Parts, *, settings: MLPSettings, seed: int, progress: Progress) -> tuple[Answers, Answers, Trials]:
    """A network for the classes of every factor and one for every value, trained by AdamW on `parts.fit`.

    Each of them is taken as it was after the epoch in which it did best on the held-out images.

    Args:
        parts: images, standardised.
        settings: of the training.
        seed: of first weights and order.
        progress: called after every epoch.

    Returns:
        Answers for the held-out and for the test images, and the epochs that were chosen among.
    """
    parts = whitened(parts)
    fit, masks = parts.fit, (parts.outside, parts.coordinates)
    factors, numbers = len(parts.classes), len(parts.circular)
    blocks = Blocks(
        fit.x.shape[1], factors + numbers, hidden=settings.hidden, outputs=max(2, *parts.classes), seed=seed
    ).to(fit.x.device)
    batches = math.ceil(len(fit) / settings.batch)
    solver = torch.optim.AdamW(blocks.parameters(), lr=settings.lr, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(solver, settings.epochs * batches)
    stream = torch.Generator().manual_seed(seed)
    least = torch.full((factors + numbers,), torch.inf, device=fit.x.device)
    every: list[Tensor] = []
    best = [parameter.detach().clone() for parameter in blocks.parameters()]
    for _ in range(settings.epochs):
        order = torch.randperm(len(fit), generator=stream).to(fit.x.device)
        for rows in order.chunk(batches):
            solver.zero_grad()
            _losses(blocks, fit.take(rows), masks).sum().backward()
            solver.step()
            schedule.step()
        with torch.no_grad():
            losses = _losses(blocks, parts.held_out, masks)
            every.append(losses)
            better, least = losses < least, torch.minimum(losses, least)
            best[0][:, better], best[1][better] = blocks.first[:, better], blocks.second[better]
        progress(float(losses[:factors].mean()))
    with torch.no_grad():
        blocks.first.copy_(best[0])
        blocks.second.copy_(best[1])
        losses, errors = torch.stack(every).split([factors, numbers], dim=1)
        trials = Trials("epoch", tuple(range(1, settings.epochs + 1)), losses, errors)
        return _answers(blocks, parts.held_out, masks), _answers(blocks, parts.test, masks), trials


def _losses(blocks: Blocks, sample: Sample, masks: Masks) -> Tensor:
    """Cross-entropy of the K factors and squared error of the R values, (K + R,)."""
    answers = _answers(blocks, sample, masks)
    errors = squared_errors(answers.values, sample.values)
    return torch.cat([cross_entropies(answers.logits, sample.labels), errors])


def _answers(blocks: Blocks, sample: Sample, masks: Masks) -> Answers:
    outside, coordinates = masks
    factors, classes = outside.shape
    outputs = torch.cat([blocks(x) for x in sample.x.split(_ROWS)])
    return Answers(outputs[:, :factors, :classes] + outside, outputs[:, factors:, :2] * coordinates)
