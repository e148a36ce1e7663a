"""The gradient of RoIAlign on a CPU, all channels of a point at once; torchvision's takes them one after the other."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


def roi_align_gradient(
    gradient: Tensor, rois: Tensor, shape: tuple[int, int, int, int], *, scale: float, ratio: int, aligned: bool
) -> Tensor:
    """Gradient of average-pooled RoIAlign with respect to its features.

    RoIAlign is linear in the features: a bin is a weighted sum of the points around its samples.

    Args:
        gradient: that with respect to the regions (K, C, P, Q).
        rois: (K, 5): image index, x1, y1, x2, y2.
        shape: of the features (N, C, H, W).
        scale: of the features over that of the regions.
        ratio: samples a bin and axis, at least 1.
        aligned: whether pixel centres lie at integers, see `downstream.mmcv_ops`.

    Returns:
        (N, C, H, W).
    """
    images, channels, height, width = shape
    rows, columns = gradient.shape[2:]
    shift = 0.5 if aligned else 0.0
    corners = rois[:, 1:] * scale - shift
    y, y_weight = _taps(corners[:, 1], corners[:, 3], bins=rows, ratio=ratio, size=height, aligned=aligned)
    x, x_weight = _taps(corners[:, 0], corners[:, 2], bins=columns, ratio=ratio, size=width, aligned=aligned)
    image = rois[:, 0].long()[:, None, None, None, None]
    places = (image * height + y[:, :, None, :, None]) * width + x[:, None, :, None, :]  # (K, P, Q, 2S, 2S)
    weights = y_weight[:, :, None, :, None] * x_weight[:, None, :, None, :]
    with torch.enable_grad():
        points = gradient.new_zeros(images * height * width, channels).requires_grad_()
        bins = embedding_bag(
            places.flatten(3).flatten(0, 2), points, per_sample_weights=weights.flatten(3).flatten(0, 2), mode="sum"
        )
    (found,) = torch.autograd.grad(bins, points, gradient.permute(0, 2, 3, 1).reshape(-1, channels))
    return found.view(images, height, width, channels).permute(0, 3, 1, 2)


def _taps(start: Tensor, end: Tensor, *, bins: int, ratio: int, size: int, aligned: bool) -> tuple[Tensor, Tensor]:
    """Along one axis, the points (K, bins, 2 ratio) on both sides of the samples of each bin, and their weights."""
    extent = end - start if aligned else (end - start).clamp_min(1)
    samples = (torch.arange(bins * ratio, device=start.device, dtype=start.dtype) + 0.5) / (bins * ratio)
    at = start[:, None] + extent[:, None] * samples
    inside = (at >= -1) & (at <= size)  # further out, features count as 0
    at = at.clamp(0, size - 1)
    low = at.floor().long()
    part = at - low
    weights = torch.stack((1 - part, part), dim=2) * inside[:, :, None] / ratio
    places = torch.stack((low, (low + 1).clamp_max(size - 1)), dim=2)
    return places.view(-1, bins, 2 * ratio), weights.view(-1, bins, 2 * ratio)
