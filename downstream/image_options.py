"""What a task on labelled images is given: which images, and how a classifier is trained on them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import ClassVar

FOLDER = "folder"
SOURCES = (
    FOLDER,
    "digits",
    "cifar10",
    "cifar100",
    "stl10",
    "mnist",
    "fashion_mnist",
    "dtd",
    "cub200",
    "flowers102",
    "gtsrb",
    "aircraft",
    "food101",
    "pets",
)
"""Image folders, and the data sets that `downstream.datasets` reads."""

SPLIT_BY_INFOCL = ("flowers102", "gtsrb")
"""Data sets that InfoCL's released code (arXiv 2203.07004) splits in its own way."""


@dataclass(frozen=True)
class ImagesOptions:
    """Which labelled images a classification task reads, and how it shows them to the backbone.

    Attributes:
        dataset: name as tables show it.
        source: one of `SOURCES`.
        data: folder below the data root that holds the data set; "" is the data root itself.
        train: folder of the training images below `data`, with a folder for every class; of the source "folder" alone.
        test: folder of the test images, likewise.
        splits: "official", or "infocl" for those of InfoCL's code, for the data sets of `SPLIT_BY_INFOCL`.
        metric: "top1", "mean_class" (mean over the classes of the share of each that was told right), or "literature"
            for the one of the two by which the data set is known.
        validation: share of the training images held out for choices where the data set has no validation split.
        image_size: side in pixels of what the backbone sees.
        resize: side to which the shorter side is brought before the centre is cropped; 0 squeezes the whole image.
        interpolation: "bilinear" or "bicubic", with antialiasing.

    Raises:
        ValueError: a value that no evaluation could use.
    """

    dataset: str
    source: str
    data: str
    train: str
    test: str
    splits: str
    metric: str
    validation: float
    image_size: int
    resize: int
    interpolation: str

    def __post_init__(self) -> None:
        """Refuse values that only the end of a run would find out about."""
        if self.source not in SOURCES:
            near = difflib.get_close_matches(self.source, SOURCES, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise ValueError(f"{self.dataset}: unknown source '{self.source}'.{hint} Known: {', '.join(SOURCES)}.")
        own = self.source in SPLIT_BY_INFOCL
        self.refuse(
            (
                f"splits must be official{' or infocl' if own else ''} for {self.source}",
                self.splits == "official" or (own and self.splits == "infocl"),
                self.splits,
            ),
            (
                "metric must be top1, mean_class or literature",
                self.metric in ("top1", "mean_class", "literature"),
                self.metric,
            ),
            ("validation must be in (0, 1)", 0 < self.validation < 1, self.validation),
            ("image_size must be >= 1", self.image_size >= 1, self.image_size),
            ("resize must be 0 or >= image_size", self.resize == 0 or self.resize >= self.image_size, self.resize),
            (
                "interpolation must be bilinear or bicubic",
                self.interpolation in ("bilinear", "bicubic"),
                self.interpolation,
            ),
        )

    def refuse(self, *rules: tuple[str, bool, object]) -> None:
        """Raise for the first of the rules (text, whether it holds, value) that does not hold."""
        for rule, holds, value in rules:
            if not holds:
                raise ValueError(f"{self.dataset}: {rule}, got {value}")


@dataclass(frozen=True)
class ClassificationOptions(ImagesOptions):
    """Linear probe and kNN on features of one pass over the images.

    Attributes:
        penalties: grid of L2 penalties of the linear probe.
        neighbours: grid of k of the kNN classifier.
        temperature: T of the kNN weights exp(cos/T).
    """

    family: ClassVar[str] = "classification"

    penalties: tuple[float, ...]
    neighbours: tuple[int, ...]
    temperature: float

    def __post_init__(self) -> None:
        """Refuse values that only the end of a run would find out about."""
        super().__post_init__()
        self.refuse(
            ("penalties must hold at least one number, all >= 0", min(self.penalties, default=-1) >= 0, self.penalties),
            (
                "neighbours must hold at least one number, all >= 1",
                min(self.neighbours, default=0) >= 1,
                self.neighbours,
            ),
            ("temperature must be > 0", self.temperature > 0, self.temperature),
        )


@dataclass(frozen=True)
class FinetuningOptions(ImagesOptions):
    """Training of a classifier by SGD, on a frozen backbone or together with it, on all labels or on few.

    Attributes:
        frozen: train the classifier alone; the backbone stays as it is, its batch norms in evaluation mode.
        fraction: share of the training images whose labels are used, the same ones for every seed.
        subset: text file below the data root with the names of the training images whose labels are used, one a line;
            "" where `fraction` says how many.
        refit: train a second time, on the validation images too, for the numbers on the test split; always so where
            only some labels are used, since the validation images come out of those.
        augmentation: "crop" for random resized crops and flips, "none" for the images as the test sees them.
        crop_scale: least and largest share of an image's area that a crop covers.
        flip: probability of a horizontal flip.
        epochs: passes over the training images.
        batch: images a step; an incomplete last batch is left out.
        lr: learning rate of the classifier.
        backbone_lr: learning rate of the backbone; 0 if it is frozen.
        momentum: of SGD.
        weight_decay: L2 penalty on every trained weight.
        schedule: "step" multiplies the rates by `decay` after each of `milestones`, "cosine" lets them fall to 0; both
            from epoch to epoch.
        milestones: numbers of epochs, less than `epochs` where the schedule is "step".
        decay: factor of "step".
        init_std: standard deviation of the classifier's first weights; its biases start at 0.
    """

    family: ClassVar[str] = "finetuning"

    frozen: bool
    fraction: float
    subset: str
    refit: bool
    augmentation: str
    crop_scale: tuple[float, float]
    flip: float
    epochs: int
    batch: int
    lr: float
    backbone_lr: float
    momentum: float
    weight_decay: float
    schedule: str
    milestones: tuple[int, ...]
    decay: float
    init_std: float

    @property
    def partial(self) -> bool:
        """Whether only some of the labels are used."""
        return self.fraction < 1 or bool(self.subset)

    def __post_init__(self) -> None:
        """Refuse values that only the end of a run would find out about."""
        super().__post_init__()
        low, high = self.crop_scale
        self.refuse(
            ("fraction must be in (0, 1]", 0 < self.fraction <= 1, self.fraction),
            ("fraction must be 1 where subset names a list", not self.subset or self.fraction == 1, self.fraction),
            ("refit must be True where only some labels are used", self.refit or not self.partial, self.refit),
            ("augmentation must be crop or none", self.augmentation in ("crop", "none"), self.augmentation),
            ("crop_scale must rise within (0, 1]", 0 < low <= high <= 1, self.crop_scale),
            ("flip must be in [0, 1]", 0 <= self.flip <= 1, self.flip),
            ("epochs must be >= 1", self.epochs >= 1, self.epochs),
            ("batch must be >= 2", self.batch >= 2, self.batch),
            ("lr must be > 0", self.lr > 0, self.lr),
            (
                "backbone_lr must be 0 where frozen, else > 0",
                (self.backbone_lr == 0) if self.frozen else (self.backbone_lr > 0),
                self.backbone_lr,
            ),
            ("momentum must be in [0, 1)", 0 <= self.momentum < 1, self.momentum),
            ("weight_decay must be >= 0", self.weight_decay >= 0, self.weight_decay),
            ("schedule must be step or cosine", self.schedule in ("step", "cosine"), self.schedule),
            ("milestones must rise", list(self.milestones) == sorted({*self.milestones}), self.milestones),
            (
                f"milestones must be < epochs ({self.epochs}) where schedule is step",
                self.schedule != "step" or max(self.milestones, default=0) < self.epochs,
                self.milestones,
            ),
            ("decay must be in (0, 1]", 0 < self.decay <= 1, self.decay),
            ("init_std must be >= 0", self.init_std >= 0, self.init_std),
        )
