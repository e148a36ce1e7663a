"""Batch norm over the whole batch of several processes, so that a loss is the same however many share it.

Each image's features then depend on the batch as a whole, as on one process. Statistics of a process's own share would
be those of a smaller batch, and would let the network tell from them which images came together (MoCo's answer to the
second is ShuffleBN, He et al. 2020, arXiv 1911.05722, section 3.3).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

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

    Every process has to hold as many values a channel. Shapes: (N, C) or (N, C, ...) in and out.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that torch's module has
        """Normalise by the statistics of all processes; in evaluation mode by the running ones."""
        if not self.training:
            return super().forward(input)
        dims = [0, *range(2, input.ndim)]
        variances, means = torch.var_mean(input, dim=dims, correction=0)
        means, variances = gather(torch.stack((means, variances))[None]).unbind(dim=1)  # (processes, C) each
        mean = means.mean(dim=0)
        variance = (variances + (means - mean).square()).mean(dim=0)
        self._follow(mean.detach(), variance.detach(), count=ranks() * input.numel() // input.shape[1])
        scale = (variance + self.eps).rsqrt()
        scale = scale if self.weight is None else scale * self.weight
        shift = -mean * scale if self.bias is None else self.bias - mean * scale
        shape = (-1, *[1] * (input.ndim - 2))
        return torch.addcmul(shift.view(shape), input, scale.view(shape))

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
