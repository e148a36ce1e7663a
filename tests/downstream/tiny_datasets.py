"""Every data set of the transfer suite with a few images of noise a class, in the layout of its archive."""

import json
import pickle
import struct
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat
from torchvision import datasets

Writer = Callable[[Path], None]


def noise(*shape: int, seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def image(path: Path, *, seed: int, side: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise(side, side + 2, 3, seed=seed)).save(path)


def lines(path: Path, rows: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{row}\n" for row in rows))


def dump(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=2))  # that of the released files


def cifar10(root: Path) -> None:
    folder = root / "cifar-10-batches-py"
    for seed, name in enumerate([*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]):
        rows = {"data": noise(20, 3072, seed=seed), "labels": [(row + seed) % 10 for row in range(20)]}
        dump(folder / name, rows)
    dump(folder / "batches.meta", {"label_names": [f"class {label}" for label in range(10)], "num_vis": 3072})


def cifar100(root: Path) -> None:
    folder = root / "cifar-100-python"
    for seed, name in enumerate(("train", "test")):
        fine = [(row + seed) % 100 for row in range(200)]
        rows = {"data": noise(200, 3072, seed=seed), "fine_labels": fine, "coarse_labels": [0] * 200}
        dump(folder / name, rows)
    dump(folder / "meta", {"fine_label_names": [f"class {label}" for label in range(100)], "coarse_label_names": []})


def stl10(root: Path) -> None:
    folder = root / "stl10_binary"
    folder.mkdir(parents=True)
    for seed, split in enumerate(("train", "test")):
        noise(20, 3, 96, 96, seed=seed).tofile(folder / f"{split}_X.bin")
        (np.arange(20, dtype=np.uint8) % 10 + 1).tofile(folder / f"{split}_y.bin")
    noise(1, 3, 96, 96, seed=9).tofile(folder / "unlabeled_X.bin")
    lines(folder / "class_names.txt", [f"class{label}" for label in range(10)])


def _idx(root: Path, name: str) -> None:
    folder = root / name / "raw"
    folder.mkdir(parents=True)
    for seed, split in enumerate(("train", "t10k")):
        header = struct.pack(">IIII", 0x803, 30, 28, 28)
        (folder / f"{split}-images-idx3-ubyte").write_bytes(header + noise(30, 28, 28, seed=seed).tobytes())
        labels = np.arange(30, dtype=np.uint8) % 10
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, 30) + labels.tobytes())


def mnist(root: Path) -> None:
    _idx(root, "MNIST")


def fashion_mnist(root: Path) -> None:
    _idx(root, "FashionMNIST")


def dtd(root: Path) -> None:
    base = root / "dtd/dtd"
    for seed, split in enumerate(("train", "val", "test")):
        names = [f"texture{label:02d}/texture{label:02d}_{seed:04d}.jpg" for label in range(47)]
        lines(base / f"labels/{split}1.txt", names)
        for name in names:
            image(base / "images" / name, seed=seed)


def cub200(root: Path) -> None:
    base = root / "CUB_200_2011"
    classes = [f"{label:03d}.Bird_{label}" for label in range(1, 201)]
    names = [f"{name}/{name}_{number:04d}.jpg" for name in classes for number in range(3)]
    lines(base / "classes.txt", [f"{label} {name}" for label, name in enumerate(classes, start=1)])
    lines(base / "images.txt", [f"{row} {name}" for row, name in enumerate(names, start=1)])
    lines(base / "image_class_labels.txt", [f"{row + 1} {row // 3 + 1}" for row in range(600)])
    lines(base / "train_test_split.txt", [f"{row + 1} {int(row % 3 != 1)}" for row in range(600)])
    for row, name in enumerate(names):
        image(base / "images" / name, seed=row)


def flowers102(root: Path) -> None:
    base = root / "flowers-102"
    labels = np.random.default_rng(0).permutation(np.arange(612) % 102) + 1
    order = np.argsort(labels, kind="stable").reshape(102, 6) + 1
    for row in range(612):
        image(base / f"jpg/image_{row + 1:05d}.jpg", seed=row)
    savemat(base / "imagelabels.mat", {"labels": labels.astype(np.uint8).reshape(1, -1)})
    parts = {"trnid": order[:, 0], "valid": order[:, 1], "tstid": order[:, 2:].ravel()}
    savemat(base / "setid.mat", {name: ids.astype(np.uint16).reshape(1, -1) for name, ids in parts.items()})


def gtsrb(root: Path) -> None:
    base = root / "gtsrb/GTSRB"
    for folder, count, frames in (("Training", 3, 3), ("Final_Training/Images", 10, 1)):
        for label in range(43):
            for number in range(count):
                for frame in range(frames):
                    path = base / folder / f"{label:05d}/{number:05d}_{frame:05d}.ppm"
                    image(path, seed=100 * label + 10 * frame + number)
            lines(base / folder / f"{label:05d}/GT-{label:05d}.csv", ["Filename;Width;Height"])
    for row in range(43):
        image(base / f"Final_Test/Images/{row:05d}.ppm", seed=row)
    header = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"
    rows = [f"{row:05d}.ppm;10;8;1;1;7;7;{(row * 7) % 43}" for row in range(43)]
    lines(root / "gtsrb/GT-final_test.csv", [header, *rows])


def aircraft(root: Path) -> None:
    data = root / "fgvc-aircraft-2013b/data"
    variants = [f"Model {label}-A/B" for label in range(100)]
    lines(data / "variants.txt", variants)
    for split in range(3):
        rows = [f"{split * 1000 + label:07d} {name}" for label, name in enumerate(variants)]
        lines(data / f"images_variant_{('train', 'val', 'test')[split]}.txt", rows)
        for row in rows:
            image(data / f"images/{row.split()[0]}.jpg", seed=split)


def food101(root: Path) -> None:
    base = root / "food-101"
    for seed, split in enumerate(("train", "test")):
        numbers = [1000 * seed + number for number in range(2)]
        dishes = [f"dish_{label:03d}" for label in range(101)]
        listed = {dish: [f"{dish}/{number}" for number in numbers] for dish in dishes}
        lines(base / f"meta/{split}.json", [json.dumps(listed)])
        for name in chain(*listed.values()):
            image(base / f"images/{name}.jpg", seed=seed)


def pets(root: Path) -> None:
    base = root / "oxford-iiit-pet"
    breeds = [("Abyssinian" if label == 0 else f"great_dane_{label}") for label in range(37)]
    for seed, split in enumerate(("trainval", "test")):
        numbers = (100 * seed + 1, 100 * seed + 2)
        rows = [(f"{breed}_{number}", label + 1) for label, breed in enumerate(breeds) for number in numbers]
        lines(base / f"annotations/{split}.txt", [f"{name} {label} 1 1" for name, label in rows])
        for name, _ in rows:
            image(base / f"images/{name}.jpg", seed=seed)


WRITERS: dict[str, Writer] = {
    "cifar10": cifar10,
    "cifar100": cifar100,
    "stl10": stl10,
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
    "dtd": dtd,
    "cub200": cub200,
    "flowers102": flowers102,
    "gtsrb": gtsrb,
    "aircraft": aircraft,
    "food101": food101,
    "pets": pets,
}


# torchvision compares sums with those of the released files, which noise does not have.
class Cifar10(datasets.CIFAR10):
    meta: ClassVar = {"filename": "batches.meta", "key": "label_names", "md5": None}

    def _check_integrity(self) -> bool:
        return True


class Cifar100(datasets.CIFAR100):
    meta: ClassVar = {"filename": "meta", "key": "fine_label_names", "md5": None}

    def _check_integrity(self) -> bool:
        return True


class Stl10(datasets.STL10):
    def _check_integrity(self) -> bool:
        return True


class Flowers(datasets.Flowers102):
    def _check_integrity(self) -> bool:
        return True
