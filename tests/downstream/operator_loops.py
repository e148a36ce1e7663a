"""Detection operators written out as loops from their definitions."""

from __future__ import annotations

import math
from itertools import product

import torch
from torch import Tensor


def iou(a: list[float], b: list[float], offset: int) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]) + offset)
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]) + offset)
    areas = [(box[2] - box[0] + offset) * (box[3] - box[1] + offset) for box in (a, b)]
    return width * height / (sum(areas) - width * height)


def greedy_nms(boxes: Tensor, scores: Tensor, threshold: float, offset: int) -> list[int]:
    """Indices that are kept, highest score first; of equal scores the lower index first."""
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda each: (-float(scores[each]), each)):
        if all(iou(boxes[index].tolist(), boxes[other].tolist(), offset) <= threshold for other in kept):
            kept.append(index)
    return kept


def bilinear(plane: Tensor, y: float, x: float) -> Tensor:
    """Value of an (H, W) plane at a point; 0 more than one cell outside."""
    height, width = plane.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return plane.new_zeros(())
    y, x = min(max(y, 0.0), height - 1), min(max(x, 0.0), width - 1)
    top, left = min(int(y), height - 1), min(int(x), width - 1)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    upper = plane[top, left] * (1 - (x - left)) + plane[top, right] * (x - left)
    lower = plane[bottom, left] * (1 - (x - left)) + plane[bottom, right] * (x - left)
    return upper * (1 - (y - top)) + lower * (y - top)


def roi_align_loop(features: Tensor, rois: Tensor, size: int, scale: float, ratio: int, aligned: bool) -> Tensor:
    output = features.new_zeros(len(rois), features.shape[1], size, size)
    shift = 0.5 if aligned else 0.0
    for number, (image, *corners) in enumerate(rois.tolist()):
        left, top, right, bottom = (corner * scale - shift for corner in corners)
        width, height = right - left, bottom - top
        if not aligned:
            width, height = max(width, 1.0), max(height, 1.0)
        rows = ratio if ratio > 0 else math.ceil(height / size)
        columns = ratio if ratio > 0 else math.ceil(width / size)
        for channel, i, j in product(range(features.shape[1]), range(size), range(size)):
            samples = [
                bilinear(
                    features[int(image), channel],
                    top + (i + (a + 0.5) / rows) * height / size,
                    left + (j + (b + 0.5) / columns) * width / size,
                )
                for a, b in product(range(rows), range(columns))
            ]
            output[number, channel, i, j] = torch.stack(samples).mean()
    return output
