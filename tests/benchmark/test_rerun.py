"""Which cells a call computes, by what `--rerun` says."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from clbench_runs import data_root, records

from benchmark import cells, rerun
from benchmark.cells import Cell
from benchmark.cli import main
from benchmark.errors import UserError

CHANGE = ("--set", "model.projection=64")
REASON = "a reason of old"


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A grid of two cells, computed once."""
    runs = tmp_path_factory.mktemp("runs")
    command = ["bench", "--config", "smoke", "--objectives", "random", "--tasks", "classification"]
    command += ["--runs", str(runs), "--data-root", str(data_root(tmp_path_factory))]
    assert main([*command, "--rerun", "never"]) == 0
    assert list(runs.glob("cells/*/cell.json")) == []
    assert main([*command, "--rerun", "missing"]) == 0
    assert len(list(runs.glob("cells/*/cell.json"))) == 2
    return command


def runs_of(words: list[str]) -> Path:
    return Path(words[words.index("--runs") + 1])


def said(words: list[str], capsys: pytest.CaptureFixture[str], *, status: int = 0) -> str:
    capsys.readouterr()
    assert main(words) == status
    (line,) = [line for line in capsys.readouterr().out.splitlines() if " computed, " in line]
    return line.partition(" in ")[0]


def fail(words: list[str]) -> Path:
    """Turn the evaluation into one that failed."""
    record = records(runs_of(words))["random/0/classification"]
    path = cells.folder(runs_of(words), record["key"]) / "cell.json"
    path.write_text(json.dumps(record | {"status": "failed", "reason": REASON, "metrics": []}))
    return path


def numbers(words: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = records(runs_of(words))["random/0/classification"]["metrics"]
    return found


def test_what_failed_is_computed_again_only_where_that_is_asked_for(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before, path = numbers(words), fail(words)
    for choice in ("missing", "stale", "never"):
        assert said([*words, "--rerun", choice], capsys, status=1) == "0 computed, 1 kept, 1 failed, 0 skipped"
        assert json.loads(path.read_text())["reason"] == REASON
    assert said([*words, "--rerun", "failed"], capsys) == "1 computed, 1 kept, 0 failed, 0 skipped"
    assert numbers(words) == before


def test_what_is_stale_is_computed_again_only_where_that_is_asked_for(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = shutil.copytree(runs_of(words), tmp_path / "runs")  # other tests want one record of a name
    changed = [*words, *CHANGE, "--runs", str(runs)]
    for choice in ("missing", "failed", "never"):
        assert said([*changed, "--rerun", choice], capsys).endswith("0 failed, 0 skipped, 2 left stale")
    table = (runs / "tables/smoke-table.md").read_text()
    assert "model.projection 64 instead of 128" in table  # greyed, with what has changed
    assert said([*changed, "--rerun", "stale"], capsys) == "2 computed, 0 kept, 0 failed, 0 skipped"
    assert "64 instead of 128" not in (runs / "tables/smoke-table.md").read_text()


def test_by_default_everything_is_computed_that_is_not_done_as_it_is_asked_for(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(words, capsys) == "0 computed, 2 kept, 0 failed, 0 skipped"
    assert rerun.DEFAULT == "stale,failed"


def test_all_computes_what_is_done_once_more_and_finds_the_same_numbers(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = records(runs_of(words))["random/0/classification"]
    leftover = cells.folder(runs_of(words), before["key"]) / "checkpoint.pth"
    leftover.write_text("of an earlier computation")
    assert said([*words, "--rerun", "all"], capsys) == "2 computed, 0 kept, 0 failed, 0 skipped"
    assert numbers(words) == before["metrics"]
    assert not leftover.exists()


def test_an_evaluation_of_everything_anew_leaves_the_pretraining_alone(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    pretrained = records(runs_of(words))["random/0/None"]
    backbone = cells.backbone_file(runs_of(words), pretrained["key"])
    before = backbone.stat()
    command = ["evaluate", *words[1:], "--rerun", "all"]
    assert said(command, capsys) == "1 computed, 1 kept, 0 failed, 0 skipped"
    assert backbone.stat() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stail", "unknown rerun 'stail'. Did you mean 'stale'? Known: all, failed, missing, never, stale."),
        ("all,stale", "rerun: all and never are allowed alone, got 'all,stale'"),
        ("", "unknown rerun ''. Known: all, failed, missing, never, stale."),
    ],
)
def test_another_word_is_refused(text: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        rerun.choose(text)
    assert str(raised.value) == message


def test_a_cell_counts_as_settled_where_another_call_has_computed_it_since(tmp_path: Path) -> None:
    cell = Cell("pretrain", "smoke", "mrcl", 0, task=None, family=None, upstream=None, inputs={"seed": 0})
    assert not cells.is_settled(tmp_path, cell.key, since=0, anew=False)
    for reason, status in ((None, "done"), ("loss is nan", "failed")):
        cells.write_record(tmp_path, cell, cells.Outcome([], {}, {}, {}, reason))
        written = (cells.folder(tmp_path, cell.key) / "cell.json").stat().st_mtime
        assert cells.is_settled(tmp_path, cell.key, since=written, anew=True)
        assert cells.is_settled(tmp_path, cell.key, since=written + 1, anew=False) == (status == "done")
        assert not cells.is_settled(tmp_path, cell.key, since=written + 1, anew=True)
