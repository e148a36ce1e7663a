"""The labelled data sets by name: how each is read, how many classes it has, and by which number it is known."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from downstream import array_sets, file_sets
from downstream.image_options import ImagesOptions
from downstream.images import Splits, check_listed, decode_sample

FOLDER = "folder"


@dataclass(frozen=True)
class Source:
    """A data set that has one fixed form.

    Attributes:
        read: opens its official splits below a folder.
        classes: number of classes.
        metric: "top1", or "mean_class" where the literature reports the mean over classes.
        read_infocl: opens the splits of InfoCL's released code, where they are others.
    """

    read: Callable[[Path], Splits]
    classes: int
    metric: str = "top1"
    read_infocl: Callable[[Path], Splits] | None = None

    @property
    def layout(self) -> str:
        """What lies where below its folder."""
        return " ".join((self.read.__doc__ or "").split()).partition(": ")[2]


# Which of them are reported as a mean over classes: Kornblith et al. 2019 (arXiv 1805.08974, table 1), and SimCLR
# (arXiv 2002.05709, appendix B.8) after it. CUB-200, GTSRB, STL-10, MNIST and Fashion-MNIST: top-1, as InfoCL (arXiv
# 2203.07004, table 1) has them.
SOURCES = {
    "digits": Source(array_sets.digits, 10),
    "cifar10": Source(array_sets.cifar10, 10),
    "cifar100": Source(array_sets.cifar100, 100),
    "stl10": Source(array_sets.stl10, 10),
    "mnist": Source(array_sets.mnist, 10),
    "fashion_mnist": Source(array_sets.fashion_mnist, 10),
    "dtd": Source(file_sets.dtd, 47),
    "cub200": Source(file_sets.cub200, 200),
    "flowers102": Source(file_sets.flowers102, 102, "mean_class", file_sets.flowers102_infocl),
    "gtsrb": Source(file_sets.gtsrb, 43, "top1", file_sets.gtsrb_infocl),
    "aircraft": Source(file_sets.aircraft, 100, "mean_class"),
    "food101": Source(file_sets.food101, 101),
    "pets": Source(file_sets.pets, 37, "mean_class"),
}


def open_splits(options: ImagesOptions, *, data_root: Path) -> Splits:
    """Read what a data set lists, without decoding its files.

    Raises:
        ValueError: no such data set or splits, something is missing or of another form; one line.
    """
    root = data_root / options.data
    if options.source == FOLDER:
        splits = file_sets.folder(root, train=options.train, test=options.test, subject=options.dataset)
    else:
        splits = _read(_source(options), options, root)
    for part in splits:
        count = len(part.classes)
        if len(part) == 0 or not 0 <= int(part.labels.min()) <= int(part.labels.max()) < count:
            raise ValueError(f"{options.dataset}: labels must be 0 to {count - 1} and of one image at least, in {root}")
    return splits


def metric(options: ImagesOptions) -> str:
    """By which number the task is reported: "top1" or "mean_class"."""
    if options.metric != "literature":
        return options.metric
    return "top1" if options.source == FOLDER else _source(options).metric


def check(options: ImagesOptions, splits: Splits, *, store: Path) -> str:
    """Check files and classes, decode a sample, and return the fingerprint of everything that was read.

    What has once been decoded is not decoded again as long as no file changes.

    Raises:
        ValueError: in one line, what is missing or damaged.
    """
    layout = f"{options.train}/<class>/*" if options.source == FOLDER else _source(options).layout
    for part in splits:
        check_listed(part, subject=options.dataset, layout=layout)
    found = splits.fingerprint(store=store)
    decoded = store / "decoded" / found
    if not decoded.exists():
        for part in splits:
            decode_sample(part)
        decoded.parent.mkdir(parents=True, exist_ok=True)
        decoded.touch()
    return found


def _source(options: ImagesOptions) -> Source:
    if options.source not in SOURCES:
        known = [FOLDER, *SOURCES]
        near = difflib.get_close_matches(options.source, known, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"{options.dataset}: unknown source '{options.source}'.{hint} Known: {', '.join(known)}.")
    return SOURCES[options.source]


def _read(source: Source, options: ImagesOptions, root: Path) -> Splits:
    read = source.read if options.splits == "official" else source.read_infocl
    if read is None:
        raise ValueError(f"{options.dataset}: splits must be official for {options.source}, got {options.splits}")
    try:
        splits = read(root)
    except (OSError, RuntimeError) as error:  # torchvision's word for a missing folder is RuntimeError
        missing = getattr(error, "filename", None) or f"{root}/{source.layout.partition('/')[0]}"
        raise ValueError(f"{options.dataset}: {missing} is missing; expected layout: {source.layout}") from error
    except (KeyError, IndexError, ValueError, NotImplementedError) as error:
        raise ValueError(f"{options.dataset}: {root} does not read: {error}; layout: {source.layout}") from error
    if len(splits.train.classes) != source.classes:
        found = len(splits.train.classes)
        raise ValueError(f"{options.dataset}: {root} must have {source.classes} classes, got {found}")
    return splits
