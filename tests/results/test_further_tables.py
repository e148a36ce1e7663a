"""Positions between floor and ceiling, selection gaps, and what was skipped."""

import csv
import io
import json
import statistics
from collections.abc import Mapping
from pathlib import Path

import pytest
from cell_store import change, write_evaluation, write_failure, write_skip
from table_reading import beside, subjects, texts

from results.statistics.inference import interval, minimum_detectable_effect
from results.store.loading import load
from results.tables.assembly import tables
from results.tables.csv_text import to_csv
from results.tables.layout import Table
from results.tables.markdown import to_markdown

SEEDS = {"random": (0.10, 0.14), "infonce": (0.5, 0.6), "mrcl": (0.05, 0.09), "supervised": (0.8, 0.7)}


def store(runs: Path, values: Mapping[str, tuple[float, ...]], task: str = "shapes") -> None:
    for objective, numbers in values.items():
        for seed, value in enumerate(numbers):
            write_evaluation(runs, {"linear_top1": value}, {"objective": objective, "seed": seed, "task": task})


def lines(runs: Path) -> dict[tuple[str, str], dict[str, str]]:
    rows = csv.DictReader(io.StringIO(to_csv(load(runs), derived=())))
    return {(row["objective"], row["column"]): row for row in rows}


def only(runs: Path) -> Table:
    (table,) = tables(load(runs), derived=())
    return table


def test_a_position_is_that_of_the_means_and_negative_below_the_floor(tmp_path: Path) -> None:
    store(tmp_path, SEEDS)
    floor, ceiling = statistics.fmean(SEEDS["random"]), statistics.fmean(SEEDS["supervised"])
    wanted = {name: (statistics.fmean(values) - floor) / (ceiling - floor) for name, values in SEEDS.items()}
    for name, position in wanted.items():
        row = lines(tmp_path)[name, "shapes linear_top1"]
        assert float(row["position"]) == pytest.approx(position, abs=1e-12)
        assert (float(row["floor"]), float(row["ceiling"])) == pytest.approx((floor, ceiling))
    positions = beside(only(tmp_path), "positions between floor and ceiling")
    assert texts(positions) == [["infonce", f"{100 * wanted['infonce']:.0f}"], ["mrcl", f"{100 * wanted['mrcl']:.0f}"]]
    assert texts(positions)[1][1].startswith("-")
    assert "of the means" in positions.caption


def test_without_a_ceiling_there_is_no_table_of_positions(tmp_path: Path) -> None:
    store(tmp_path, {name: SEEDS[name] for name in ("random", "infonce")})
    assert not {"positions between floor and ceiling", "selection gaps"} & {*subjects(only(tmp_path))}
    row = lines(tmp_path)["infonce", "shapes linear_top1"]
    assert (row["position"], row["ceiling"], row["position_note"]) == ("", "", "")


def test_a_ceiling_that_is_not_above_the_floor_gives_a_note_in_place_of_a_position(tmp_path: Path) -> None:
    store(tmp_path, {"random": (0.3,), "infonce": (0.4,), "supervised": (0.3,)})
    store(tmp_path, {"random": (0.1,), "infonce": (0.4,), "supervised": (0.3,)}, task="other")
    positions = beside(only(tmp_path), "positions between floor and ceiling")
    assert texts(positions) == [["infonce", "150", "[1]"]]
    assert positions.notes == ["no position: supervised, 30.0, is not above random, 30.0"]
    assert "- [1] no position: supervised, 30.0" in to_markdown(only(tmp_path))


def test_a_reference_without_a_number_is_named(tmp_path: Path) -> None:
    store(tmp_path, {"random": (0.3,), "infonce": (0.4,)})
    write_failure(tmp_path, "killed", {"objective": "supervised"})
    positions = beside(only(tmp_path), "positions between floor and ceiling")
    assert (texts(positions), positions.notes) == (
        [["infonce", "[1]"]],
        ["no position: supervised has no number here"],
    )


def test_the_gap_is_what_choosing_on_the_test_data_would_have_gained(tmp_path: Path) -> None:
    for seed, (last, selected, oracle) in enumerate([(0.1, 0.2, 0.25), (0.3, 0.3, 0.33)]):
        key = write_evaluation(tmp_path, {}, {"seed": seed})
        stored = {"last": last, "selected": selected, "oracle": oracle}
        metrics = [
            {"dataset": "shapes", "metric": "linear_top1", "split": "test", "selection": name, "value": value}
            for name, value in stored.items()
        ]
        change(tmp_path / "cells" / key / "cell.json", {"metrics": metrics})
    table = only(tmp_path)
    assert texts(table) == [["infonce", "25.0 ± 7.1"]]
    gaps = beside(table, "selection gaps")
    assert texts(gaps) == [["infonce", "4.0"]]
    row = lines(tmp_path)["infonce", "shapes linear_top1"]
    assert [float(row[name]) for name in ("last", "selected", "oracle", "gap")] == pytest.approx(
        [0.2, 0.25, 0.29, 0.04]
    )


def test_a_task_without_an_oracle_has_no_gap(tmp_path: Path) -> None:
    store(tmp_path, {"infonce": (0.5,)})
    assert not {"positions between floor and ceiling", "selection gaps"} & {*subjects(only(tmp_path))}
    assert lines(tmp_path)["infonce", "shapes linear_top1"]["gap"] == ""


def test_what_was_skipped_is_an_empty_cell_with_the_reason_in_one_footnote(tmp_path: Path) -> None:
    reason = "COCO: data/coco is missing"
    for objective in ("infonce", "mrcl"):
        for seed in range(2):
            fields = {"objective": objective, "seed": seed}
            write_evaluation(tmp_path, {"linear_top1": 0.5}, fields)
            write_skip(tmp_path, reason, {**fields, "task": "coco", "family": "detection"})
    table = only(tmp_path)
    assert table.header == ["objective", "shapes linear_top1", "coco"]
    assert texts(table) == [["infonce", "50.0 ± 0.0 (tie)", "[1]"], ["mrcl", "50.0 ± 0.0 (tie)", "[1]"]]
    assert table.notes == [f"skipped: {reason}"]
    row = lines(tmp_path)["mrcl", "coco"]
    assert (row["mean"], row["n"], row["note"]) == ("", "0", f"skipped: {reason}")


def test_a_seed_that_was_skipped_is_named_beside_those_that_count(tmp_path: Path) -> None:
    store(tmp_path, {"infonce": (0.5, 0.7)})
    write_skip(tmp_path, "no data", {"seed": 2})
    table = only(tmp_path)
    assert texts(table) == [["infonce", "60.0 ± 14.1 (n=2) [1]"]]
    assert table.notes == ["seed 2: skipped: no data"]


def test_cells_from_before_there_were_skips_read_as_they_did(tmp_path: Path) -> None:
    store(tmp_path, {"infonce": (0.5,)})
    (path,) = (tmp_path / "cells").glob("*/cell.json")
    assert json.loads(path.read_text())["status"] == "done"
    assert texts(only(tmp_path)) == [["infonce", "50.0 (n=1)"]]


def test_differences_to_the_reference_are_a_table_of_the_tasks_first_columns(tmp_path: Path) -> None:
    for objective, up in (("infonce", 0.0), ("mrcl", 0.02)):
        for seed in range(3):
            numbers = {"linear_top1": 0.5 + up * seed, "knn_top1": 0.4}
            write_evaluation(tmp_path, numbers, {"objective": objective, "seed": seed})
    found = beside(only(tmp_path), "differences to infonce")
    assert found.header == [
        *("objective", "task", "pairs", "difference", "range of the seeds", "p", "verdict", "t-test MDE"),
    ]
    (row,) = texts(found)
    effect = minimum_detectable_effect([0.0, 0.02, 0.04])
    assert effect is not None
    low, high = interval([0.0, 0.02, 0.04]) or (0, 0)
    assert row == [
        *("mrcl", "shapes linear_top1", "3", "+2.0", f"[{100 * low:+.1f}, {100 * high:+.1f}]"),
        *("0.5", "too few seeds", f"{100 * effect:.1f}"),
    ]
    assert "below 4 seeds it is their range" in found.caption
    assert "the sign-flip test can detect nothing" in found.caption


def test_seeds_that_can_decide_need_no_word_on_what_they_cannot(tmp_path: Path) -> None:
    for objective, up in (("infonce", 0.0), ("mrcl", 0.02)):
        for seed in range(6):
            write_evaluation(tmp_path, {"linear_top1": 0.5 + up * seed}, {"objective": objective, "seed": seed})
    found = beside(only(tmp_path), "differences to infonce")
    assert found.header[4] == "95% bootstrap interval"
    assert "their range" not in found.caption
    assert "detect nothing" not in found.caption


def test_one_seed_has_no_table_of_differences(tmp_path: Path) -> None:
    for objective in ("infonce", "mrcl"):
        write_evaluation(tmp_path, {"linear_top1": 0.5}, {"objective": objective})
    assert "differences to infonce" not in subjects(only(tmp_path))


def test_csv_has_its_first_columns_as_before_and_statistics_and_costs_behind_them(tmp_path: Path) -> None:
    store(tmp_path, {"infonce": (0.5, 0.6, 0.55), "mrcl": (0.6, 0.7, 0.66)})
    (header, *_) = csv.reader(io.StringIO(to_csv(load(tmp_path), derived=())))
    assert header[:25] == [
        *("config", "objective", "column", "task", "family", "dataset", "metric", "split", "selection"),
        *("mean", "std", "n", "seeds", "last", "selected", "oracle", "gap", "confounds", "note"),
        *("floor", "ceiling", "position", "position_note", "reference", "derived"),
    ]
    row = lines(tmp_path)["mrcl", "shapes linear_top1"]
    differences = [0.6 - 0.5, 0.7 - 0.6, 0.66 - 0.55]
    assert float(row["difference"]) == pytest.approx(statistics.fmean(differences))
    assert (float(row["low"]), float(row["high"])) == pytest.approx(interval([0.6, 0.7, 0.66]))
    assert (row["best"], row["pairs"], row["p"], row["verdict"]) == ("tie", "3", "0.25", "too few seeds")
    assert lines(tmp_path)["infonce", "shapes linear_top1"]["pairs"] == ""
