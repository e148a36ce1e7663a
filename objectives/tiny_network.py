"""A small float64 network and batches on which objectives are examined, in place of the harness's."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from objectives.contract import JIGSAW_SIDE, Dims, Features, Views

DIMS = Dims(features=12, projection=5, image=16, classes=3)
COUNT = 6


class TinyEncoder(nn.Module):
    """Four convolutions with batch norm as stages, one linear layer as projector."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 4, 6, 8, DIMS.features)
        self.backbone = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after), nn.Tanh())
            for before, after in pairwise(widths)
        )
        self.projector = nn.Linear(DIMS.features, DIMS.projection)

    def encode(self, x: Tensor) -> Features:
        """Map views (N, 3, 16, 16) to features."""
        pooled = []
        for stage in self.backbone:
            x = stage(x)
            pooled.append(x.mean(dim=(2, 3)))
        first, second, third, fourth = pooled
        return Features(stages=(first, second, third, fourth), h=fourth)

    def project(self, h: Tensor) -> Tensor:
        """Map features to projections."""
        z: Tensor = self.projector(h)
        return z


class TinyNetwork(TinyEncoder):
    """With a target that is another network altogether, so that the two cannot be mixed up unseen."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = torch.Generator()
        self.target = TinyEncoder().requires_grad_(False)


def network(seed: int = 0) -> TinyNetwork:
    """The network of a seed; a call sets the global random stream."""
    torch.manual_seed(seed)
    return TinyNetwork().double()


def views(*, labelled: bool, seed: int = 1) -> Views:
    """Two unrelated views of six images and patches of 8 pixels, white noise; the same for the same seed."""
    stream = torch.Generator().manual_seed(seed)
    shape = (COUNT, 3, DIMS.image, DIMS.image)
    x1, x2 = (torch.randn(shape, generator=stream, dtype=torch.float64) for _ in range(2))
    labels = torch.arange(COUNT) % DIMS.classes if labelled else None
    patches = torch.randn((COUNT, JIGSAW_SIDE**2, 3, 8, 8), generator=stream, dtype=torch.float64)
    return Views(x1, x2, labels, patches)


def gradients(module: nn.Module) -> list[Tensor]:
    """The gradients of all parameters, zeros where there is none."""
    return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in module.parameters()]
