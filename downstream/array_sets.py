"""Data sets that come as arrays: CIFAR-10 and -100, STL-10, MNIST, Fashion-MNIST and scikit-learn's digits.

Each is read from the folder that torchvision unpacks it to. torchvision's own classes for CIFAR and STL-10 compare MD5
sums first, of STL-10's 2.6 GB of unlabelled images too, and CIFAR's then runs whatever its pickles say; here they are
read as what they are, and nothing else is allowed in them.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from torchvision import datasets

from downstream.images import Images, Splits, from_pixels

Pixels = NDArray[np.uint8]

# What a pickled array of bytes is made of, and no more.
_ARRAY_PARTS = {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")} | {
    (f"numpy.{core}.multiarray", "_reconstruct") for core in ("core", "_core")
}


def cifar10(root: Path) -> Splits:
    """CIFAR-10 (Krizhevsky 2009), its Python version."""
    folder = root / "cifar-10-batches-py"
    batches = [folder / f"data_batch_{number}" for number in range(1, 6)]
    return _cifar(root, batches, folder / "test_batch", meta=folder / "batches.meta", key="label")


def cifar100(root: Path) -> Splits:
    """CIFAR-100 (Krizhevsky 2009), its Python version, with the 100 fine labels."""
    folder = root / "cifar-100-python"
    return _cifar(root, [folder / "train"], folder / "test", meta=folder / "meta", key="fine_label")


def _cifar(root: Path, batches: list[Path], test: Path, *, meta: Path, key: str) -> Splits:
    classes = _unpickle(meta)[f"{key}_names"]

    def images(files: list[Path]) -> Images:
        read = [_unpickle(file) for file in files]
        pixels = np.concatenate([each["data"] for each in read]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return from_pixels(root, pixels, [label for each in read for label in each[f"{key}s"]], classes=classes)

    return Splits(images(batches), None, images([test]), (*batches, test, meta))


class _ArrayUnpickler(pickle.Unpickler):
    """Reads lists, texts and arrays; a pickle that names anything else is refused."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, encoding="latin1")

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAY_PARTS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def _unpickle(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        try:
            content = _ArrayUnpickler(file).load()
        except (pickle.UnpicklingError, EOFError) as error:
            raise ValueError(f"CIFAR: {path} must hold lists and arrays alone: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"CIFAR: {path} must hold a dictionary, got {type(content).__name__}")
    return content


def stl10(root: Path) -> Splits:
    """STL-10 (Coates et al. 2011), its binary version: columns first, labels from 1."""
    folder = root / "stl10_binary"
    names = folder / "class_names.txt"
    classes = names.read_text().split()

    def images(split: str) -> Images:
        columns = np.memmap(folder / f"{split}_X.bin", dtype=np.uint8, mode="r").reshape(-1, 3, 96, 96)
        labels = np.fromfile(folder / f"{split}_y.bin", dtype=np.uint8).astype(np.int64) - 1
        return from_pixels(root, columns.transpose(0, 3, 2, 1), labels, classes=classes)

    read = tuple(folder / f"{split}_{part}.bin" for split in ("train", "test") for part in "Xy")
    return Splits(images("train"), None, images("test"), (*read, names))


def mnist(root: Path) -> Splits:
    """MNIST (LeCun et al. 1998)."""
    return _mnist(root, datasets.MNIST)


def fashion_mnist(root: Path) -> Splits:
    """Fashion-MNIST (Xiao et al. 2017), in MNIST's format."""
    return _mnist(root, datasets.FashionMNIST)


def _mnist(root: Path, kind: Any) -> Splits:
    train, test = (kind(root, train=first) for first in (True, False))
    files = sorted((root / kind.__name__ / "raw").glob("*-ubyte"))
    parts = [from_pixels(root, part.data.numpy(), part.targets.numpy(), classes=kind.classes) for part in (train, test)]
    return Splits(parts[0], None, parts[1], tuple(files))


def digits(root: Path) -> Splits:
    """scikit-learn's 1,797 handwritten digits (UCI optdigits, 8x8 grey), two thirds to train, a third to test."""
    from sklearn.datasets import load_digits  # half a second, for no other data set
    from sklearn.model_selection import train_test_split

    pixels, labels = load_digits(return_X_y=True)
    grey = (pixels.reshape(-1, 8, 8) * 255 / 16).round().astype(np.uint8)
    parts = train_test_split(np.arange(len(labels)), test_size=1 / 3, random_state=0, stratify=labels)
    classes = [str(digit) for digit in range(10)]
    train, test = (from_pixels(root, grey[part], labels[part], classes=classes) for part in map(np.sort, parts))
    return Splits(train, None, test, ())
