"""Precise statistics of batch norms, against a loop over the same batches by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine import Config
from mmengine.model import BaseModel
from mmengine.registry import DATA_SAMPLERS
from torch import Tensor, nn
from torch.utils.data import Dataset

from downstream.dense import _Runner
from downstream.precise_batch_norm import PreciseBatchNorm

BATCHES, SIZE = 3, 4


class Noise(Dataset[Tensor]):
    """Twelve fixed images, of another scale each."""

    def __len__(self) -> int:
        return BATCHES * SIZE

    def __getitem__(self, index: int) -> Tensor:
        return (index + 1) * torch.randn(3, 5, 5, generator=torch.Generator().manual_seed(index)) + index


class Net(BaseModel):
    """A plain, a synchronised and a held batch norm, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.plain, self.synchronised, self.held = nn.BatchNorm2d(4), nn.SyncBatchNorm(4), nn.BatchNorm2d(4)

    def forward(self, inputs: Any, data_samples: Any = None, mode: str = "loss") -> dict[str, Tensor]:
        images = torch.stack(list(inputs))
        return {"loss": self.held(self.synchronised(self.plain(self.conv(images)))).square().mean()}

    def train(self, mode: bool = True) -> Net:
        super().train(mode)
        self.held.eval()
        return self


def test_every_norm_that_trains_gets_the_mean_of_the_batch_statistics_synchronised_ones_too(tmp_path: Path) -> None:
    torch.manual_seed(0)
    loader = {
        "batch_size": SIZE,
        "dataset": Noise(),
        "sampler": {"type": DATA_SAMPLERS.get("DefaultSampler"), "shuffle": False},
        "collate_fn": {"type": lambda images: {"inputs": images}},
    }
    runner = _Runner(
        model=Net(),
        work_dir=str(tmp_path),
        experiment_name=tmp_path.name,
        train_dataloader=loader,
        train_cfg={"by_epoch": False, "max_iters": 2},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1}},
        default_hooks={"checkpoint": None},
        cfg=Config({"device": "cpu"}),
    )
    runner.register_hook(PreciseBatchNorm(BATCHES))
    runner.train()
    net: Any = runner.model
    assert type(net.synchronised) is not nn.SyncBatchNorm  # one process has none

    expected: dict[str, list[tuple[Tensor, Tensor]]] = {"plain": [], "synchronised": []}
    with torch.no_grad():
        for first in range(0, BATCHES * SIZE, SIZE):
            x = net.conv(torch.stack([Noise()[first + each] for each in range(SIZE)]))
            for name, found in expected.items():
                values = x.permute(1, 0, 2, 3).flatten(1)
                found.append((values.mean(1), values.var(1, unbiased=True)))
                norm = getattr(net, name)
                x = (x - x.mean((0, 2, 3), keepdim=True)) / (
                    x.var((0, 2, 3), unbiased=False, keepdim=True) + norm.eps
                ).sqrt()
                x = x * norm.weight[:, None, None] + norm.bias[:, None, None]
    for name, found in expected.items():
        norm = getattr(net, name)
        torch.testing.assert_close(norm.running_mean, torch.stack([mean for mean, _ in found]).mean(0))
        torch.testing.assert_close(norm.running_var, torch.stack([var for _, var in found]).mean(0))
        assert norm.momentum == 0.1
    assert torch.equal(net.held.running_mean, torch.zeros(4))
