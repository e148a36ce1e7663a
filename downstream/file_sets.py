"""Data sets that come as image files with lists: each read from the layout that its archive unpacks to."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.io import loadmat
from torchvision import datasets

from downstream.imagefolder import image_files
from downstream.images import Images, Splits, from_files


def folder(root: Path, *, train: str, test: str, subject: str) -> Splits:
    """Image folders `root/<train>/<class>/**/*.jpg` and `root/<test>/...`; classes in the order of their names.

    Raises:
        ValueError: a folder is missing or empty, or the two have other classes.
    """
    parts = [_class_folders(root, name, image_files, subject="image folder") for name in (train, test)]
    if parts[0].classes != parts[1].classes:
        raise ValueError(f"{subject}: {root / train} and {root / test} must hold the same class folders")
    return Splits(parts[0], None, parts[1], ())


def _class_folders(root: Path, name: str, listed: Callable[[Path], Iterable[Path]], *, subject: str) -> Images:
    """Images in folders named after their classes."""
    expected = f"expected {root / name}/<class>/*.jpg"
    if not (root / name).is_dir():
        raise ValueError(f"{subject}: {root / name} is missing; {expected}")
    folders = sorted(path for path in (root / name).iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise ValueError(f"{subject}: {root / name} has no class folders; {expected}")
    files = []
    for label, members in enumerate(folders):
        found = [(str(path.relative_to(root)), label) for path in listed(members)]
        if not found:
            raise ValueError(f"{subject}: class folder {members} has no images")
        files += found
    return from_files(root, files, classes=[path.name for path in folders])


def dtd(root: Path) -> Splits:
    """Describable Textures (Cimpoi et al. 2014), the first of its ten partitions."""
    parts = [_torchvision(root, datasets.DTD, split=split) for split in ("train", "val", "test")]
    files = tuple(root / f"dtd/dtd/labels/{split}1.txt" for split in ("train", "val", "test"))
    return Splits(parts[0], parts[1], parts[2], files)


def aircraft(root: Path) -> Splits:
    """FGVC-Aircraft (Maji et al. 2013), told apart by variant."""
    parts = [_torchvision(root, datasets.FGVCAircraft, split=split) for split in ("train", "val", "test")]
    data = root / "fgvc-aircraft-2013b/data"
    files = (data / "variants.txt", *(data / f"images_variant_{split}.txt" for split in ("train", "val", "test")))
    return Splits(parts[0], parts[1], parts[2], files)


def food101(root: Path) -> Splits:
    """Food-101 (Bossard et al. 2014)."""
    train, test = (_torchvision(root, datasets.Food101, split=split) for split in ("train", "test"))
    return Splits(train, None, test, tuple(root / f"food-101/meta/{split}.json" for split in ("train", "test")))


def _torchvision(root: Path, kind: Any, *, split: str) -> Images:
    """What one of torchvision's sets lists, with its files left closed."""
    listed = kind(root, split=split, loader=Path)
    files = [(str(path.relative_to(root)), label) for path, label in listed]
    return from_files(root, files, classes=listed.classes)


def pets(root: Path) -> Splits:
    """Oxford-IIIT Pet (Parkhi et al. 2012), told apart by breed."""
    tables = [root / f"oxford-iiit-pet/annotations/{split}.txt" for split in ("trainval", "test")]
    rows = [[line.split() for line in table.read_text().splitlines()] for table in tables]
    breeds = {int(row[1]): row[0].rsplit("_", 1)[0] for row in rows[0]}
    classes = [breeds[label] for label in sorted(breeds)]
    train, test = (
        from_files(root, [(f"oxford-iiit-pet/images/{row[0]}.jpg", int(row[1]) - 1) for row in part], classes=classes)
        for part in rows
    )
    return Splits(train, None, test, tuple(tables))


def cub200(root: Path) -> Splits:
    """CUB-200-2011 (Wah et al. 2011), split by its own table."""
    base = root / "CUB_200_2011"
    names = ("classes", "images", "image_class_labels", "train_test_split")
    tables = [base / f"{name}.txt" for name in names]
    classes, paths, labels, train = (
        dict(line.split(maxsplit=1) for line in table.read_text().splitlines()) for table in tables
    )
    parts = [
        [(f"CUB_200_2011/images/{path}", int(labels[key]) - 1) for key, path in paths.items() if train[key] == side]
        for side in ("1", "0")
    ]
    fitted, tested = (from_files(root, part, classes=[*classes.values()]) for part in parts)
    return Splits(fitted, None, tested, tuple(tables))


def flowers102(root: Path) -> Splits:
    """Oxford Flowers (Nilsback and Zisserman 2008): a class has ten images to train, ten for validation."""
    ids: Mapping[str, Any] = loadmat(root / "flowers-102/setid.mat", squeeze_me=True)
    whole = _flowers(root)
    parts = [whole.take(torch.from_numpy(ids[name].astype(np.int64) - 1)) for name in ("trnid", "valid", "tstid")]
    return Splits(parts[0], parts[1], parts[2], tuple(root.glob("flowers-102/*.mat")))


def flowers102_infocl(root: Path) -> Splits:
    """Oxford Flowers, four fifths of every class to train and a fifth to test, as InfoCL draws them."""
    train, test = _four_fifths(_flowers(root))
    return Splits(train, None, test, (root / "flowers-102/imagelabels.mat",))


def _flowers(root: Path) -> Images:
    table: Mapping[str, Any] = loadmat(root / "flowers-102/imagelabels.mat", squeeze_me=True)
    rows = enumerate(table["labels"].tolist(), start=1)
    files = [(f"flowers-102/jpg/image_{row:05d}.jpg", label - 1) for row, label in rows]
    return from_files(root, files, classes=datasets.Flowers102.classes)


def gtsrb(root: Path) -> Splits:
    """GTSRB (Stallkamp et al. 2012), the training set that torchvision unpacks and the final test."""
    train = _signs(root, "gtsrb/GTSRB/Training")
    table = root / "gtsrb/GT-final_test.csv"
    with table.open(newline="") as file:
        rows = [(row["Filename"], int(row["ClassId"])) for row in csv.DictReader(file, delimiter=";")]
    files = [(f"gtsrb/GTSRB/Final_Test/Images/{name}", label) for name, label in rows]
    return Splits(train, None, from_files(root, files, classes=train.classes), (table,))


def gtsrb_infocl(root: Path) -> Splits:
    """GTSRB, four fifths of every class of Final_Training to train and a fifth to test, as InfoCL draws them.

    InfoCL shuffles the files in the order in which its system listed them; here they are in the order of their names.
    A sign was filmed, so its frames are on both sides: numbers are higher than on the official test split.
    """
    train, test = _four_fifths(_signs(root, "gtsrb/GTSRB/Final_Training/Images"))
    return Splits(train, None, test, ())


def _signs(root: Path, name: str) -> Images:
    (root / name).stat()  # a missing folder is an OSError, as a missing list is
    images = _class_folders(root, name, lambda members: sorted(members.glob("*.ppm")), subject="GTSRB")
    # <class>/<track>_<frame>.ppm: the frames of a track are of one sign, filmed while the car came nearer.
    return replace(images, groups=tuple(path.rpartition("_")[0] for path in images.names))


def _four_fifths(whole: Images) -> tuple[Images, Images]:
    """InfoCL's random parts (released code, transfer_datasets): one stream of seed 42, class after class."""
    stream = np.random.RandomState(42)
    labels = whole.labels.numpy()
    train, test = [], []
    for label in dict.fromkeys(labels.tolist()):
        members = np.flatnonzero(labels == label)
        order = np.arange(len(members))
        stream.shuffle(order)
        cut = int(0.8 * len(members))
        train += members[order[:cut]].tolist()
        test += members[order[cut:]].tolist()
    return whole.take(torch.tensor(train)), whole.take(torch.tensor(test))
