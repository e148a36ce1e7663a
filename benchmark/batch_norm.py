"""Batch norm over the whole batch of several processes, so that a loss is the same however many share it.

Each image's features then depend on the batch as a whole, as on one process. Statistics of a process's own share would
be those of a smaller batch, and would let the network tell from them which images came together (MoCo's answer to the
second is ShuffleBN, He et al. 2020, arXiv 1911.05722, section 3.3).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.modules.batchnorm import _BatchNorm

from objectives.projections import at_least_float32
from objectives.ranks import gather, ranks


def share_batch_norm(model: nn.Module) -> nn.Module:
    """Let every batch norm of `model` see the batches of all processes; weights, buffers and their names stay.

    Args:
        model: on the device where it is trained, in any mode; its layers are replaced in place.

    Returns:
        The model, or what replaces it if it is a batch norm itself.
    """
    if any(tensor.is_cuda for tensor in (*model.parameters(), *model.buffers())):
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return converted
    if isinstance(model, _BatchNorm):
        return _shared(model)
    for name, child in model.named_children():
        setattr(model, name, share_batch_norm(child))
    return model


class SharedBatchNorm(_BatchNorm):
    """What `torch.nn.SyncBatchNorm` is on a GPU, for the CPU, which that one refuses.

    Every process has to hold as many values a channel. Shapes: (N, C) or (N, C, ...) in and out. Half precisions are
    summed in float32, as torch's kernels do.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that torch's module has
        """Normalise by the statistics of all processes; in evaluation mode by the running ones."""
        if not self.training:
            return super().forward(input)
        output: Tensor
        output, mean, variance = _Normalise.apply(at_least_float32(input), self.weight, self.bias, self.eps)
        self._follow(mean, variance, count=ranks() * _values(input))
        return output.to(input.dtype)

    def _follow(self, mean: Tensor, variance: Tensor, *, count: int) -> None:
        """Move the running statistics, of which the variance is the unbiased one, as torch's batch norm does."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance * (count / (count - 1)), share)

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002
        """Take any shape; the layer that this one replaces knew its own."""


class _Normalise(torch.autograd.Function):
    """Torch's own kernels, forward and backward, with what they sum up gathered in between.

    From x (N, C, ...) to what is normalised, and the mean and the biased variance (C,) of all processes.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        means, variances = _of_all(*torch.batch_norm_update_stats(x, None, None, 0.0))
        mean = means.mean(dim=0)
        variance = (variances + (means - mean).square()).mean(dim=0)
        output, _, _ = torch.native_batch_norm(x, weight, bias, mean, variance, False, 0.0, eps)
        ctx.save_for_backward(x, weight, mean, (variance + eps).rsqrt())
        ctx.mark_non_differentiable(mean, variance)
        return output, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Any) -> tuple[Tensor, Tensor | None, Tensor | None, None]:
        x, weight, mean, scale = ctx.saved_tensors
        of_weight, of_bias = _sums(gradient, x, mean, scale)
        stretched, shifted = (each.sum(dim=0) / (ranks() * _values(x)) for each in _of_all(of_weight, of_bias))
        steep = scale if weight is None else scale * weight
        bent = -steep * scale * stretched
        shape = (-1, *[1] * (x.ndim - 2))
        level, bent, steep = (each.view(shape) for each in (-steep * shifted - bent * mean, bent, steep))
        of_x = torch.addcmul(level, x, bent).addcmul_(gradient, steep)
        used = ctx.needs_input_grad
        return of_x, of_weight if used[1] else None, of_bias if used[2] else None, None


def _sums(gradient: Tensor, x: Tensor, mean: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """This process's gradients of weight and bias: the sums of y's, times (x - mean) scale and as they are."""
    kernel = torch.ops.aten.native_batch_norm_backward
    _, of_weight, of_bias = kernel(gradient, x, None, None, None, mean, scale, True, 0.0, [False, True, True])
    return of_weight, of_bias


def _of_all(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Two tensors (C,) of every process, (processes, C) each; over gloo gathering is quicker than a sum."""
    firsts, seconds = gather(torch.stack((first, second))[None]).unbind(dim=1)
    return firsts, seconds


def _values(x: Tensor) -> int:
    """Values a channel."""
    return x.numel() // x.shape[1]


def _shared(norm: _BatchNorm) -> SharedBatchNorm:
    shared = SharedBatchNorm(
        norm.num_features,
        eps=norm.eps,
        momentum=norm.momentum,
        affine=norm.affine,
        track_running_stats=norm.track_running_stats,
    )
    shared.weight, shared.bias = norm.weight, norm.bias
    shared.running_mean, shared.running_var = norm.running_mean, norm.running_var
    shared.num_batches_tracked = norm.num_batches_tracked
    return shared.train(norm.training)
