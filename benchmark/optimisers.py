"""Optimiser and learning-rate schedule of the pretraining."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from mmengine.optim import CosineAnnealingLR, LinearLR, OptimWrapper, build_optim_wrapper
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from torch import Tensor, nn
from torch.optim import Optimizer

if TYPE_CHECKING:
    from benchmark.config import TrainingConfig

OPTIMISERS = ("adamw", "sgd", "lars")
SCHEDULES = ("cosine", "constant")
PRECISIONS = ("float32", "bfloat16", "float16")


@OPTIMIZERS.register_module("LARS")
class LARS(Optimizer):
    """SGD with momentum whose step is scaled, tensor by tensor, to the norm of the weights.

    Source: You, Gitman, Ginsburg 2017, arXiv 1708.03888, algorithm 1, in the form of SimCLR and BYOL: the weights are
    compared with the gradient after decay (one norm, not the sum of two), and with `exclude_bias_and_norm` biases and
    normalisation weights (tensors of one dimension) take the plain rate.

    torch has no fused form of it. All tensors of a group are taken together, but for the product with the scale, which
    is of each tensor another.

    Args:
        params: parameters or parameter groups.
        lr: learning rate.
        momentum: decay of the velocity.
        weight_decay: L2 penalty, added to the gradient before the norms are compared.
        exclude_bias_and_norm: leave tensors of one dimension at the plain rate.
        trust: the paper's eta.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float,
        *,
        momentum: float,
        weight_decay: float,
        exclude_bias_and_norm: bool = True,
        trust: float = 1e-3,
    ) -> None:
        defaults = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust}
        super().__init__(params, {**defaults, "exclude_bias_and_norm": exclude_bias_and_norm})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step; `closure` is evaluated first if given."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if weights:
                self._update(weights, group)
        return loss

    def _update(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        gradients = [_gradient(weight) for weight in weights]
        steps = torch._foreach_add(gradients, weights, alpha=group["weight_decay"])
        exempt = group["exclude_bias_and_norm"]
        scaled = [place for place, weight in enumerate(weights) if weight.ndim > 1 or not exempt]
        if scaled:
            chosen = [steps[place] for place in scaled]
            scales = _scales([weights[place] for place in scaled], chosen, trust=group["trust"])
            torch._foreach_mul_(chosen, list(scales))
        velocities = [self._velocity(weight) for weight in weights]
        torch._foreach_mul_(velocities, group["momentum"])
        torch._foreach_add_(velocities, steps, alpha=group["lr"])
        torch._foreach_sub_(weights, velocities)

    def _velocity(self, weight: Tensor) -> Tensor:
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        velocity: Tensor = state["momentum_buffer"]
        return velocity


def _gradient(weight: Tensor) -> Tensor:
    assert weight.grad is not None
    return weight.grad


def _scales(weights: list[Tensor], gradients: list[Tensor], *, trust: float) -> Tensor:
    """Of the step of each tensor, (T,): `trust` times the norm of its weights over that of its gradient; 1 at zero."""
    sizes, slopes = (torch.stack(list(torch._foreach_norm(tensors))) for tensors in (weights, gradients))
    return torch.where(sizes > 0, trust * sizes / slopes.clamp_min(1e-12), 1.0)


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Forward passes in bfloat16 where torch's autocast has it so, on any device.

    Its exponents are float32's, so no gradient underflows and no loss is scaled. mmengine's AmpOptimWrapper, which has
    a scale, refuses the CPU.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Compute what is inside in bfloat16."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, dtype=torch.bfloat16):
            yield


def build_optimiser(model: nn.Module, training: TrainingConfig) -> OptimWrapper:
    """Wrap the optimiser that the config names, in torch's fused form where it has one, with few groups."""
    optimiser: dict[str, Any] = {"lr": training.lr, "weight_decay": training.weight_decay}
    optimiser["type"] = {"adamw": "AdamW", "sgd": "SGD", "lars": "LARS"}[training.optimiser]
    if training.optimiser != "adamw":
        optimiser["momentum"] = training.momentum
    if training.optimiser == "lars":
        optimiser["exclude_bias_and_norm"] = training.exclude_bias_and_norm
    else:
        optimiser["fused"] = True
    wrapper: dict[str, Any] = {"type": "OptimWrapper", "optimizer": optimiser}
    if training.precision == "bfloat16":
        wrapper["type"] = BFloat16OptimWrapper.__name__
    elif training.precision == "float16":
        wrapper |= {"type": "AmpOptimWrapper", "dtype": training.precision}
    if training.exclude_bias_and_norm:
        wrapper["paramwise_cfg"] = {"norm_decay_mult": 0.0, "bias_decay_mult": 0.0}
    built = build_optim_wrapper(model, wrapper)
    _join_groups(built.optimizer)
    return built


def _join_groups(optimiser: Optimizer) -> None:
    """Put parameters with the same options into one group; mmengine gives each its own, and each its own step."""
    joined: dict[str, dict[str, Any]] = {}
    for group in optimiser.param_groups:
        options = {name: value for name, value in group.items() if name != "params"}
        joined.setdefault(repr(options), {**options, "params": []})["params"] += group["params"]
    optimiser.param_groups[:] = joined.values()


def build_schedule(
    optimiser: OptimWrapper, training: TrainingConfig, *, steps: int
) -> list[LinearLR | CosineAnnealingLR]:
    """Linear warm-up over a share of the steps; then cosine decay to the final rate (arXiv 1608.03983, eq. 5), or none.

    The first step after the warm-up is the one at the peak, which is where mmengine's LinearLR has to end.
    """
    rising = min(round(steps * training.warmup), steps - 1)
    parts: list[LinearLR | CosineAnnealingLR] = []
    if rising:
        parts.append(LinearLR(optimiser, start_factor=1 / (rising + 1), begin=0, end=rising + 1, by_epoch=False))
    if training.schedule == "cosine":
        span = {"T_max": steps - rising, "begin": rising, "end": steps, "by_epoch": False}
        parts.append(CosineAnnealingLR(optimiser, eta_min=training.final_lr * training.lr, **span))
    return parts
