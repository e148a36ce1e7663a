import math
from pathlib import Path

import pytest
from cell_store import EVALUATE, FAILED, FIXTURES, PRETRAIN, copy_fixtures, write_evaluation, write_preparation

from results.store.loading import COLUMNS, CURVE_COLUMNS, load, load_scalars


def test_every_number_is_a_row_with_its_costs_and_those_of_its_pretraining() -> None:
    frame = load(FIXTURES)
    assert list(frame.columns) == COLUMNS
    numbers = frame[frame["key"] == EVALUATE]
    assert list(zip(numbers["metric"], numbers["split"], numbers["selection"], numbers["value"], strict=True)) == [
        ("linear_top1", "test", "selected", 0.625),
        ("linear_top1", "test", "oracle", 0.6875),
        ("linear_top1", "val", "selected", 0.75),
        ("knn_top1", "test", "selected", 0.5),
    ]
    assert set(numbers["wall_s"]) == {12.25}
    assert set(numbers["pretrain_wall_s"]) == {156.5}
    assert set(numbers["pretrain_peak_memory_bytes"]) == {1288490188}
    assert set(numbers["commit"]) == {"8b1f2c0"}


def test_a_failed_evaluation_is_a_row_with_a_reason_and_no_value() -> None:
    frame = load(FIXTURES)
    (row,) = frame[frame["key"] == FAILED].to_dict("records")
    assert (row["status"], row["task"], row["reason"]) == ("failed", "voc", "killed by signal 9 (out of memory?)")
    assert math.isnan(row["value"])


def test_a_pretraining_is_a_row_without_a_value() -> None:
    frame = load(FIXTURES)
    (row,) = frame[frame["key"] == PRETRAIN].to_dict("records")
    assert (row["kind"], row["wall_s"], row["images_per_s"]) == ("pretrain", 156.5, 490.7)
    assert math.isnan(row["value"])


def test_a_preparation_has_no_row_and_its_time_is_that_of_the_pretraining_too(tmp_path: Path) -> None:
    runs = copy_fixtures(tmp_path / "runs")
    before = load(runs)
    write_preparation(runs, {"mutual_information": -0.25}, wall_s=10.5)
    frame = load(runs)
    assert list(frame["key"]) == list(before["key"])
    assert set(frame.loc[frame["key"] == EVALUATE, "pretrain_wall_s"]) == {156.5 + 10.5}
    assert load_scalars(runs).equals(load_scalars(FIXTURES))


def test_an_empty_runs_folder_loads_as_empty_frames(tmp_path: Path) -> None:
    assert list(load(tmp_path).columns) == COLUMNS
    assert load(tmp_path).empty
    assert list(load_scalars(tmp_path).columns) == CURVE_COLUMNS


def test_stale_cells_stay_out_of_the_frame(tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"linear_top1": 0.5}, {"key": "a"})
    write_evaluation(tmp_path, {"linear_top1": 0.6}, {"key": "b"})
    assert list(load(tmp_path, keys=["a"])["value"]) == [0.5]
    assert list(load(tmp_path)["value"]) == [0.6]
    assert load(tmp_path, keys=[]).empty


def test_scalars_are_read_with_nan_where_a_loss_diverged() -> None:
    curves = load_scalars(FIXTURES)
    assert list(curves.columns) == CURVE_COLUMNS
    rows = list(zip(curves["step"], curves["name"], curves["value"].fillna(-1), strict=True))
    assert rows == [
        (10, "contrast", 5.25),
        (10, "reconstruct", 0.5),
        (10, "lr", 0.0003),
        (20, "contrast", 4.75),
        (20, "reconstruct", -1),
        (20, "images_per_s", 491.5),
    ]
    assert set(zip(curves["config"], curves["objective"], curves["seed"], strict=True)) == {("shapes", "mrcl", 0)}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "step,name\n1,a\n",
        "step,name,value\n1.5,a,2\n",
        "step,name,value\n1,a,much\n",
        "step,name,value\n1,a,2,3,4\n",
    ],
)
def test_malformed_scalars_give_one_line_that_names_the_file(tmp_path: Path, content: str) -> None:
    path = copy_fixtures(tmp_path / "runs") / "cells" / PRETRAIN / "scalars.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"step .* name .* value") as raised:
        load_scalars(tmp_path / "runs")
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)
