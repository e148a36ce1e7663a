"""Training on several processes: their group, and gradients averaged over it."""

from __future__ import annotations

import torch
import torch.distributed as dist
from mmengine.model import MMDistributedDataParallel
from torch import nn

from objectives.ranks import ranks


def join_group(device: torch.device, *, processes: int) -> None:
    """Meet the other processes, as torchrun's environment variables say; once a process.

    mmengine would do it, but sets a CUDA device first, on a CPU too, and fails where there is no driver.
    """
    if not dist.is_initialized():
        if device.type == "cuda":
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    assert ranks() == processes, f"{ranks()} processes were started for a setting of {processes}"


def average_gradients(model: nn.Module, device: torch.device) -> nn.Module:
    """Wrap the model so that every process steps with the mean of all gradients.

    Not every objective uses every layer (the supervised one has no use for the projector). That these are looked for at
    every step also keeps the order in which gradients are summed, and a resumed run exact: torch otherwise lays the
    gradients out anew after its first step.
    """
    wrapped: nn.Module = MMDistributedDataParallel(
        model,
        device_ids=[device] if device.type == "cuda" else None,
        broadcast_buffers=False,  # they are equal: batch norm is shared, queues are gathered
        find_unused_parameters=True,
    )
    return wrapped
