"""Numbers that code or config have moved on from: shown, and counted nowhere."""

import csv
import io

import pandas as pd
import pytest
from loaded_scores import loaded_scores
from rich.console import Console
from table_reading import beside, subjects, texts

from results.comparison import comparison, scores
from results.statistics.agreement import agreement
from results.statistics.leading import leads
from results.statistics.paired import paired
from results.statistics.ranks import average_ranks
from results.tables.assembly import tables
from results.tables.csv_text import to_csv
from results.tables.latex import to_latex
from results.tables.markdown import to_markdown
from results.tables.terminal import to_terminal

CHANGED = "objectives/mrcl.py"
BASE = [0.5, 0.52, 0.51, 0.49, 0.5, 0.53]


def shifted(by: float) -> dict[str, list[float]]:
    return {"t": [value + by for value in BASE], "u": [value - by for value in BASE]}


@pytest.fixture
def frame() -> pd.DataFrame:
    """Six seeds of three rows between floor and ceiling; the one that would be best is stale."""
    given = {"random": -0.4, "infonce": 0.0, "byol": 0.01, "mrcl": 0.3, "supervised": 0.4}
    return loaded_scores({name: shifted(by) for name, by in given.items()}, stale={"mrcl": CHANGED})


def test_a_stale_number_is_shown_as_such_with_a_footnote_that_says_what_changed(frame: pd.DataFrame) -> None:
    (table,) = tables(frame, derived=())
    row = table.rows[table.objectives.index("mrcl")]
    assert [entry.stale for entry in row[1:3]] == [True, True]
    assert [entry.text for entry in row[1:3]] == ["80.8 ± 1.5", "20.8 ± 1.5"]
    assert [table.notes[entry.notes[0] - 1] for entry in row[1:3]] == [f"stale: {CHANGED}"] * 2
    assert sum(entry.stale for row in table.rows for entry in row) == 2
    assert "stale, code or config has changed" in table.caption


def test_each_format_marks_it(frame: pd.DataFrame) -> None:
    (table,) = tables(frame, derived=())
    assert "| mrcl | *80.8 ± 1.5* [1] | *20.8 ± 1.5* [1] |" in to_markdown(table)
    assert r"mrcl & \textcolor{gray}{80.8 $\pm$ 1.5} {[}1] &" in to_latex(table)
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    console.print(to_terminal(table, width=100))
    assert isinstance(console.file, io.StringIO)
    (line,) = [line for line in console.file.getvalue().splitlines() if "80.8" in line]
    assert "\x1b[2m" in line.partition("80.8")[0]


def test_it_is_neither_the_best_nor_in_a_tie_nor_compared_nor_ranked(frame: pd.DataFrame) -> None:
    numbers = scores(frame)
    assert {name for found in leads(numbers).values() for name in found.objectives} == {"byol", "infonce"}
    assert "mrcl" not in set(paired(numbers, reference="infonce")["objective"])
    assert set(average_ranks(numbers, columns=["t top1", "u top1"]).ranks) == {"infonce", "byol"}
    assert agreement(numbers, x="t top1", y="u top1").n == 2


def test_it_has_no_position_and_a_stale_floor_gives_none(frame: pd.DataFrame) -> None:
    (table,) = tables(frame, derived=())
    assert [row[0] for row in texts(beside(table, "positions between floor and ceiling"))] == ["infonce", "byol"]
    (table,) = tables(frame.assign(stale=frame["objective"].map({"random": "views"}).fillna("")), derived=())
    positions = beside(table, "positions between floor and ceiling")
    assert positions.notes == ["no position: random has no number here"]


def test_where_the_reference_is_stale_nothing_is_compared_with_it(frame: pd.DataFrame) -> None:
    changed = frame.assign(stale=frame["objective"].map({"infonce": "training"}).fillna(""))
    assert paired(scores(changed), reference="infonce").empty
    (table,) = tables(changed, derived=())
    assert "differences to infonce" not in subjects(table)


def test_comparison_and_csv_say_what_changed(frame: pd.DataFrame) -> None:
    found = comparison(frame)
    assert set(found.loc[found["stale"] != "", "objective"]) == {"mrcl"}
    rows = list(csv.DictReader(io.StringIO(to_csv(frame, derived=()))))
    assert {row["objective"]: row["stale"] for row in rows}["mrcl"] == CHANGED
    assert {row["verdict"] for row in rows if row["objective"] == "mrcl"} == {""}
