"""One objective on the small network, in float64: what the checks and the tests of objectives run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from objectives.contract import Objective, Views
from objectives.registry import OBJECTIVES
from objectives.tiny_network import DIMS, TinyNetwork, views

TOLERANCE = 1e-9
"""Relative, in float64."""


def build(name: str, arguments: Mapping[str, Any] | None = None) -> Objective:
    """Build an objective in float64, its own layers always from the same random numbers."""
    torch.manual_seed(2)
    objective = OBJECTIVES.get(name)(DIMS, **(arguments or {})).double()
    assert isinstance(objective, Objective)
    return objective


def batch_for(objective: Objective, *, seed: int = 1) -> Views:
    """The views of a seed, with labels if the objective needs them."""
    return views(labelled=objective.needs_labels, seed=seed)


def run_once(objective: Objective, net: TinyNetwork, batch: Views | None = None) -> Tensor:
    """The loss of one forward pass, with the objective's noise of step 3."""
    net.generator.manual_seed(3)
    terms = objective(batch_for(objective) if batch is None else batch, net)
    return torch.stack(list(terms.values())).sum()
