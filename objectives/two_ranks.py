"""One objective on one process, and on two that share the batch."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn

from objectives.contract import Objective, Views
from objectives.registry import OBJECTIVES, load_objectives
from objectives.tiny_network import DIMS, TinyNetwork, gradients, network, views

_TOLERANCE = 1e-9  # relative, in float64


def compare(name: str) -> str:
    """Say how loss or gradients on two gloo processes differ from those on one; "" if they do not.

    Batch norms use their running statistics: whether those are shared is the harness's choice, not the objective's.

    Args:
        name: registry name of the objective.
    """
    kind = OBJECTIVES.get(name)
    with tempfile.TemporaryDirectory() as folder:
        wanted = _compute(kind, Path(folder) / "one", shares=1, rank=0)
        spawn(_process, args=(name, kind.__module__, folder), nprocs=2)
        halves = [torch.load(Path(folder) / f"rank{rank}") for rank in range(2)]
    for part, label in enumerate(("loss", *(f"gradient {index}" for index in range(len(wanted) - 1)))):
        mean = (halves[0][part] + halves[1][part]) / 2
        if not torch.allclose(mean, wanted[part], rtol=_TOLERANCE, atol=_TOLERANCE):
            return f"{label}: off by {float((mean - wanted[part]).abs().max()):.2g}"
    return ""


def _process(rank: int, name: str, module: str, folder: str) -> None:
    torch.set_num_threads(1)
    load_objectives([module])
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    _compute(OBJECTIVES.get(name), Path(folder) / f"rank{rank}", shares=2, rank=rank)
    dist.destroy_process_group()


def _compute(kind: type[Objective], path: Path, *, shares: int, rank: int) -> list[Tensor]:
    """Loss, then the gradients of network and objective, for one process's share of the batch; stored at `path`."""
    torch.manual_seed(2)
    objective, net = kind(DIMS).double(), network()
    for module in (objective, net):
        _freeze_batch_norm(module)
    batch = views(labelled=objective.needs_labels)
    labels = None if batch.labels is None else batch.labels.chunk(shares)[rank]
    net.generator.manual_seed(3)
    terms = objective(Views(batch.x1.chunk(shares)[rank], batch.x2.chunk(shares)[rank], labels), net)
    loss = torch.stack(list(terms.values())).sum()
    loss.backward()
    results = [loss.detach(), *_all_gradients(net, objective)]
    torch.save(results, path)
    return results


def _freeze_batch_norm(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.eval()


def _all_gradients(net: TinyNetwork, objective: Objective) -> list[Tensor]:
    return [*gradients(net), *gradients(objective)]
