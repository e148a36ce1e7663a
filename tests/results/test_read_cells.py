import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cell_store import (
    EVALUATE,
    FAILED,
    FIXTURES,
    PRETRAIN,
    change,
    copy_fixtures,
    write_evaluation,
    write_preparation,
    write_skip,
)

from results.store.cells import read_cell, read_cells
from results.store.current import current
from results.store.loading import load


def test_a_schema_1_evaluation_is_read_field_by_field() -> None:
    cell = read_cell(FIXTURES / "cells" / EVALUATE / "cell.json")
    assert (cell.key, cell.kind, cell.status) == (EVALUATE, "evaluate", "done")
    assert (cell.config, cell.objective, cell.seed) == ("shapes", "mrcl", 0)
    assert (cell.task, cell.family, cell.upstream) == ("shapes", "classification", PRETRAIN)
    assert [(s.metric, s.split, s.selection, s.value) for s in cell.scores] == [
        ("linear_top1", "test", "selected", 0.625),
        ("linear_top1", "test", "oracle", 0.6875),
        ("linear_top1", "val", "selected", 0.75),
        ("knn_top1", "test", "selected", 0.5),
    ]
    assert (cell.costs.wall_s, cell.costs.images, cell.costs.parameters) == (12.25, 2000, 2570)
    assert cell.environment.created == datetime(2030, 1, 31, 12, 5, tzinfo=timezone.utc)
    assert cell.reason is None


def test_a_failed_cell_may_lack_costs_and_has_a_reason() -> None:
    cell = read_cell(FIXTURES / "cells" / FAILED / "cell.json")
    assert cell.costs.wall_s is None
    assert cell.scores == ()
    assert cell.reason == "killed by signal 9 (out of memory?)"


def test_a_skipped_evaluation_has_a_reason_and_neither_numbers_nor_costs(tmp_path: Path) -> None:
    cell = read_cell(tmp_path / "cells" / write_skip(tmp_path, "no data", {}) / "cell.json")
    assert (cell.status, cell.reason, cell.scores, cell.costs.wall_s) == ("skipped", "no data", (), None)


def test_only_an_evaluation_is_skipped(tmp_path: Path) -> None:
    path = copy_fixtures(tmp_path / "runs") / "cells" / PRETRAIN / "cell.json"
    change(path, {"status": "skipped", "reason": "why"})
    with pytest.raises(ValueError, match=r"status must be 'done' or 'failed' in a cell of kind 'pretrain'"):
        read_cell(path)


def test_a_preparation_has_findings_which_may_be_negative_and_no_scores(tmp_path: Path) -> None:
    runs = copy_fixtures(tmp_path / "runs")
    key = write_preparation(runs, {"mutual_information": -0.25, "cross_entropy": 2.0}, wall_s=1.0)
    cell = read_cell(runs / "cells" / key / "cell.json")
    assert cell.findings == {"mutual_information": -0.25, "cross_entropy": 2.0}
    assert (cell.kind, cell.scores, cell.upstream) == ("prepare", (), None)
    assert read_cell(runs / "cells" / PRETRAIN / "cell.json").upstream == key
    assert {each.key for each in current(read_cells(runs), keys=None)} >= {key, PRETRAIN}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": []}, "metrics must be filled in a done cell of kind 'prepare', got []"),
        ({"upstream": "other"}, "upstream must be null in a cell of kind 'prepare', got \"other\""),
        ({"metrics": [{"metric": "a", "value": None}]}, "metrics[0].value must be a finite number, got null"),
    ],
)
def test_a_malformed_preparation_gives_one_line(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    runs = copy_fixtures(tmp_path / "runs")
    path = runs / "cells" / write_preparation(runs, {"mutual_information": 0.5}, wall_s=1.0) / "cell.json"
    change(path, changes)
    with pytest.raises(ValueError, match="must be") as raised:
        read_cell(path)
    assert str(raised.value) == f"{path}: {message}"


def test_a_folder_without_cell_json_is_no_result(tmp_path: Path) -> None:
    runs = copy_fixtures(tmp_path / "runs")
    (runs / "cells" / "unfinished").mkdir()
    (runs / "cells" / "unfinished" / "cell.json.tmp").write_text("{")
    assert [cell.key for cell in read_cells(runs)] == sorted([PRETRAIN, EVALUATE, FAILED])


def test_a_missing_runs_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^runs: a folder .* got .*nowhere$"):
        read_cells(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 3}, "schema must be 1 or 2, got 3"),
        ({"schema": True}, "schema must be a whole number >= 0, got true"),
        ({"key": "another"}, f"key must be the name of its folder, '{EVALUATE}', got \"another\""),
        ({"kind": "train"}, "kind must be 'prepare' or 'pretrain' or 'evaluate', got \"train\""),
        ({"status": None}, "status must be 'done' or 'failed' or 'skipped', got null"),
        ({"seed": "0"}, 'seed must be a whole number >= 0, got "0"'),
        ({"seed": -1}, "seed must be a whole number >= 0, got -1"),
        ({"task": None}, "task must be a string in a cell of kind 'evaluate', got null"),
        ({"kind": "pretrain"}, "task must be null in a cell of kind 'pretrain', got \"shapes\""),
        ({"upstream": 3}, "upstream must be a string, got 3"),
        ({"metrics": {}}, "metrics must be a list of objects, got {}"),
        ({"metrics": []}, "metrics must be filled in a done cell of kind 'evaluate', got []"),
        ({"metrics": [3]}, "metrics must be a list of objects, got [3]"),
        ({"metrics": [{"dataset": "d"}]}, "metrics[0].metric must be a string, got nothing"),
        ({"costs": {}}, "costs.wall_s must be a finite number >= 0, got nothing"),
        ({"environment": []}, "environment must be an object, got []"),
        ({"status": "failed"}, "reason must be one line in a cell of status 'failed', got null"),
        ({"status": "skipped", "metrics": []}, "reason must be one line in a cell of status 'skipped', got null"),
        ({"status": "skipped", "reason": "why"}, "metrics must be empty in a skipped cell of kind 'evaluate', got [{"),
        ({"reason": "why"}, "reason must be null in a cell of status 'done', got \"why\""),
    ],
)
def test_a_malformed_field_gives_one_line_that_names_file_and_field(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = copy_fixtures(tmp_path / "runs") / "cells" / EVALUATE / "cell.json"
    change(path, changes)
    with pytest.raises(ValueError, match=r"cell\.json") as raised:
        read_cells(tmp_path / "runs")
    assert str(raised.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("value", "got"), [("41.2", "41.2"), ("-0.1", "-0.1"), ("NaN", "NaN"), ("1e999", "Infinity"), ("true", "true")]
)
def test_a_score_that_is_no_fraction_is_refused(tmp_path: Path, value: str, got: str) -> None:
    path = copy_fixtures(tmp_path / "runs") / "cells" / EVALUATE / "cell.json"
    path.write_text(path.read_text().replace("0.625", value))
    with pytest.raises(ValueError, match=r"metrics\[0\]\.value must be a f") as raised:
        read_cell(path)
    assert str(raised.value).endswith(f"got {got}")


def test_a_score_given_twice_is_refused(tmp_path: Path) -> None:
    path = copy_fixtures(tmp_path / "runs") / "cells" / EVALUATE / "cell.json"
    metrics = json.loads(path.read_text())["metrics"]
    change(path, {"metrics": [*metrics, metrics[0]]})
    with pytest.raises(ValueError, match="one value per dataset, metric, split and selection"):
        read_cell(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"schema": 1, ', b"[" * 100_000])
def test_a_file_that_is_no_json_object_gives_one_line_that_names_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cells" / "k" / "cell.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="a JSON object is expected") as raised:
        read_cells(tmp_path)
    assert str(raised.value).startswith(str(path))
    assert "\n" not in str(raised.value)


def test_the_newest_cell_counts_also_across_time_zones(tmp_path: Path) -> None:
    environment = read_cell(FIXTURES / "cells" / EVALUATE / "cell.json").environment
    base = {**vars(environment)}
    for key, created in (("old", "2030-01-01T23:30:00+00:00"), ("new", "2030-01-01T23:00:00-01:00")):
        write_evaluation(tmp_path, {"linear_top1": 0.5}, {"key": key, "environment": {**base, "created": created}})
    assert [cell.key for cell in current(read_cells(tmp_path), keys=None)] == ["new"]


def test_given_keys_decide_which_cells_count(tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"linear_top1": 0.5}, {"key": "a"})
    write_evaluation(tmp_path, {"linear_top1": 0.6}, {"key": "b"})
    write_evaluation(tmp_path, {"linear_top1": 0.7}, {"key": "c", "seed": 1, "inputs": {"lr": 0.1, "seed": 1}})
    cells = read_cells(tmp_path)
    assert [cell.key for cell in current(cells, keys={"a"})] == ["a"]
    assert [cell.key for cell in current(cells, keys={"c", "unknown"})] == ["c"]
    write_evaluation(tmp_path, {"linear_top1": 0.7}, {"key": "d", "seed": 1})
    assert [cell.key for cell in current(read_cells(tmp_path), keys=None)] == ["b", "d"]


def test_another_seed_of_a_wanted_recipe_counts_wherever_it_was_computed(tmp_path: Path) -> None:
    for key, seed, lr in (("a", 0, 0.1), ("b", 1, 0.1), ("c", 2, 0.2)):
        changes = {"key": key, "seed": seed, "inputs": {"lr": lr, "seed": seed}}
        write_evaluation(tmp_path, {"linear_top1": 0.5}, changes)
    assert [cell.key for cell in current(read_cells(tmp_path), keys={"a"})] == ["a", "b"]


def test_stale_cells_stand_in_only_where_a_row_has_nothing_else_and_never_two_recipes_of_them(tmp_path: Path) -> None:
    def write(key: str, seed: int, lr: float, minute: int, objective: str = "infonce") -> None:
        environment = {"device": "cpu", "commit": "", "packages": {}, "python": "3", "threads": 1}
        environment |= {"created": f"2030-01-31T12:{minute:02}:00+00:00"}
        changes = {"key": key, "seed": seed, "objective": objective, "inputs": {"lr": lr, "seed": seed}}
        write_evaluation(tmp_path, {"linear_top1": 0.5}, {**changes, "environment": environment})

    write("a", 0, 0.1, 1)
    write("b", 1, 0.1, 2)
    write("c", 1, 0.2, 3)  # newer, of another recipe
    write("d", 0, 0.1, 4, objective="mrcl")
    write("e", 0, 0.2, 5, objective="mrcl")
    cells = read_cells(tmp_path)
    assert [cell.key for cell in current(cells, keys={"d"}, stale={"a", "b", "c", "e"})] == ["c", "d"]
    assert [cell.key for cell in current(cells, keys={"d"}, stale={"a", "b", "e"})] == ["a", "b", "d"]
    assert [cell.key for cell in current(cells, keys={"d"})] == ["d"]


def test_names_with_different_lone_surrogates_stay_two_that_any_file_takes(tmp_path: Path) -> None:
    for place, name in enumerate(("half \ud83c", "half \udf89", "whole \ud83c\udf89")):
        write_evaluation(tmp_path, {"linear_top1": 0.1 * place}, {"objective": name, "key": f"cell-{place}"})
    frame = load(tmp_path)
    means = frame.groupby("objective")["value"].mean().to_dict()
    assert means == pytest.approx({"half \\ud83c": 0.0, "half \\udf89": 0.1, "whole \N{PARTY POPPER}": 0.2})
