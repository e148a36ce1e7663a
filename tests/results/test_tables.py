import csv
import io
import math
import statistics
from itertools import pairwise
from pathlib import Path

import pytest
from cell_store import FAILED, FIXTURES, PRETRAIN, change, copy_fixtures, write_evaluation, write_failure
from markdown_it import MarkdownIt
from rich.console import Console
from table_reading import texts

from results.comparison import columns, comparison, primary, scores
from results.order import objective_label, objective_order
from results.store.loading import load
from results.tables.assembly import tables
from results.tables.csv_text import to_csv
from results.tables.markdown import to_markdown
from results.tables.terminal import to_terminal
from results.tables.writing import write_tables

VALUES = {
    "random": [0.101, 0.125, 0.113],
    "infonce": [0.512, 0.499, 0.541],
    "mrcl": [0.533, 0.548, 0.526],
    "supervised": [0.8, 0.81, 0.79],
}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Four objectives x three seeds of one task; mrcl failed on the second seed of another."""
    for objective, values in VALUES.items():
        for seed, value in enumerate(values):
            write_evaluation(tmp_path, {"linear_top1": value}, {"objective": objective, "seed": seed})
    detection = {"objective": "mrcl", "task": "voc", "family": "detection"}
    write_evaluation(tmp_path, {"AP50": 0.4}, {**detection, "seed": 0})
    write_failure(tmp_path, "loss is nan | step 7", {**detection, "seed": 1})
    write_evaluation(tmp_path, {"AP50": 0.5}, {**detection, "seed": 2})
    return tmp_path


def parse(markdown: str) -> list[list[str]]:
    """Cells of the first table, through an independent Markdown parser."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    rows: list[list[str]] = []
    for before, token in pairwise(tokens):
        if before.type == "table_close":
            break
        if before.type == "tr_open":
            rows.append([])
        if before.type in ("th_open", "td_open"):
            rows[-1].append("".join(child.content for child in token.children or []))
    return rows


def test_objectives_stand_in_order_from_floor_to_ceiling() -> None:
    names = ["supervised", "zeta", "infonce", "alpha", "random", "alpha"]
    assert objective_order(names) == ["random", "infonce", "alpha", "zeta", "supervised"]


def test_floor_ceiling_and_derived_objectives_are_labelled() -> None:
    labels = [objective_label(name, derived={"mrcl"}) for name in ("random", "infonce", "mrcl", "supervised")]
    assert labels == ["random (floor)", "infonce", "mrcl (derived)", "supervised (ceiling)"]


def test_mean_and_std_agree_with_the_statistics_module(runs: Path) -> None:
    rows = {(row["objective"], row["column"]): row for row in comparison(load(runs)).to_dict("records")}
    for objective, values in VALUES.items():
        row = rows[objective, "shapes linear_top1"]
        assert row["mean"] == pytest.approx(statistics.fmean(values), abs=1e-15)
        assert row["std"] == pytest.approx(statistics.stdev(values), abs=1e-15)
        assert (row["n"], row["seeds"], row["note"]) == (3, 3, "")


def test_markdown_parses_back_to_the_same_values(runs: Path) -> None:
    (table,) = tables(load(runs), derived={"mrcl"})
    header, *rows = parse(to_markdown(table))
    assert header == ["objective", "shapes linear_top1", "voc AP50"]
    assert [row[0] for row in rows] == ["random (floor)", "infonce", "mrcl (derived)", "supervised (ceiling)"]
    for row, values in zip(rows, VALUES.values(), strict=True):
        mean, std = map(float, row[1].removesuffix(" (tie)").split(" ± "))
        assert mean == pytest.approx(100 * statistics.fmean(values), abs=0.0501)
        assert std == pytest.approx(100 * statistics.stdev(values), abs=0.0501)


def test_a_failed_seed_is_left_out_of_the_mean_and_said_in_a_footnote(runs: Path) -> None:
    (table,) = tables(load(runs), derived=())
    shown = {row[0]: row[2] for row in texts(table)}
    assert shown["mrcl"] == "45.0 ± 7.1 (n=2) [2]"
    assert shown["infonce"] == "[1]"
    assert table.notes == ["seeds 0, 1, 2: not run", "seed 1: loss is nan | step 7"]
    assert "- [2] seed 1: loss is nan \\| step 7" in to_markdown(table).splitlines()


def test_a_failed_cell_is_empty_with_its_reason_and_never_zero(tmp_path: Path) -> None:
    write_failure(tmp_path, "killed", {"seed": 0})
    (table,) = tables(load(tmp_path), derived=())
    assert (table.header, texts(table)) == (["objective", "shapes"], [["infonce", "[1]"]])
    assert table.notes == ["seed 0: killed"]
    (row,) = csv.DictReader(io.StringIO(to_csv(load(tmp_path), derived=())))
    assert (row["mean"], row["std"], row["n"], row["note"]) == ("", "", "0", "seed 0: killed")


def test_a_failed_pretraining_is_the_reason_of_everything_behind_it(tmp_path: Path) -> None:
    path = copy_fixtures(tmp_path / "runs") / "cells" / PRETRAIN / "cell.json"
    change(path, {"status": "failed", "reason": "loss is nan at step 7", "objective": "superinfo"})
    (table,) = tables(load(tmp_path / "runs"), derived=())
    row = next(row for row in texts(table) if row[0] == "superinfo")
    assert len(set(row[1:4])) == 1
    assert "seed 0: pretraining failed: loss is nan at step 7" in table.notes


def test_a_folder_with_nothing_but_failed_pretrainings_still_gives_its_reasons(tmp_path: Path) -> None:
    runs = copy_fixtures(tmp_path / "runs")
    for key in (runs / "cells").iterdir():
        if key.name != PRETRAIN:
            (key / "cell.json").unlink()
    change(runs / "cells" / PRETRAIN / "cell.json", {"status": "failed", "reason": "out of memory"})
    (table,) = tables(load(runs), derived=())
    assert texts(table) == [["mrcl", "[1]"]]
    assert table.notes == ["seed 0: pretraining failed: out of memory"]


def test_one_seed_has_no_spread(tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"linear_top1": 0.6249}, {})
    (table,) = tables(load(tmp_path), derived=())
    assert texts(table) == [["infonce", "62.5 (n=1)"]]
    assert "one seed, so no spread" in table.caption


def test_the_number_chosen_on_validation_data_counts_and_the_last_one_where_none_was_chosen(tmp_path: Path) -> None:
    numbers = [("last", "test", 0.1), ("oracle", "test", 0.3), ("selected", "val", 0.9), ("selected", "test", 0.2)]
    for task, family, stored in (("shapes", "classification", 4), ("voc", "detection", 2)):
        key = write_evaluation(tmp_path, {}, {"task": task, "family": family})
        metrics = [
            {"dataset": task, "metric": "score", "split": split, "selection": selection, "value": value}
            for selection, split, value in numbers[:stored]
        ]
        change(tmp_path / "cells" / key / "cell.json", {"metrics": metrics})
    shown = comparison(load(tmp_path)).set_index("column")
    assert shown["mean"].to_dict() == {"shapes score": 0.2, "voc score": 0.1}
    assert shown["selection"].to_dict() == {"shapes score": "selected", "voc score": "last"}
    assert shown["last"].to_dict() == {"shapes score": 0.1, "voc score": 0.1}
    assert shown["oracle"].to_dict() == {"shapes score": 0.3, "voc score": 0.3}
    assert shown["gap"].to_dict() == pytest.approx({"shapes score": 0.1, "voc score": math.nan}, nan_ok=True)


def test_a_number_on_validation_data_says_so_in_its_column(tmp_path: Path) -> None:
    key = write_evaluation(tmp_path, {}, {})
    metric = {"dataset": "COCO", "metric": "AP", "split": "val", "selection": "last", "value": 0.25}
    change(tmp_path / "cells" / key / "cell.json", {"metrics": [metric]})
    (table,) = tables(load(tmp_path), derived=())
    assert table.header == ["objective", "COCO AP (val)"]


def test_two_tasks_with_the_same_data_set_and_metric_keep_columns_of_their_own(tmp_path: Path) -> None:
    for task, value in (("frozen", 0.25), ("tuned", 0.75)):
        key = write_evaluation(tmp_path, {}, {"task": task})
        metric = {"dataset": "COCO", "metric": "AP", "split": "test", "selection": "last", "value": value}
        change(tmp_path / "cells" / key / "cell.json", {"metrics": [metric]})
    (table,) = tables(load(tmp_path), derived=())
    assert table.header == ["objective", "COCO AP (frozen)", "COCO AP (tuned)"]
    assert texts(table) == [["infonce", "25.0 (n=1)", "75.0 (n=1)"]]


def test_a_task_is_represented_by_its_first_fraction_in_the_order_of_tables(tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"knn_top1": 0.4, "linear_top1": 0.5, "latency_s": 7.0}, {"task": "shapes"})
    write_evaluation(tmp_path, {"AP50": 0.4, "AP": 0.2}, {"task": "voc", "family": "detection"})
    write_evaluation(tmp_path, {"latency_s": 7.0}, {"task": "speed"})
    frame = load(tmp_path)
    assert primary(columns(frame)) == ["shapes linear_top1", "voc AP"]
    numbers = scores(frame)
    assert list(numbers.loc[numbers["primary"], "column"]) == ["shapes linear_top1", "voc AP"]


def test_every_config_has_a_table_of_its_own_with_its_own_seeds(tmp_path: Path) -> None:
    for seed in range(3):
        write_evaluation(tmp_path, {"linear_top1": 0.5}, {"config": "shapes", "seed": seed})
    write_evaluation(tmp_path, {"linear_top1": 0.25}, {"config": "a/b c", "key": "k"})
    written = write_tables(load(tmp_path), out=tmp_path / "out", derived=())
    names = [f"{config}-table.{suffix}" for config in ("a-b-c", "shapes") for suffix in ("md", "csv", "tex")]
    assert [path.name for path in written] == names
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
    assert [parse(path.read_text())[1][1] for path in written[::3]] == ["25.0 (n=1)", "50.0 ± 0.0"]


def test_csv_holds_fractions_at_full_precision(runs: Path) -> None:
    rows = {
        (row["objective"], row["column"]): row
        for row in csv.DictReader(io.StringIO(to_csv(load(runs), derived=["mrcl"])))
    }
    row = rows["mrcl", "shapes linear_top1"]
    assert float(row["mean"]) == pytest.approx(statistics.fmean(VALUES["mrcl"]), abs=1e-15)
    assert (row["n"], row["seeds"], row["derived"], row["reference"]) == ("3", "3", "True", "")
    assert rows["random", "voc AP50"]["reference"] == "floor"
    assert len(rows) == 4 * 2


def test_an_empty_store_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^table: at least one stored result is expected, got none$"):
        write_tables(load(tmp_path), out=tmp_path / "out", derived=())
    assert not (tmp_path / "out").exists()


def test_markup_in_names_is_shown_as_it_stands(tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"linear_top1": 0.5}, {"objective": "a|<b>[red]", "key": "k"})
    (table,) = tables(load(tmp_path), derived=())
    assert parse(to_markdown(table))[1] == ["a|<b>[red]", "50.0 (n=1)"]
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as captured:
        console.print(to_terminal(table, width=80))
    assert "a|<b>[red]" in captured.get()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_terminal_shows_every_number_uncut_at_any_width(runs: Path, width: int) -> None:
    (table,) = tables(load(runs), derived={"mrcl"})
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        console.print(to_terminal(table, width=width))
    lines = captured.get().splitlines()
    assert table.further
    shown = [table, *table.further]
    words = [word for each in shown for label in each.header for word in label.split()]
    for cell in [
        *words,
        *(cell for each in shown for row in each.rows for entry in row for cell in (entry.text, entry.marks)),
    ]:
        assert any(cell in line for line in lines)
    assert max(map(len, lines)) <= width


def test_the_fixtures_of_schema_1_give_a_table() -> None:
    (table,) = tables(load(FIXTURES), derived={"mrcl"})
    assert table.header == ["objective", "shapes linear_top1", "shapes knn_top1", "voc", "pretrain min"]
    assert texts(table) == [["mrcl (derived)", "62.5 (n=1)", "50.0 (n=1)", "[1]", "2.6"]]
    assert table.notes == [f"seed 0: {load(FIXTURES).set_index('key').loc[FAILED, 'reason']}"]
