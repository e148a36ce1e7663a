"""What a task on known factors of images is given: which factors, and how probes for them are trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

PERIODS = {"turns": 1.0, "radians": 6.283185307179586}
"""Kinds of factors that are angles, and what a full turn is in each."""

KINDS = ("category", "number", *PERIODS)
"""What the values of a factor can be: names, numbers, or angles in either unit."""


@dataclass(frozen=True)
class FactorOptions:
    """Probes for the factors that images were made from, listed in the table `factors.csv`.

    Attributes:
        dataset: name as tables show it.
        data: folder below the data root that holds `factors.csv` and, below it, the files that it names.
        train: folder of the training images below `data`.
        test: folder of the test images, likewise.
        factors: columns of the table and their kinds, of `KINDS`.
        bins: a number or an angle with more values than this among the training images is cut into that many bins, of
            equal frequency or, around the circle, of equal width; its entropy is that of the bins.
        validation: share of the training images held out for choices.
        image_size: side in pixels to which an image is squeezed.
        penalties: grid of L2 penalties of the linear probe; from the largest down, as long as any factor gains.
        hidden: width of the one hidden layer of the MLP probe.
        epochs: passes over the training images by which the MLP probe is trained; the best of them is taken.
        batch: images a step of that training.
        lr: its learning rate at the start; it falls to 0 by a half cosine.
        weight_decay: of AdamW.

    Raises:
        ValueError: a value that no probe could use.
    """

    family: ClassVar[str] = "factors"

    dataset: str
    data: str
    train: str
    test: str
    factors: dict[str, str]
    bins: int
    validation: float
    image_size: int
    penalties: tuple[float, ...]
    hidden: int
    epochs: int
    batch: int
    lr: float
    weight_decay: float

    def __post_init__(self) -> None:
        """Refuse values that only the end of a run would find out about."""
        kinds = ", ".join(KINDS)
        rules: tuple[tuple[str, bool, object], ...] = (
            ("factors must name at least one", bool(self.factors), self.factors),
            *((f"factors.{name} must be one of {kinds}", kind in KINDS, kind) for name, kind in self.factors.items()),
            ("factors must not name the column of files", "file" not in self.factors, self.factors),
            ("train must be a folder below data, without ..", _below(self.train), self.train),
            ("test must be a folder below data, without ..", _below(self.test), self.test),
            ("test must be neither train nor above nor below it", _apart(self.train, self.test), self.test),
            ("bins must be >= 2", self.bins >= 2, self.bins),
            ("validation must be in (0, 1)", 0 < self.validation < 1, self.validation),
            ("image_size must be >= 1", self.image_size >= 1, self.image_size),
            ("penalties must hold at least one number, all > 0", min(self.penalties, default=0) > 0, self.penalties),
            ("hidden must be >= 1", self.hidden >= 1, self.hidden),
            ("epochs must be >= 1", self.epochs >= 1, self.epochs),
            ("batch must be >= 1", self.batch >= 1, self.batch),
            ("lr must be > 0", self.lr > 0, self.lr),
            ("weight_decay must be >= 0", self.weight_decay >= 0, self.weight_decay),
        )
        for rule, holds, value in rules:
            if not holds:
                raise ValueError(f"{self.dataset}: {rule}, got {value}")


def _below(folder: str) -> bool:
    path = PurePosixPath(folder)
    return not path.is_absolute() and ".." not in path.parts


def _apart(train: str, test: str) -> bool:
    """Whether no file can lie in both folders."""
    first, second = PurePosixPath(train), PurePosixPath(test)
    return first not in (second, *second.parents) and second not in first.parents
