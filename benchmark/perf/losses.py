"""InfoNCE as it is written here, in its plain form, and by the peers; all give the same number."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.perf.peers import problem
from objectives.infonce import info_nce

OURS, PLAIN = "ours", "the plain form"
TEMPERATURE = 0.2
_PACKAGES = {"lightly": "lightly", "solo-learn": "solo"}

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Known:
    """A loss.

    Attributes:
        function: from projections (N, D) of either view, not normalised, to the loss.
        note: what a reader must know of it.
    """

    function: Loss
    note: str = ""


def why_not(name: str) -> str:
    """Why a peer's loss is not there; "" if it is."""
    missing = importlib.util.find_spec(_PACKAGES[name]) is None
    return f"{name} is not installed here: {problem(name) or 'make perf installs it'}" if missing else ""


def loss_of(name: str) -> Known:
    """The loss of that name: "ours", "the plain form", "lightly" or "solo-learn"; a peer's if it is installed."""
    if name == "lightly":
        return Known(import_module("lightly.loss").NTXentLoss(temperature=TEMPERATURE))
    if name == "solo-learn":
        return _solo_learn()
    return Known(_plain) if name == PLAIN else Known(lambda z1, z2: info_nce(z1, z2, temperature=TEMPERATURE))


def _solo_learn() -> Known:
    """Its loss from its file alone: the package wants a torch of its own time, this function any torch."""
    spec = importlib.util.find_spec(_PACKAGES["solo-learn"])
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "losses" / "simclr.py"
    file = importlib.util.spec_from_file_location("solo_simclr", path)
    assert file is not None
    assert file.loader is not None
    module = importlib.util.module_from_spec(file)
    file.loader.exec_module(module)
    trouble = problem("solo-learn")
    return Known(
        lambda z1, z2: module.simclr_loss_func(z1, z2, temperature=TEMPERATURE),
        f"its function alone is loaded: {trouble}" if trouble else "",
    )


def _plain(z1: Tensor, z2: Tensor) -> Tensor:
    z = F.normalize(torch.cat((z1, z2)), dim=1)
    positives = torch.arange(len(z)).roll(len(z1))
    return F.cross_entropy((z @ z.T / TEMPERATURE).fill_diagonal_(-torch.inf), positives)
