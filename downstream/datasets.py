"""The labelled data sets by name: how each is read, how many classes it has, and by which number it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from downstream import array_sets, file_sets
from downstream.image_options import FOLDER, ImagesOptions
from downstream.images import Splits, check_listed, decode_once


@dataclass(frozen=True)
class Source:
    """A data set that has one fixed form.

    Attributes:
        read: opens its official splits below a folder.
        classes: number of classes.
        layout: what lies where below that folder, for messages.
        metric: "top1", or "mean_class" where the literature reports the mean over classes.
        read_infocl: opens the splits of InfoCL's released code, where they are others.
    """

    read: Callable[[Path], Splits]
    classes: int
    layout: str
    metric: str = "top1"
    read_infocl: Callable[[Path], Splits] | None = None


# Which of them are reported as a mean over classes: Kornblith et al. 2019 (arXiv 1805.08974, table 1), and SimCLR
# (arXiv 2002.05709, appendix B.8) after it. CUB-200, GTSRB, STL-10, MNIST and Fashion-MNIST: top-1, as InfoCL (arXiv
# 2203.07004, table 1) has them.
SOURCES = {
    "digits": Source(array_sets.digits, 10, "none, it comes with scikit-learn"),
    "cifar10": Source(array_sets.cifar10, 10, "cifar-10-batches-py/{data_batch_1 to 5, test_batch, batches.meta}"),
    "cifar100": Source(array_sets.cifar100, 100, "cifar-100-python/{train, test, meta}"),
    "stl10": Source(array_sets.stl10, 10, "stl10_binary/{train_X, train_y, test_X, test_y}.bin and class_names.txt"),
    "mnist": Source(array_sets.mnist, 10, "MNIST/raw/{train, t10k}-{images-idx3, labels-idx1}-ubyte"),
    "fashion_mnist": Source(
        array_sets.fashion_mnist, 10, "FashionMNIST/raw/{train, t10k}-{images-idx3, labels-idx1}-ubyte"
    ),
    "dtd": Source(file_sets.dtd, 47, "dtd/dtd/{images/<class>/, labels/{train, val, test}1.txt}"),
    "cub200": Source(
        file_sets.cub200,
        200,
        "CUB_200_2011/{images/, classes.txt, images.txt, image_class_labels.txt, train_test_split.txt}",
    ),
    "flowers102": Source(
        file_sets.flowers102,
        102,
        "flowers-102/{jpg/, imagelabels.mat, setid.mat}",
        "mean_class",
        file_sets.flowers102_infocl,
    ),
    "gtsrb": Source(
        file_sets.gtsrb,
        43,
        "gtsrb/{GTSRB/Training/<class>/, GTSRB/Final_Test/Images/, GT-final_test.csv}, for InfoCL's splits "
        "gtsrb/GTSRB/Final_Training/Images/<class>/",
        "top1",
        file_sets.gtsrb_infocl,
    ),
    "aircraft": Source(
        file_sets.aircraft,
        100,
        "fgvc-aircraft-2013b/data/{images/, variants.txt, images_variant_{train, val, test}.txt}",
        "mean_class",
    ),
    "food101": Source(file_sets.food101, 101, "food-101/{images/<class>/, meta/{train, test}.json}"),
    "pets": Source(file_sets.pets, 37, "oxford-iiit-pet/{images/, annotations/{trainval, test}.txt}", "mean_class"),
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
        splits = _read(SOURCES[options.source], options, root)
    for part in splits:
        count = len(part.classes)
        if len(part) == 0 or not 0 <= int(part.labels.min()) <= int(part.labels.max()) < count:
            raise ValueError(f"{options.dataset}: labels must be 0 to {count - 1} and of one image at least, in {root}")
    return splits


def metric(options: ImagesOptions) -> str:
    """By which number the task is reported: "top1" or "mean_class"."""
    if options.metric != "literature":
        return options.metric
    return "top1" if options.source == FOLDER else SOURCES[options.source].metric


def check(options: ImagesOptions, splits: Splits, *, store: Path) -> str:
    """Check files and classes, decode a sample, and return the fingerprint of everything that was read.

    What has once been decoded is not decoded again as long as no file changes.

    Raises:
        ValueError: in one line, what is missing or damaged.
    """
    layout = f"{options.train}/<class>/*" if options.source == FOLDER else SOURCES[options.source].layout
    for part in splits:
        check_listed(part, subject=options.dataset, layout=layout)
    found = splits.fingerprint(store=store)
    decode_once(splits, found, store=store)
    return found


def _read(source: Source, options: ImagesOptions, root: Path) -> Splits:
    read = source.read if options.splits == "official" else source.read_infocl
    assert read is not None
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
