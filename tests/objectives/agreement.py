"""Comparing a loss with its reference, in value and in gradient."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from objectives.contract import Objective, Views
from objectives.tiny_network import TinyNetwork, network, views


def assert_agree(
    value: Tensor, wanted: Tensor, inputs: tuple[Tensor, ...], counterparts: tuple[Tensor, ...] | None = None
) -> None:
    """Equal to 1e-9 in float64, relative to the largest entry of each.

    A gradient that is zero but for rounding (a bias before batch norm) may err by 1e-12 of the largest entry of all.

    Args:
        value: what is examined, a scalar.
        wanted: the reference.
        inputs: leaves of `value`.
        counterparts: leaves of `wanted` in the same order, if they are not the same ones.
    """
    assert value.dtype == torch.float64
    torch.testing.assert_close(value, wanted, rtol=1e-9, atol=1e-12)
    gradients = torch.autograd.grad(wanted, inputs if counterparts is None else counterparts)
    rounding = 1e-12 * max(float(expected.abs().max()) for expected in gradients)
    for found, expected in zip(torch.autograd.grad(value, inputs), gradients, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()) + rounding)


def normal(*shapes: tuple[int, ...], seed: int = 0) -> tuple[Tensor, ...]:
    """Float64 leaves that want a gradient."""
    stream = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(shape, generator=stream, dtype=torch.float64).requires_grad_() for shape in shapes)


@dataclass(frozen=True)
class Side:
    """All that an objective computes from, with one copy for the objective and one for its reference."""

    objective: Objective
    net: TinyNetwork
    batch: Views

    @property
    def leaves(self) -> tuple[Tensor, ...]:
        """Weights of backbone, projector and the objective's own layers, and the pixels of both views."""
        weights = (*self.net.backbone.parameters(), *self.net.projector.parameters(), *self.objective.parameters())
        return (*weights, self.batch.x1, self.batch.x2)


def assert_terms_agree(objective: Objective, written_out: Callable[[Side], dict[str, Tensor]]) -> None:
    """Every term has the value of its reference, and their sum has its value and its gradient in all leaves."""
    side, reference = _side(objective), _side(objective)
    found, wanted = side.objective(side.batch, side.net), written_out(reference)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-9, atol=0)
    total, expected = (torch.stack(list(terms.values())).sum() for terms in (found, wanted))
    assert_agree(total, expected, side.leaves, reference.leaves)


def _side(objective: Objective) -> Side:
    """Equal at every call, the random stream included."""
    net, batch = network(), views(labelled=False)
    net.generator.manual_seed(5)
    return Side(copy.deepcopy(objective), net, Views(batch.x1.requires_grad_(), batch.x2.requires_grad_(), None))
