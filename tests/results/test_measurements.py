"""Numbers that are no scores: they are stored and shown, and nothing is decided by them."""

import csv
import io
import json
from pathlib import Path

import pytest
from cell_store import PRETRAIN, change, copy_fixtures, write_evaluation
from probed_store import ENTROPIES, SHARED, probes, write_known, write_probed
from report_store import Page, write_page
from table_reading import beside, subjects

from results.comparison import columns, primary, scores
from results.costs import costs
from results.figures.material import materials
from results.known import known_of_views, shared_factors
from results.report.quantities import score
from results.statistics.words import in_words
from results.store.cells import read_cells
from results.store.loading import load, load_scalars
from results.store.units import allowed, is_detail, is_score, unit
from results.sweeps import Sweep, choose
from results.tables.assembly import tables
from results.tables.csv_text import to_csv

MEASURED = {"alignment_squared": 3.5, "uniformity_nats": -1.3, "rankme_dims": 17.25, "spread": 0.9}


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("rankme_dims", "dims"), ("alignment_squared", "squared"), ("linear_x_nats", "nats"), ("linear_top1", "")],
)
def test_the_end_of_a_name_is_its_unit(metric: str, expected: str) -> None:
    assert unit(metric) == expected
    assert allowed(metric, 3.5) == bool(expected)


def test_what_has_a_unit_or_is_of_one_factor_or_was_measured_without_labels_is_no_score() -> None:
    assert is_score("linear_top1", family="classification")
    assert not is_score("mutual_information_nats", family="classification")
    found = {name for name in probes("infonce", seed=0) if is_score(name, family="factors")}
    assert found == {
        *("linear_retention", "linear_retention_shared", "linear_retention_non_shared"),
        *("mlp_retention", "mlp_retention_shared", "mlp_retention_non_shared"),
    }
    assert not [name for name in MEASURED if is_score(name, family="representation")]
    assert all(is_detail(name, family="representation") for name in (*MEASURED, "infonce_saturated"))


def test_a_task_of_measurements_has_no_primary_column_and_one_of_factors_its_linear_retention(tmp_path: Path) -> None:
    frame = load(write_probed(tmp_path, rows=("infonce",), seeds=(0,)))
    assert primary(columns(frame)) == ["shapes linear_top1", "factors linear_retention"]


def test_measurements_have_no_position_difference_or_lead_in_the_csv(tmp_path: Path) -> None:
    frame = load(write_probed(tmp_path, seeds=(0, 1)))
    lines = list(csv.DictReader(io.StringIO(to_csv(frame, derived=()))))
    details = [line for line in lines if line["metric"] in (*MEASURED, "linear_shape_top1", "linear_shape_nats")]
    assert {line["metric"] for line in details} == {*MEASURED, "linear_shape_top1", "linear_shape_nats"}
    fields = ("position", "position_note", "floor", "ceiling", "best", "difference", "p", "verdict")
    assert {line[field] for line in details for field in fields} == {""}
    assert all(line["mean"] for line in details)
    (kept,) = [line for line in lines if (line["objective"], line["metric"]) == ("infocl", "linear_retention")]
    assert float(kept["difference"]) == pytest.approx(0.1)
    assert 0 < float(kept["position"]) < 1


def test_the_main_table_has_the_retentions_and_no_further_number_of_the_two_families(tmp_path: Path) -> None:
    (table,) = tables(load(write_probed(tmp_path, rows=("infonce", "mrcl"), seeds=(0, 1))), derived=())
    assert [label.removeprefix("factors ") for label in table.header[2:8]] == [
        *("linear_retention", "linear_retention_shared", "linear_retention_non_shared"),
        *("mlp_retention", "mlp_retention_shared", "mlp_retention_non_shared"),
    ]
    assert table.header[8:] == ["pretrain min"]
    assert "uniformity" not in table.caption
    assert "selection gaps" not in subjects(table)


def test_a_task_of_measurements_that_failed_is_a_column_with_the_reason(tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"linear_top1": 0.5}, {})
    place = {"task": "representation", "family": "representation"}
    write_evaluation(tmp_path, {}, {**place, "status": "failed", "reason": "killed"})
    (table,) = tables(load(tmp_path), derived=())
    assert table.header[:3] == ["objective", "shapes linear_top1", "representation"]
    assert table.notes == ["seed 0: killed"]


def test_a_config_of_measurements_alone_has_a_table_of_them(tmp_path: Path) -> None:
    write_evaluation(tmp_path, MEASURED, {"task": "representation", "family": "representation"})
    (table,) = tables(load(tmp_path), derived=())
    assert table.header == ["objective"]
    assert subjects(table)[0] == "label-free quality"


def test_figures_show_scores_alone(tmp_path: Path) -> None:
    runs = write_probed(tmp_path, rows=("infonce", "mrcl"), seeds=(0,))
    (found,) = materials(load(runs), load_scalars(runs), sweeps=(), derived=())
    assert {column.metric for column in found.columns} == {
        "linear_top1",
        *(f"{probe}_retention{end}" for probe in ("linear", "mlp") for end in ("", "_shared", "_non_shared")),
    }
    assert set(found.numbers["column"]) == {column.label for column in found.columns}


def test_sentences_are_about_scores(tmp_path: Path) -> None:
    runs = write_probed(tmp_path, rows=("infonce", "mrcl"), seeds=(0, 1))
    write_evaluation(runs, {"linear_top1": 0.5}, {"objective": "byol"})
    said = " ".join(in_words(load(runs)))
    assert "factors linear_retention (+5.0 [" in said
    assert not [name for name in ("_squared", "_dims", "_saturated", "linear_shape_top1", "_nats") if name in said]


def test_a_sweep_is_chosen_by_retention_where_nothing_comes_before_it_and_never_by_a_measurement(
    tmp_path: Path,
) -> None:
    rows = {"weight=0.1": ({"linear_retention": 0.6, "linear_x_nats": 0.1}, 0.9), "weight=1": ({}, 0.1)}
    for objective, (_, other) in rows.items():
        retention = 0.6 if objective == "weight=0.1" else 0.5
        values = {"linear_retention": retention, "linear_x_nats": 1 - retention, "linear_x_top1": other / 2}
        key = write_evaluation(tmp_path, values, {"objective": objective, "task": "factors", "family": "factors"})
        path = tmp_path / "cells" / key / "cell.json"
        metrics = json.loads(path.read_text())["metrics"]
        change(path, {"metrics": [*metrics, *({**metric, "split": "val"} for metric in metrics)]})
    sweep = Sweep("shapes", "mrcl", ("arguments.weight",), {"weight=0.1": (0.1,), "weight=1": (1.0,)})
    choice = choose(load(tmp_path), sweep)
    assert (choice.row, choice.metric, choice.val, choice.test) == ("weight=0.1", "linear_retention", 0.6, 0.6)


def test_what_is_known_of_views_is_kept_with_the_pretraining_and_changes_no_score_or_cost(tmp_path: Path) -> None:
    bare, told = tmp_path / "bare", tmp_path / "told"
    for runs, shared in ((bare, None), (told, SHARED)):
        above = write_known(runs, "infonce", seed=0, shared=shared)
        write_evaluation(runs, {"linear_top1": 0.5}, {"upstream": above})
    without, frame = load(bare), load(told)
    assert scores(frame).equals(scores(without))
    assert costs(frame).equals(costs(without))
    assert known_of_views(without) == {}
    known = known_of_views(frame)["infonce"]
    assert known["known_shared_nats"] == pytest.approx(sum(ENTROPIES[name] for name in SHARED))
    assert shared_factors(frame) == {"infonce": SHARED}
    assert shared_factors(without) == {}
    assert "information plane" not in subjects(*tables(without, derived=()))
    (table,) = tables(frame, derived=())
    (row,) = beside(table, "information plane").rows
    assert [entry.text for entry in row] == ["infonce", "5.55", "9.46"]


@pytest.mark.parametrize(
    ("kind", "split", "message"),
    [
        ("pretrain", "test", "metrics must be of split 'train' in a cell of kind 'pretrain', got [{"),
        ("evaluate", "train", "metrics must be of split 'test' or 'val' in a cell of kind 'evaluate', got [{"),
    ],
)
def test_numbers_of_the_wrong_split_are_refused(tmp_path: Path, kind: str, split: str, message: str) -> None:
    runs = copy_fixtures(tmp_path / "runs")
    key = PRETRAIN if kind == "pretrain" else write_evaluation(runs, {"linear_top1": 0.5}, {})
    path = runs / "cells" / key / "cell.json"
    number = {"dataset": "views", "metric": "known_x_nats", "split": split, "selection": "last", "value": 1.0}
    change(path, {"metrics": [number]})
    with pytest.raises(ValueError, match="of split") as raised:
        read_cells(runs)
    assert str(raised.value).startswith(f"{path}: {message}")


def test_a_number_is_written_with_its_unit_and_no_percent() -> None:
    assert score("uniformity_nats", -1.3, digits=2) == "-1.3 nats"
    assert score("rankme_dims", 17.25, digits=2) == "17.25 dims"
    assert score("alignment_squared", 0.5, digits=2) == "0.5 squared distance"
    assert [score("infonce_saturated", value, digits=2) for value in (0.0, 1.0)] == ["no", "yes"]
    assert score("spread", 0.9, digits=2) == "90.00"


def test_the_page_lists_measurements_and_known_values_with_their_units(tmp_path: Path) -> None:
    page = Page(write_page(write_probed(tmp_path / "runs", seeds=(0, 1)), tmp_path / "report.html", stale={}))
    rows = [row for row in page.rows("numbers-table")[1:] if row[0] == "infocl" and row[1] == "0"]
    values = {(row[2], row[4]): row[7] for row in rows}
    assert values["representation", "uniformity_nats"] == "-1.9 nats"
    assert values["representation", "infonce_saturated"] == "yes"
    assert values["pretraining", "known_shared_nats"] == "5.545 nats"
    options = [element.text for element in page.all("option")]
    assert options.count("linear_retention") == 2
    assert options.count("linear_shape_nats") == 1  # of the long list alone
    titles = [element.text.strip() for element in page.all("summary")]
    assert {"factors in nats", "label-free quality", "information plane"} <= set(titles)
