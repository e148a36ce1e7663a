"""Views: rows that had more pretraining than the reference show no numbers."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest
from loaded_scores import loaded_scores
from table_reading import beside, texts

from results.tables.assembly import tables
from results.tables.csv_text import to_csv
from results.tables.writing import tables_text, write_tables

IMAGES = {"random": 0, "infonce": 1000, "byol": 1000, "mrcl": 2000, "supervised": 1049, "imported": float("nan")}
FLOPS = {"random": 0, "infonce": 1e12, "byol": 1.34e12, "mrcl": 0.96e12, "supervised": 0.5e12, "imported": float("nan")}


def made(images: Mapping[str, float] = IMAGES, flops: Mapping[str, float] = FLOPS) -> pd.DataFrame:
    spent = {name: {"images": images[name], "flops": flops[name], "wall_s": 90.0} for name in images}
    values = {name: {"t": [0.1 * place, 0.1 * place + 0.02]} for place, name in enumerate(images, start=1)}
    return loaded_scores(values, spent=spent)


def shown(view: str | None) -> dict[str, str]:
    (table,) = tables(made(), derived=(), view=view)
    return {name: row[1].text for name, row in zip(table.objectives, table.rows, strict=True)}


def test_without_a_view_every_row_has_numbers() -> None:
    assert all(shown(None).values())


def test_equal_epochs_keeps_rows_within_a_twentieth_of_the_references_images_and_those_that_train_nothing() -> None:
    assert {name for name, text in shown("equal-epochs").items() if text} == {"random", "infonce", "byol", "supervised"}


def test_equal_compute_keeps_rows_within_a_twentieth_of_the_references_operations() -> None:
    assert {name for name, text in shown("equal-compute").items() if text} == {"random", "infonce", "mrcl"}


def test_the_footnote_has_the_ratio_and_the_command_and_the_caption_names_the_view() -> None:
    (table,) = tables(made(), derived=(), view="equal-compute")
    row = table.rows[table.objectives.index("byol")]
    assert table.notes[row[1].notes[0] - 1] == (
        "1.34 x infonce's FLOPs; make bench BUDGET=flops computes it at equal compute"
    )
    assert "View equal-compute: rows whose FLOPs are more than 5% off" in table.caption
    imported = table.rows[table.objectives.index("imported")]
    assert "not known" in table.notes[imported[1].notes[0] - 1]


def test_rows_that_the_view_leaves_out_are_in_no_test_but_their_costs_are_shown() -> None:
    (table,) = tables(made(), derived=(), view="equal-compute")
    assert {*beside(table, "differences to infonce").objectives} == {"random", "mrcl"}
    assert beside(table, "positions between floor and ceiling").objectives == ["infonce", "mrcl"]
    costs = beside(table, "costs")
    assert texts(costs)[costs.objectives.index("byol")][3] == "1.34"


def test_where_the_references_measure_is_not_known_no_row_is_left_out() -> None:
    unknown = {**FLOPS, "infonce": float("nan")}
    (table,) = tables(made(flops=unknown), derived=(), view="equal-compute")
    assert all(row[1].text for row in table.rows)
    assert "are not known here, so no row is left out" in table.caption


def test_an_unknown_view_is_refused_with_those_there_are() -> None:
    message = r"^view: equal-epochs or equal-compute is expected, got 'equal-time'$"
    with pytest.raises(ValueError, match=message):
        tables(made(), derived=(), view="equal-time")
    with pytest.raises(ValueError, match=message):
        tables_text(made(), form="csv", derived=(), view="equal-time")


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"^format: csv, markdown or latex is expected, got 'html'$"):
        tables_text(made(), form="html", derived=())


def test_files_of_a_view_have_its_name_and_those_of_the_plain_table_stay(tmp_path: Path) -> None:
    plain = write_tables(made(), out=tmp_path, derived=())
    viewed = write_tables(made(), out=tmp_path, derived=(), view="equal-compute")
    assert [path.name for path in viewed] == [f"shapes-equal-compute-table.{end}" for end in ("md", "csv", "tex")]
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in [*plain, *viewed]}
    assert viewed[0].read_text() == tables_text(made(), form="markdown", derived=(), view="equal-compute")


def test_csv_of_a_view_has_no_numbers_of_the_rows_that_it_leaves_out() -> None:
    rows = {
        row["objective"]: row for row in csv.DictReader(io.StringIO(to_csv(made(), derived=(), view="equal-compute")))
    }
    assert (rows["byol"]["mean"], rows["byol"]["n"]) == ("", "0")
    assert re.match(r"1\.34 x infonce's FLOPs", rows["byol"]["note"])
    assert float(rows["byol"]["pretrain_flops_ratio"]) == pytest.approx(1.34)
