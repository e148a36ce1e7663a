import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from factor_tree import FACTORS, OPTIONS, PLACES, SHADES, refusal, tree
from PIL import Image

from downstream.factor_tables import read_factors
from downstream.factors import check_data


def test_values_become_classes_in_their_order_or_bins(tmp_path: Path) -> None:
    tree(tmp_path)
    table = read_factors(OPTIONS, data_root=tmp_path / "data")
    rows = pd.read_csv(tmp_path / "data/tree/factors.csv")[6:].reset_index()
    assert [column.name for column in table.columns] == list(FACTORS)
    assert [column.classes for column in table.columns] == [3, 3, 2, 4]
    assert table.splits.train.names == tuple(rows["file"][:144])
    colour, place, hue, rotation = table.labels.T.tolist()
    assert [sorted(SHADES)[label] for label in colour] == rows["colour"].tolist()
    assert [PLACES[label] for label in place] == rows["place"].tolist()
    assert [label / 2 for label in hue] == rows["hue"].tolist()
    assert rotation == [int(angle // (math.pi / 2)) for angle in rows["rotation"]]
    number, turn, angle = table.values.double().unbind(dim=1)
    spread = (rows["place"] - rows["place"][:144].mean()) / rows["place"][:144].std(ddof=0)
    assert number.tolist() == [pytest.approx([value, 0], abs=1e-6) for value in spread]
    assert turn.tolist() == [pytest.approx([1 - 4 * value, 0], abs=1e-6) for value in rows["hue"]]
    assert angle.tolist() == [pytest.approx([math.cos(a), math.sin(a)], abs=1e-6) for a in rows["rotation"]]


def test_a_number_of_many_values_has_bins_of_equal_frequency(tmp_path: Path) -> None:
    def spread(table: pd.DataFrame) -> None:
        table["place"] = np.random.default_rng(1).exponential(size=len(table))

    tree(tmp_path, change=spread)
    column = read_factors(OPTIONS, data_root=tmp_path / "data").columns[1]
    assert column.labels[:144].bincount().tolist() == pytest.approx([36] * 4, abs=1)
    assert column.values is not None
    number = column.values[:, 0]
    assert (int(column.labels[number.argmin()]), int(column.labels[number.argmax()])) == (0, 3)


def test_what_is_checked_has_the_fingerprint_of_table_and_images(tmp_path: Path) -> None:
    root = tree(tmp_path)
    places = {"data_root": tmp_path / "data", "store": tmp_path / "store"}
    before = check_data(OPTIONS, **places)
    assert check_data(replace(OPTIONS, hidden=8), **places) == before
    Image.new("RGB", (16, 16)).save(root / "pretrain/000000.png")  # nobody looks at it
    assert check_data(OPTIONS, **places) == before
    Image.new("RGB", (16, 16)).save(root / "test/000000.png")
    other = check_data(OPTIONS, **places)
    assert other != before
    with (root / "factors.csv").open("a") as file:
        file.write("test/000000.png,white,0.25,0.5,1.0\n")
    assert check_data(OPTIONS, **places) != other


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        f"scenes: {tmp_path}/data/tree/factors.csv is missing; expected columns: file, colour, place, hue, rotation"
    )
    root = tree(tmp_path)
    assert "must list two files below other/, got 0; its first file is 'pretrain/000000.png'" in refusal(
        tmp_path, replace(OPTIONS, test="other")
    )
    assert "must have a column 'shape', got file, colour" in refusal(
        tmp_path, replace(OPTIONS, factors={"shape": "category"})
    )
    assert "got 0.001 of 144" in refusal(tmp_path, replace(OPTIONS, validation=0.001))
    (root / "test/000003.png").unlink()
    assert f"{root}/test/000003.png is missing" in refusal(tmp_path)
    (root / "test/000003.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=rf"^images: {root}/test/000003.png cannot be decoded: "):
        check_data(OPTIONS, data_root=tmp_path / "data", store=tmp_path / "store")


def set_value(column: str, row: int, value: object) -> Callable[[pd.DataFrame], None]:
    def change(table: pd.DataFrame) -> None:
        table[column] = table[column].astype(object)
        table.loc[row, column] = value  # type: ignore[call-overload]

    return change


def set_all(column: str, value: str | float) -> Callable[[pd.DataFrame], None]:
    def change(table: pd.DataFrame) -> None:
        table[column] = value

    return change


def tied(table: pd.DataFrame) -> None:
    table["place"] = [0] * (len(table) - 4) + [1, 2, 3, 4]
    table.loc[6:9, "place"] = [1, 2, 3, 4]


def narrow(table: pd.DataFrame) -> None:
    table["rotation"] = np.linspace(0.1, 1.5, len(table))


def turned_away(table: pd.DataFrame) -> None:
    table["rotation"] = np.linspace(0.1, 3.0, len(table))
    table.loc[200, "rotation"] = 5.5


SEEN = "test images must have values of the training images"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_all("colour", "red"), "'colour': training images must have two values, got red alone"),
        (set_all("rotation", 1.5), "'rotation': training images must have two values, got 1.5 alone"),
        (tied, "'place': training images must fall into two of the 4 bins, got 0 to 4 in one"),
        (narrow, "'rotation': training images must fall into two of the 4 bins, got 0.138009 to 1.04389 in one"),
        (set_value("colour", 200, "red"), f"'colour': {SEEN}, got 'red' of test/000050.png"),
        (set_value("place", 200, 0.4), f"'place': {SEEN}, got '0.4' of test/000050.png"),
        (
            turned_away,
            "'rotation': test images must fall into those of the 4 bins that training images fall into, "
            "got '5.5' of test/000050.png",
        ),
        (set_value("colour", 20, None), "'colour': values must be names, got '' of train/000014.png"),
        (set_value("colour", 20, "  "), "'colour': values must be names, got '' of train/000014.png"),
        (set_value("place", 20, "far"), "'place': values must be numbers, got 'far' of train/000014.png"),
        (set_value("hue", 20, None), "'hue': values must be numbers, got '' of train/000014.png"),
    ],
)
def test_values_that_no_probe_could_tell_are_refused_where_they_stand(
    change: Callable[[pd.DataFrame], object], message: str, tmp_path: Path
) -> None:
    root = tree(tmp_path, change=change)
    assert refusal(tmp_path).startswith(f"scenes: {root}/factors.csv, factor {message}")


@pytest.mark.parametrize("start", ["./train/", "parts/train/", "train\\"])
def test_paths_of_another_form_are_shown(start: str, tmp_path: Path) -> None:
    def change(table: pd.DataFrame) -> None:
        table["file"] = table["file"].str.replace("train/", start, regex=False)
        table.drop(range(6), inplace=True)

    root = tree(tmp_path, change=change)
    assert refusal(tmp_path) == (
        f"scenes: {root}/factors.csv must list two files below train/, got 0; its first file is '{start}000000.png'"
    )


def test_a_file_that_lies_elsewhere_than_its_path_begins_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path, change=set_value("file", 20, "train/../test/000000.png"))
    assert refusal(tmp_path) == (
        f"scenes: {root}/factors.csv must list files without .., got 'train/../test/000000.png'"
    )


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path, change=lambda table: table.insert(1, "again", "white"))
    text = (root / "factors.csv").read_text()
    (root / "factors.csv").write_text(text.replace("again", "colour", 1))
    assert refusal(tmp_path) == (
        f"scenes: {root}/factors.csv must have one column 'colour', got file, colour, colour, place, hue, rotation"
    )
    (root / "factors.csv").write_text("")
    assert "factors.csv does not read: No columns" in refusal(tmp_path)


def test_blanks_after_commas_and_a_slash_after_a_folder_change_nothing(tmp_path: Path) -> None:
    root = tree(tmp_path)
    before = read_factors(OPTIONS, data_root=tmp_path / "data")
    (root / "factors.csv").write_text((root / "factors.csv").read_text().replace(",", ", "))
    after = read_factors(replace(OPTIONS, train="train/", test="./test"), data_root=tmp_path / "data")
    assert after.splits.train.names == before.splits.train.names
    assert after.splits.test.names == before.splits.test.names
    assert torch.equal(after.labels, before.labels)
    assert torch.equal(after.values, before.values)
