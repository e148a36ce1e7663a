"""What rows cost, and how tables show it."""

import math
import shutil
from pathlib import Path

import pandas as pd
import pytest
from cell_store import EVALUATE, FIXTURES, PRETRAIN, change, write_preparation
from loaded_scores import loaded_scores
from table_reading import beside, subjects, texts

from results.costs import costs
from results.store.cells import read_cell
from results.store.loading import load
from results.tables.assembly import tables

SPENT = {
    "random": {"images": 0, "images_per_s": 0.0, "flops": 0, "wall_s": 0.2, "peak_memory_bytes": 4e8},
    "infonce": {"images": 1000, "images_per_s": 50, "flops": 2e12, "wall_s": 120, "peak_memory_bytes": 1e9},
    "byol": {"images": 1000, "images_per_s": 40, "flops": 3e12, "wall_s": 180, "peak_memory_bytes": 2e9},
}
VALUES = {"random": 0.1, "infonce": 0.5, "byol": 0.6}


@pytest.fixture
def frame() -> pd.DataFrame:
    return loaded_scores({name: {"t": [v, v], "u": [v, v]} for name, v in VALUES.items()}, spent=SPENT)


def test_costs_are_means_over_seeds_with_the_ratio_to_the_reference(frame: pd.DataFrame) -> None:
    second = (frame["objective"] == "byol") & (frame["seed"] == 1) & (frame["kind"] == "pretrain")
    found = costs(frame.assign(wall_s=frame["wall_s"].mask(second, 300.0)))
    assert list(found.index) == ["random", "infonce", "byol"]
    assert found["wall_s"].to_dict() == {"random": 0.2, "infonce": 120, "byol": (180 + 300) / 2}
    assert found["flops_ratio"].to_dict() == {"random": 0, "infonce": 1, "byol": 1.5}
    assert found.loc["infonce", "images"] == 1000
    assert math.isnan(found["images_per_s"]["random"])


def test_evaluations_are_the_sum_over_tasks_of_their_means_over_seeds(frame: pd.DataFrame) -> None:
    first = (frame["objective"] == "infonce") & (frame["task"] == "t") & (frame["seed"] == 0)
    found = costs(frame.assign(wall_s=frame["wall_s"].mask(first, 100.0)))
    assert found["evaluations_s"].to_dict() == {"random": 120, "infonce": (100 + 60) / 2 + 60, "byol": 120}


def test_several_numbers_of_one_evaluation_count_its_time_once(frame: pd.DataFrame) -> None:
    twice = pd.concat([frame, frame[frame["kind"] == "evaluate"].assign(metric="knn")], ignore_index=True)
    assert costs(twice)["evaluations_s"].to_dict() == costs(frame)["evaluations_s"].to_dict()


def test_without_a_reference_there_is_no_ratio(frame: pd.DataFrame) -> None:
    assert costs(frame[frame["objective"] != "infonce"])["flops_ratio"].isna().all()


def test_devices_are_named_and_what_failed_costs_nothing(frame: pd.DataFrame) -> None:
    other = frame.assign(device=frame["device"].mask(frame["seed"] == 1, "cuda"))
    assert costs(other)["devices"].to_dict() == dict.fromkeys(VALUES, "cpu, cuda")
    failed = frame.assign(status=frame["status"].mask(frame["objective"] == "byol", "failed"))
    assert costs(failed).loc["byol"].isna().all()


def test_a_stale_pretraining_counts_only_where_there_is_no_other(frame: pd.DataFrame) -> None:
    old = frame[frame["objective"] == "byol"].assign(stale="code", wall_s=9_000.0)
    assert costs(pd.concat([old, frame]))["wall_s"]["byol"] == 180
    alone = pd.concat([old, frame[frame["objective"] != "byol"]])
    assert costs(alone)["wall_s"]["byol"] == 9_000


def test_the_pretraining_of_an_evaluation_is_counted_with_its_preparation(tmp_path: Path) -> None:
    for key in (PRETRAIN, EVALUATE):
        shutil.copytree(FIXTURES / "cells" / key, tmp_path / "cells" / key)
    write_preparation(tmp_path, {"mutual_information": 0.4}, wall_s=1000.0)
    alone = read_cell(tmp_path / "cells" / PRETRAIN / "cell.json").costs.wall_s
    assert alone is not None
    assert costs(load(tmp_path))["wall_s"].iloc[0] == pytest.approx(alone + 1000)


def test_the_table_of_costs_and_the_last_columns_of_the_main_one_agree(frame: pd.DataFrame) -> None:
    (table,) = tables(frame, derived=())
    assert table.header[-2:] == ["FLOPs x", "pretrain min"]
    assert [row[-2:] for row in texts(table)] == [["0", "0.0"], ["1.00", "2.0"], ["1.50", "3.0"]]
    spent = beside(table, "costs")
    assert spent.header[1:] == [
        *("images", "images/s", "FLOPs", "FLOPs x", "pretrain min", "evaluate min", "peak memory GB", "device"),
    ]
    assert texts(spent)[0] == ["random (floor)", "0", "", "0", "0", "0.0", "2.0", "0.40", "cpu"]
    assert texts(spent)[2] == ["byol", "1,000", "40", "3.00e+12", "1.50", "3.0", "2.0", "2.00", "cpu"]


def test_what_was_not_measured_has_no_column(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "cells" / EVALUATE, tmp_path / "cells" / EVALUATE)
    path = tmp_path / "cells" / EVALUATE / "cell.json"
    unmeasured = dict.fromkeys(("wall_s", "images", "images_per_s", "peak_memory_bytes", "parameters"))
    change(path, {"costs": unmeasured})
    (table,) = tables(load(tmp_path), derived=())
    assert "costs" not in subjects(table)
    assert not {"FLOPs x", "pretrain min"} & {*table.header}
