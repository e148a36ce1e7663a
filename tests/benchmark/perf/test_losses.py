import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from benchmark.perf.loss import peak_megabytes
from benchmark.perf.losses import OURS, PLAIN, TEMPERATURE, loss_of

# The arithmetic of solo-learn's function of that name and place.
SOLO = """
import torch
import torch.nn.functional as F

def simclr_loss_func(z1, z2, temperature):
    z = F.normalize(torch.cat((z1, z2)), dim=-1)
    e = torch.exp(z @ z.T / temperature).fill_diagonal_(0)
    pairs = torch.exp((z * z.roll(len(z1), 0)).sum(1) / temperature)
    return -torch.log(pairs / e.sum(1)).mean()
"""


def by_a_loop(z1: Tensor, z2: Tensor) -> float:
    z = torch.nn.functional.normalize(torch.cat((z1, z2)), dim=1)
    total, count = 0.0, len(z1)
    for row in range(2 * count):
        logits = torch.stack([z[row] @ z[other] / TEMPERATURE for other in range(2 * count) if other != row])
        total += float(logits.logsumexp(0) - z[row] @ z[(row + count) % (2 * count)] / TEMPERATURE)
    return total / (2 * count)


@pytest.mark.parametrize("name", [OURS, PLAIN, "lightly", "solo-learn"])
def test_what_is_compared_computes_the_same_number(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "solo-learn":  # a package whose own import fails, as the real one's does
        (tmp_path / "solo" / "losses").mkdir(parents=True)
        (tmp_path / "solo" / "__init__.py").write_text("raise ImportError('wants another torch')")
        (tmp_path / "solo" / "losses" / "simclr.py").write_text(SOLO)
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    z1, z2 = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    assert float(loss_of(name).function(z1, z2)) == pytest.approx(by_a_loop(z1, z2), rel=1e-5)


def test_the_plain_form_takes_the_memory_of_its_matrix() -> None:
    matrix = (2 * 2048) ** 2 * 4 / 1e6
    assert peak_megabytes(PLAIN, 2048) > matrix
