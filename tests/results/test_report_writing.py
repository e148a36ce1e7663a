"""The file that is written: whole or not at all, and no larger than it has to be."""

import json
from pathlib import Path

import pytest
from cell_store import copy_fixtures, write_evaluation, write_failure
from report_store import Page

from results.report.writing import write_report
from results.tables.layout import Entry, Table


def write(runs: Path, out: Path) -> Path:
    return write_report(runs, keys=None, stale={}, derived=(), out=out)


def test_the_report_of_the_oldest_cells_can_be_written_to_a_new_folder(tmp_path: Path) -> None:
    runs = copy_fixtures(tmp_path / "runs")
    path = write(runs, tmp_path / "new" / "folder" / "report.html")
    assert [other.name for other in path.parent.iterdir()] == ["report.html"]
    assert Page(path).rows("config-1-table")[1][:2] == ["mrcl", "62.5 (n=1)"]


def test_a_store_without_results_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(ValueError, match=r"^report: at least one stored result is expected, got none$"):
        write(tmp_path / "runs", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_a_malformed_cell_leaves_the_last_report_as_it_was(tmp_path: Path) -> None:
    runs, out = copy_fixtures(tmp_path / "runs"), tmp_path / "report.html"
    before = write(runs, out).read_bytes()
    (runs / "cells" / "broken").mkdir()
    (runs / "cells" / "broken" / "cell.json").write_text("{")
    with pytest.raises(ValueError, match=r"broken/cell\.json"):
        write(runs, out)
    assert out.read_bytes() == before


def test_a_store_in_which_everything_failed_has_a_report(tmp_path: Path) -> None:
    write_failure(tmp_path / "runs", "loss is nan", {"objective": "mrcl"})
    page = Page(write(tmp_path / "runs", tmp_path / "report.html"))
    assert page.rows("config-1-table")[1] == ["mrcl", "failed1"]
    assert [row[-1] for row in page.rows("missing")[1:]] == ["loss is nan"]


def test_tables_that_are_given_stand_beside_those_of_their_config(tmp_path: Path) -> None:
    rows = [[Entry("mrcl"), Entry("paper <b>1</b>", notes=(1,)), Entry("61.5", value=61.5)]]
    table = Table("shapes", "published", "", ["objective", "source", "value"], ["mrcl"], rows, ["another task"], [])
    runs = copy_fixtures(tmp_path / "runs")
    out = tmp_path / "report.html"
    page = Page(write_report(runs, keys=None, stale={}, derived=(), out=out, further={"shapes": [table]}))
    assert ["mrcl", "paper <b>1</b>1", "61.5"] in page.rows("config-1-scores")
    assert [e.text for e in page.all("li") if e.attributes.get("id", "").startswith("config-1-beside")] == [
        "another task"
    ]


def test_a_text_that_is_none_is_shown_rather_than_refused(tmp_path: Path) -> None:
    write_failure(tmp_path / "runs", "half \ud83c", {"objective": "mrcl", "inputs": {"name": "half \ud83c"}})
    page = Page(write(tmp_path / "runs", tmp_path / "report.html"))
    assert [row[-1] for row in page.rows("missing")[1:]] == ["half \\ud83c"]


def test_five_hundred_cells_of_real_size_take_less_than_15_mb(tmp_path: Path) -> None:
    """Resolved configs of mmdet have 80 kB and are shared by the cells of a task; logs are each cell's own."""
    runs = tmp_path / "runs"
    resolved = {f"stage_{n}": {"type": "ConvModule", "channels": n, "path": "x" * 40} for n in range(900)}
    assert 80_000 < len(json.dumps(resolved)) < 100_000
    for row in range(10):
        for seed in range(10):
            for task in range(5):
                inputs = {"config": {**resolved, "task": task}, "seed": seed}
                place = {"objective": f"row_{row}", "seed": seed, "task": f"task_{task}", "inputs": inputs}
                values = {f"metric_{n}": (row + seed + n + task) / 40 for n in range(3)}
                key = write_evaluation(runs, values, place)
                log = "\n".join(f"{key} line {n} {'y' * 80}" for n in range(60))
                (runs / "cells" / key / "log.txt").write_text(log)
    path = write(runs, tmp_path / "report.html")
    assert len(Page(path).rows("numbers-table")) == 1 + 1500
    assert path.stat().st_size < 15e6
