"""AP and mIoU written out as plain loops from their definitions, to confirm the stock ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Box = tuple[float, float, float, float]  # left, top, right, bottom
IoU = Callable[[Box, Box, bool], float]


# A recall of 3 in 10 is below the fourth of the one and not of the other: the constants of the stock code, to the bit.
_HUNDREDTHS = np.linspace(0, 1, 101).tolist()
_TENTHS = np.arange(0, 1.001, 0.1).tolist()


@dataclass(frozen=True)
class Truth:
    """An object: its image, class and box; `skipped` if it is difficult (VOC) or a crowd (COCO)."""

    image: int
    kind: int
    box: Box
    skipped: bool = False


@dataclass(frozen=True)
class Found:
    """A detection."""

    image: int
    kind: int
    box: Box
    score: float


def box_iou(offset: float) -> IoU:
    """Intersection over union of boxes whose sides are `offset` longer than the difference of their coordinates.

    Of a crowd the union is the area of the detection alone.
    """

    def area(box: Box) -> float:
        return (box[2] - box[0] + offset) * (box[3] - box[1] + offset)

    def iou(found: Box, truth: Box, crowd: bool) -> float:
        width = min(found[2], truth[2]) - max(found[0], truth[0]) + offset
        height = min(found[3], truth[3]) - max(found[1], truth[1]) + offset
        shared = max(0.0, width) * max(0.0, height)
        return shared / (area(found) if crowd else area(found) + area(truth) - shared)

    return iou


def pixel_iou(found: Box, truth: Box, crowd: bool) -> float:
    """The same of the sets of pixels that boxes with whole sides cover."""
    pixels = [
        {(x, y) for x in range(int(box[0]), int(box[2])) for y in range(int(box[1]), int(box[3]))}
        for box in (found, truth)
    ]
    return len(pixels[0] & pixels[1]) / len(pixels[0] if crowd else pixels[0] | pixels[1])


def coco_ap(truths: Sequence[Truth], founds: Sequence[Found], *, threshold: float, iou: IoU) -> float:
    """Mean over the classes of the precision at 101 recalls, as COCO defines it."""
    kinds = sorted({truth.kind for truth in truths if not truth.skipped})
    values = []
    for kind in kinds:
        of_kind = [truth for truth in truths if truth.kind == kind]
        ordered = sorted((found for found in founds if found.kind == kind), key=lambda found: (found.image,))
        ordered = sorted(ordered, key=lambda found: -found.score)  # stable: ties stay in the order of their images
        hits: list[bool] = []
        taken: set[Truth] = set()
        for found in ordered:
            here = [truth for truth in of_kind if truth.image == found.image]
            best: Truth | None = None
            least = threshold
            for truth in here:
                overlap = iou(found.box, truth.box, truth.skipped)
                if not truth.skipped and truth not in taken and overlap >= least:
                    best, least = truth, overlap
            if best is not None:
                taken.add(best)
                hits.append(True)
            elif not any(truth.skipped and iou(found.box, truth.box, True) >= threshold for truth in here):
                hits.append(False)  # what lies in a crowd is neither right nor wrong
        points = _curve(hits, sum(not truth.skipped for truth in of_kind))
        values.append(sum(_precision_from(points, recall) for recall in _HUNDREDTHS) / 101)
    return sum(values) / len(values)


def voc_ap(truths: Sequence[Truth], founds: Sequence[Found], *, threshold: float, eleven: bool) -> float:
    """Mean over the classes of the 11-point AP (VOC 2007) or of the area under the curve (from 2010 on)."""
    iou = box_iou(1.0)  # VOC includes the last pixel
    values = []
    for kind in sorted({truth.kind for truth in truths if not truth.skipped}):
        of_kind = [truth for truth in truths if truth.kind == kind]
        hits: list[bool] = []
        taken: set[Truth] = set()
        for found in sorted((found for found in founds if found.kind == kind), key=lambda found: -found.score):
            here = [truth for truth in of_kind if truth.image == found.image]
            best = max(here, key=lambda truth: iou(found.box, truth.box, False), default=None)
            if best is None or iou(found.box, best.box, False) < threshold:
                hits.append(False)
            elif not best.skipped:
                hits.append(best not in taken)
                taken.add(best)
        points = _curve(hits, sum(not truth.skipped for truth in of_kind))
        if eleven:
            values.append(sum(_precision_from(points, recall) for recall in _TENTHS) / 11)
        else:
            recalls = sorted({0.0, *(recall for recall, _ in points)})
            steps = itertools.pairwise(recalls)
            values.append(sum((high - low) * _precision_from(points, high) for low, high in steps))
    return sum(values) / len(values)


def _curve(hits: Sequence[bool], objects: int) -> list[tuple[float, float]]:
    """Recall and precision after each detection."""
    right = [sum(hits[: number + 1]) for number in range(len(hits))]
    return [(count / objects, count / (number + 1)) for number, count in enumerate(right)]


def _precision_from(points: Sequence[tuple[float, float]], recall: float) -> float:
    """The highest precision at that recall or a higher one."""
    return max((precision for reached, precision in points if reached >= recall), default=0.0)


def mean_iou(
    predicted: Sequence[Sequence[int]], labels: Sequence[Sequence[int]], *, classes: int, ignored: int
) -> float:
    """Mean over the classes that occur, of pixels counted one by one over all images."""
    shared, either = [0] * classes, [0] * classes
    for found, truth in zip(predicted, labels, strict=True):
        for guess, label in zip(found, truth, strict=True):
            if label == ignored:
                continue
            for kind in {guess, label}:
                either[kind] += 1
                shared[kind] += guess == label
    occurring = [kind for kind in range(classes) if either[kind]]
    return sum(shared[kind] / either[kind] for kind in occurring) / len(occurring)
