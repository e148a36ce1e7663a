"""The data sets of the suite, each read from a tiny copy in its real layout, beside torchvision's reading of it."""

import os
import pickle
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_datasets
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torchvision import datasets

from downstream.datasets import SOURCES, check, metric, open_splits
from downstream.image_options import SOURCES as NAMES
from downstream.image_options import SPLIT_BY_INFOCL, ImagesOptions
from downstream.images import Images

OPTIONS = ImagesOptions(
    dataset="tiny",
    source="folder",
    data="sets",
    train="train",
    test="test",
    splits="official",
    metric="literature",
    validation=0.5,
    image_size=8,
    resize=8,
    interpolation="bilinear",
)

REFERENCES: dict[str, tuple[Any, dict[str, dict[str, Any]]]] = {
    "cifar10": (tiny_datasets.Cifar10, {"train": {"train": True}, "test": {"train": False}}),
    "cifar100": (tiny_datasets.Cifar100, {"train": {"train": True}, "test": {"train": False}}),
    "stl10": (tiny_datasets.Stl10, {"train": {"split": "train"}, "test": {"split": "test"}}),
    "mnist": (datasets.MNIST, {"train": {"train": True}, "test": {"train": False}}),
    "fashion_mnist": (datasets.FashionMNIST, {"train": {"train": True}, "test": {"train": False}}),
    "dtd": (
        datasets.DTD,
        {name: {"split": name[:5].replace("valid", "val")} for name in ("train", "validation", "test")},
    ),
    "flowers102": (
        tiny_datasets.Flowers,
        {"train": {"split": "train"}, "validation": {"split": "val"}, "test": {"split": "test"}},
    ),
    "gtsrb": (datasets.GTSRB, {"train": {"split": "train"}, "test": {"split": "test"}}),
    "aircraft": (
        datasets.FGVCAircraft,
        {"train": {"split": "train"}, "validation": {"split": "val"}, "test": {"split": "test"}},
    ),
    "food101": (datasets.Food101, {"train": {"split": "train"}, "test": {"split": "test"}}),
    "pets": (datasets.OxfordIIITPet, {"train": {"split": "trainval"}, "test": {"split": "test"}}),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for write in tiny_datasets.WRITERS.values():
        write(folder / "sets")
    return folder


@pytest.mark.parametrize("name", REFERENCES)
def test_images_and_labels_are_those_of_torchvisions_class(name: str, root: Path) -> None:
    splits = open_splits(replace(OPTIONS, source=name), data_root=root)
    kind, parts = REFERENCES[name]
    assert (splits.validation is not None) == ("validation" in parts)
    for part, arguments in parts.items():
        found, wanted = getattr(splits, part), kind(root / "sets", **arguments)
        assert len(found) == len(wanted)
        for row in range(len(wanted)):
            image, label = wanted[row]
            assert int(found.labels[row]) == label
            assert np.array_equal(np.asarray(found.open(row)), np.asarray(image.convert("RGB"))), (part, row)
        if hasattr(wanted, "classes") and name != "pets":  # whose names are only told apart by spelling
            assert found.classes == tuple(wanted.classes)


def test_birds_are_split_by_their_own_table(root: Path) -> None:
    splits = open_splits(replace(OPTIONS, source="cub200"), data_root=root)
    assert (len(splits.train), len(splits.test)) == (400, 200)
    assert splits.train.labels.tolist() == [label for label in range(200) for _ in range(2)]
    assert {name.rpartition("_")[2] for name in splits.test.names} == {"0001.jpg"}
    assert splits.test.classes[7] == "008.Bird_8"
    path = root / "sets/CUB_200_2011/images/008.Bird_8/008.Bird_8_0001.jpg"
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(splits.test.open(7)), np.asarray(image))


@pytest.mark.parametrize(("name", "count"), [("flowers102", 612), ("gtsrb", 430)])
def test_infocls_splits_take_four_fifths_of_every_class_as_its_code_does(name: str, count: int, root: Path) -> None:
    splits = open_splits(replace(OPTIONS, source=name, splits="infocl"), data_root=root)
    assert splits.validation is None
    assert {*splits.train.names} & {*splits.test.names} == set()
    assert len({*splits.train.names, *splits.test.names}) == count
    members: dict[int, list[str]] = {}
    whole = dict(zip(splits.train.names, splits.train.labels.tolist(), strict=True))
    whole |= dict(zip(splits.test.names, splits.test.labels.tolist(), strict=True))
    for path in sorted(whole):  # classes as they appear in the data set, images in their order
        members.setdefault(whole[path], []).append(path)
    stream, wanted = np.random.RandomState(42), []
    for paths in members.values():
        shuffled = np.array(paths)
        stream.shuffle(shuffled)
        wanted += shuffled[: int(0.8 * len(paths))].tolist()
    assert list(splits.train.names) == wanted


def test_every_registered_set_passes_its_checks(root: Path, tmp_path: Path) -> None:
    assert {*SOURCES} == {*tiny_datasets.WRITERS, "digits"}
    found = set()
    for name in SOURCES:
        options = replace(OPTIONS, source=name)
        splits = open_splits(options, data_root=root)
        assert len(splits.train.classes) == SOURCES[name].classes
        found.add(check(options, splits, store=tmp_path))
        assert check(options, splits, store=tmp_path) in found
    assert len(found) == len(SOURCES)


def test_the_metric_of_the_literature_is_the_mean_over_classes_for_three_sets() -> None:
    named = {name: metric(replace(OPTIONS, source=name)) for name in ["folder", *SOURCES]}
    assert {name for name, value in named.items() if value == "mean_class"} == {"flowers102", "aircraft", "pets"}
    assert metric(replace(OPTIONS, source="pets", metric="top1")) == "top1"
    assert metric(replace(OPTIONS, metric="mean_class")) == "mean_class"


@pytest.mark.parametrize("name", tiny_datasets.WRITERS)
def test_a_set_that_is_not_there_is_named_with_its_layout_in_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^tiny: .* is missing; expected layout: \S") as caught:
        open_splits(replace(OPTIONS, source=name), data_root=tmp_path)
    assert str(tmp_path / "sets") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_a_list_names_and_nobody_unpacked_is_named(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "sets/food-101", tmp_path / "sets/food-101")
    missing = tmp_path / "sets/food-101/images/dish_003/1.jpg"
    missing.unlink()
    options = replace(OPTIONS, source="food101")
    splits = open_splits(options, data_root=tmp_path)
    with pytest.raises(ValueError, match=rf"^tiny: {missing} is missing; expected layout: food-101/"):
        check(options, splits, store=tmp_path / "store")


def test_a_half_unpacked_set_is_refused_by_its_number_of_classes(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "sets/gtsrb", tmp_path / "sets/gtsrb")
    shutil.rmtree(tmp_path / "sets/gtsrb/GTSRB/Training/00042")
    with pytest.raises(ValueError, match=r"^tiny: .*/sets must have 43 classes, got 42$"):
        open_splits(replace(OPTIONS, source="gtsrb"), data_root=tmp_path)


class _Danger:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("ran",)


@pytest.mark.parametrize("content", [{"data": _Danger()}, {"data": Counter()}, [1, 2], None])
def test_a_pickle_that_holds_more_than_lists_and_arrays_is_refused_unread(
    content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_datasets.cifar10(tmp_path / "sets")
    file = tmp_path / "sets/cifar-10-batches-py/data_batch_3"
    file.write_bytes(pickle.dumps(content) if content is not None else b"")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=rf"{file} must hold "):
        open_splits(replace(OPTIONS, source="cifar10"), data_root=tmp_path)
    assert not (tmp_path / "ran").exists()


def test_the_names_of_sources_are_those_of_the_options() -> None:
    assert {*NAMES} == {"folder", *SOURCES}
    assert {*SPLIT_BY_INFOCL} == {name for name, source in SOURCES.items() if source.read_infocl is not None}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "cifar11"}, "tiny: unknown source 'cifar11'. Did you mean 'cifar10'? Known: folder, "),
        ({"source": "pets", "splits": "infocl"}, "tiny: splits must be official for pets, got infocl"),
        ({"source": "gtsrb", "splits": "random"}, "tiny: splits must be official or infocl for gtsrb, got random"),
    ],
)
def test_what_is_not_known_is_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared as a whole
        replace(OPTIONS, **changes)  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)


def write_folders(root: Path, *classes: str) -> None:
    for split in ("train", "test"):
        for seed, name in enumerate(classes):
            tiny_datasets.image(root / "sets" / split / name / "deeper" / "0.png", seed=seed)


def test_folders_are_classes_in_the_order_of_their_names(tmp_path: Path) -> None:
    write_folders(tmp_path, "wren", "auk", "Tit")
    splits, wanted = open_splits(OPTIONS, data_root=tmp_path), datasets.ImageFolder(str(tmp_path / "sets/train"))
    assert splits.train.classes == tuple(wanted.classes) == ("Tit", "auk", "wren")
    assert [str(tmp_path / "sets" / name) for name in splits.train.names] == [path for path, _ in wanted.samples]
    assert splits.train.labels.tolist() == wanted.targets


def test_classes_that_differ_between_the_splits_are_refused(tmp_path: Path) -> None:
    write_folders(tmp_path, "auk", "wren")
    (tmp_path / "sets/test/wren").rename(tmp_path / "sets/test/robin")
    with pytest.raises(ValueError, match=r"^tiny: .*/train and .*/test must hold the same class folders$"):
        open_splits(OPTIONS, data_root=tmp_path)


def test_a_missing_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"^image folder: {tmp_path}/sets/train is missing; expected "):
        open_splits(OPTIONS, data_root=tmp_path)
    write_folders(tmp_path, "auk")
    (tmp_path / "sets/train/wren").mkdir()
    with pytest.raises(ValueError, match=rf"^image folder: class folder {tmp_path}/sets/train/wren has no images$"):
        open_splits(OPTIONS, data_root=tmp_path)


def contents(images: Images) -> Counter[tuple[bytes, int]]:
    found = (np.asarray(images.open(row))[..., 0].tobytes() for row in range(len(images)))
    return Counter(zip(found, images.labels.tolist(), strict=True))


def test_digits_are_scikit_learns_split_without_overlap(tmp_path: Path) -> None:
    splits = open_splits(replace(OPTIONS, source="digits"), data_root=tmp_path)
    assert (len(splits.train), len(splits.test)) == (1198, 599)
    assert splits.train.classes == tuple("0123456789")
    pixels, labels = load_digits(return_X_y=True)
    rows = (bytes((row * 255 / 16).round().astype(np.uint8)) for row in pixels)
    wanted = Counter(zip(rows, labels.tolist(), strict=True))
    assert contents(splits.train) + contents(splits.test) == wanted


def test_parts_that_are_joined_again_are_the_whole(root: Path) -> None:
    for name in ("cifar10", "dtd"):
        train = open_splits(replace(OPTIONS, source=name), data_root=root).train
        rows = torch.arange(len(train))
        joined = train.take(rows[1::2]).join(train.take(rows[::2]))
        assert contents(joined) == contents(train)
        assert joined.names[0] == train.names[1]
