"""Labels of pretraining images that come from a table."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.config import DataConfig, load
from benchmark.data.pretraining import open_pretraining
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
    data = DataConfig(
        pretrain="images",
        labels="labels.csv",
        image_size=8,
        limit=0,
        stream=False,
        workers=0,
        tree="",
        shapes=None,
        factors=None,
    )
    return open_pretraining(data, data_root=folder, store=folder / "store")


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
