"""Labels of pretraining images that come from a table."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.config import DataConfig, load
from benchmark.data.pretraining import evenly_spread, open_pretraining
from benchmark.errors import UserError
from benchmark.preflight import check_row
from downstream.image_sets import ImageSet
from objectives.registry import load_objectives


def images(folder: Path, labels: list[str]) -> ImageSet:
    (folder / "images").mkdir()
    for number in range(len(labels)):
        Image.fromarray(np.full((8, 8, 3), number, dtype=np.uint8)).save(folder / "images" / f"{number}.png")
    rows = "".join(f"{number}.png,{label}\n" for number, label in enumerate(labels))
    (folder / "labels.csv").write_text("file,label\n" + rows)
    return open_pretraining(data_config(pretrain="images"), data_root=folder, store=folder / "store")


def data_config(*, pretrain: str) -> DataConfig:
    return DataConfig(
        pretrain=pretrain,
        labels="labels.csv",
        image_size=8,
        limit=0,
        stream=False,
        workers=0,
        tree="",
        shapes=None,
        factors=None,
    )


def test_an_empty_label_is_none(tmp_path: Path) -> None:
    found = images(tmp_path, ["b", "", "a", ""])
    assert found.classes == ("a", "b")
    assert found.labels.tolist() == [1, -1, 0, -1]


def test_the_ceiling_needs_a_label_for_every_image(tmp_path: Path) -> None:
    load_objectives([])
    config = load("smoke", ["training.batch=4"])
    found = images(tmp_path, ["b", "", "a", "", "b"])
    check_row(config.row("infonce"), images=found)
    with pytest.raises(UserError, match=r"^supervised: every pretraining image must have a label, 2 have none$"):
        check_row(config.row("supervised"), images=found)


def folders(root: Path, names: list[str], table: str) -> ImageSet:
    for number, name in enumerate(names):
        (root / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), number, dtype=np.uint8)).save(root / "tree" / name)
    (root / "labels.csv").write_text("file,label\n" + table)
    return open_pretraining(data_config(pretrain="tree"), data_root=root, store=root / "store")


@pytest.mark.parametrize("below", ["", "tree/"])
def test_images_of_one_name_in_several_folders_are_told_apart_by_their_paths(below: str, tmp_path: Path) -> None:
    names = ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"]
    found = folders(tmp_path, names, "".join(f"{below}{name},{name.split('/')[0]}\n" for name in reversed(names)))
    assert (found.classes, found.labels.tolist()) == (("cat", "dog"), [0, 0, 1, 1])


@pytest.mark.parametrize(
    ("names", "table", "what"),
    [
        (["cat/0.png", "dog/0.png"], "0.png,cat\n", "2 images called 0.png"),
        (["cat/0.png", "dog/1.png"], "a/0.png,cat\nb/0.png,dog\n1.png,dog\n", "2 files called 0.png"),
    ],
)
def test_names_that_do_not_tell_images_apart_are_refused(
    names: list[str], table: str, what: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=rf"^labels: .* must have the path of every image, .* got {what}$"):
        folders(tmp_path, names, table)


@pytest.mark.parametrize(
    ("count", "of"), [(1, 5), (2, 5), (5, 5), (49_999, 50_000), (1_250_000, 1_281_167), (1000, 20_000_000)]
)
def test_images_spread_evenly_are_there_once_from_the_first_to_the_last(count: int, of: int) -> None:
    places = evenly_spread(count, of=of)
    assert len(places.unique()) == len(places) == count
    assert [int(places[0]), int(places[-1])] == [0, of - 1 if count > 1 else 0]
    steps = places.diff()
    assert count < 3 or steps.max() - steps.min() <= 1
