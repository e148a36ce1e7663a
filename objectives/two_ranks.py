"""One objective on one process, and on two that share the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from objectives.contract import Objective
from objectives.process_pair import on_two_processes
from objectives.registry import OBJECTIVES, load_objectives
from objectives.tiny_network import COUNT, DIMS, TinyNetwork, gradients, network, views

_TOLERANCE = 1e-9  # relative, in float64


def compare(name: str, forms: Sequence[Mapping[str, Any]]) -> str:
    """Say how loss or gradients on two gloo processes differ from those on one; "" if they do not.

    Batch norms use their running statistics: whether those are shared is the harness's choice, not the objective's.

    Args:
        name: registry name of the objective.
        forms: the arguments of every form of it that is to be compared.
    """
    kind = OBJECTIVES.get(name)
    halves = on_two_processes(_share, name, kind.__module__, [dict(form) for form in forms])
    for form, first, second in zip(forms, *halves, strict=True):
        wanted = _compute(kind, form, shares=1, rank=0)
        for part, value in enumerate(wanted):
            off = ((first[part] + second[part]) / 2 - value).abs().max()
            if not off <= _TOLERANCE * (1 + value.abs().max()):
                last = len(wanted) - 1
                where = {0: "loss", last: "loss of a second batch"}.get(part, f"gradient {part - 1}")
                return f"{where}: off by {float(off):.2g}" + (f" with {dict(form)}" if form else "")
    return ""


def _share(rank: int, name: str, module: str, forms: list[dict[str, Any]]) -> list[list[Tensor]]:
    load_objectives([module])
    return [_compute(OBJECTIVES.get(name), form, shares=2, rank=rank) for form in forms]


def _compute(kind: type[Objective], arguments: Mapping[str, Any], *, shares: int, rank: int) -> list[Tensor]:
    """Loss, gradients of network and objective, and a second loss, for one process's share of the batches."""
    torch.manual_seed(2)
    objective, net = kind(DIMS, **arguments).double(), network()
    for module in (objective, net):
        _freeze_batch_norm(module)
    batch, share = views(labelled=objective.needs_labels), COUNT // shares
    net.generator.manual_seed(3)
    terms = objective(batch.take(slice(rank * share, (rank + 1) * share)), net)
    loss = torch.stack(list(terms.values())).sum()
    loss.backward()
    first = [loss.detach(), *gradients(net), *gradients(objective)]
    return [*first, _second_loss(objective, net, rank=rank, shares=shares)]


@torch.no_grad()
def _second_loss(objective: Objective, net: TinyNetwork, *, shares: int, rank: int) -> Tensor:
    """The loss of another batch, which tells whether what the objective keeps is the same on all processes."""
    batch, share = views(labelled=objective.needs_labels, seed=4), COUNT // shares
    net.generator.manual_seed(5)
    terms = objective(batch.take(slice(rank * share, (rank + 1) * share)), net)
    return torch.stack(list(terms.values())).sum()


def _freeze_batch_norm(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.eval()
