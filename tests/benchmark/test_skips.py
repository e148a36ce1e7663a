"""What cannot run is skipped with its reason, or an error where the user wants that."""

import csv
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clbench_runs import data_root, records

from benchmark.cli import main

CONFIG = """_base_ = "{base}"
tasks = dict(
    _delete_=True,
    here=dict({task}, dataset="here", data="smoke/classification"),
    there=dict({task}, dataset="there", data="elsewhere"),
)
"""
TASK = (
    'family="classification", source="folder", train="train", test="test", splits="official", metric="top1", '
    'validation=0.2, image_size=32, resize=32, interpolation="bicubic", penalties=(1e-2,), neighbours=(20,), '
    "temperature=0.1"
)
REASON = "image folder: {root}/elsewhere/train is missing; "
Command = Callable[..., int]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root of this module alone, with the smoke data and room for others."""
    made, own = data_root(tmp_path_factory), tmp_path_factory.mktemp("data")
    if not (made / "smoke/dataset.json").exists():
        assert main(["data", "shapes", "--config", "smoke", "--out", str(made / "smoke")]) == 0
    shutil.copytree(made, own, dirs_exist_ok=True)
    return own


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cheap tasks; the data of the second are not there."""
    file = tmp_path_factory.mktemp("configs") / "two.py"
    file.write_text(CONFIG.format(base=Path(__file__).parents[2] / "configs/bench/smoke.py", task=TASK))
    return file


@pytest.fixture
def clbench(config: Path, data: Path, tmp_path: Path) -> Command:
    def run(command: str, *words: str) -> int:
        given = ["--config", str(config), "--runs", str(tmp_path / "runs"), "--data-root", str(data)]
        return main([command, *given, *words])

    return run


def statuses(runs: Path) -> dict[str, Any]:
    return {name: record["status"] for name, record in records(runs).items()}


def test_a_task_without_data_is_skipped_the_others_go_on_and_it_is_computed_once_the_data_are_there(
    clbench: Command, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    assert clbench("bench", "--objectives", "random") == 0
    first = capsys.readouterr().out
    reason = REASON.format(root=data)
    assert f"there data: skipped: {reason}" in first
    assert "rehearsing one step of here\n" in first
    assert "2 computed, 0 kept, 0 failed, 1 skipped" in first
    assert statuses(runs) == {"random/0/None": "done", "random/0/here": "done", "random/0/there": "skipped"}
    assert records(runs)["random/0/there"]["reason"].startswith(reason)
    assert f"- [1] skipped: {reason}" in (runs / "tables/two-table.md").read_text()
    with (runs / "tables/two-table.csv").open(newline="") as file:
        (row,) = (row for row in csv.DictReader(file) if row["column"] == "there")
    assert (row["mean"], row["n"]) == ("", "0")

    assert clbench("bench", "--objectives", "random") == 0
    assert "rehearsing" not in (again := capsys.readouterr().out)
    assert "0 computed, 2 kept, 0 failed, 1 skipped" in again

    shutil.copytree(data / "smoke/classification", data / "elsewhere")
    try:
        assert clbench("evaluate", "--objectives", "random") == 0
    finally:
        shutil.rmtree(data / "elsewhere")
    assert "1 computed, 2 kept, 0 failed, 0 skipped" in capsys.readouterr().out
    assert "skipped" not in (runs / "tables/two-table.md").read_text()


def test_where_nothing_may_be_skipped_it_is_one_line_before_anything_is_trained(
    clbench: Command, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clbench("bench", "--objectives", "random", "--strict") == 2
    message = capsys.readouterr().err
    assert message.startswith("clbench: strict: everything that is asked for must be able to run; there data: ")
    assert message.count("\n") == 1
    assert not (tmp_path / "runs/cells").exists()


def test_when_every_task_is_skipped_that_is_said(clbench: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert clbench("evaluate", "--objectives", "random", "--tasks", "there") == 0
    assert "every requested task was skipped" in capsys.readouterr().out


def test_the_doctor_gives_a_line_for_every_check(
    clbench: Command, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clbench("doctor") == 0
    lines = capsys.readouterr().out.splitlines()
    assert {"pretraining images: ok", "here data: ok", "here rehearsal: ok"} <= set(lines)
    assert any(line.startswith(f"there data: skipped: {REASON.format(root=data)}") for line in lines)
    assert not (tmp_path / "runs/cells").exists()
    assert clbench("doctor", "--strict") == 2
    assert clbench("doctor", "--strict", "--tasks", "here") == 0


def test_a_library_that_is_not_installed_is_named_with_how_to_get_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mmseg", None)  # as Python marks a module that cannot be found
    words = ["doctor", "--config", "smoke", "--tasks", "ade20k", "--runs", str(tmp_path), "--data-root", str(data)]
    assert main(words) == 0
    wanted = "ade20k data: skipped: mmseg is not installed: make setup, or pip install -e '.[dense]'"
    assert wanted in capsys.readouterr().out.splitlines()
    assert main([*words, "--strict"]) == 2


def test_floor_and_ceiling_come_by_one_flag(clbench: Command, tmp_path: Path) -> None:
    assert clbench("pretrain", "--objectives", "infonce", "--references") == 0
    rows = ("random", "infonce", "supervised")
    assert statuses(tmp_path / "runs") == {f"{row}/0/None": "done" for row in rows}


def test_a_ceiling_without_labels_is_left_out_with_a_sentence_unless_it_was_asked_for(
    clbench: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--set", "data.labels=", "--references"]
    assert clbench("pretrain", "--objectives", "random", *words) == 0
    assert "supervised (ceiling): skipped: 64 of 64 pretraining images have no label" in capsys.readouterr().out
    assert set(statuses(tmp_path / "runs")) == {"random/0/None"}
    assert clbench("pretrain", "--objectives", "random", *words, "--strict") == 2
    assert clbench("pretrain", "--objectives", "supervised", *words) == 2


def test_evaluating_leaves_out_a_ceiling_that_is_not_pretrained_and_makes_the_floor(
    clbench: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert clbench("pretrain", "--objectives", "infonce") == 0
    assert clbench("evaluate", "--objectives", "infonce", "--tasks", "here", "--references") == 0
    assert "supervised (ceiling): skipped: not pretrained yet" in capsys.readouterr().out
    assert set(statuses(tmp_path / "runs")) == {
        f"{row}/0/{task}" for row in ("random", "infonce") for task in (None, "here")
    }


def test_what_trains_nothing_needs_no_pretraining_images(
    clbench: Command, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ["--set", "data.shapes=None", "--set", "data.pretrain=nowhere", "--set", "data.labels=''"]
    assert clbench("bench", "--objectives", "infonce", *own) == 2
    assert (
        capsys.readouterr().err
        == f"clbench: image folder: {data}/nowhere is missing; expected {data}/nowhere/<class>/*.jpg\n"
    )
    assert clbench("bench", "--objectives", "random", "--tasks", "here", *own) == 0
    assert statuses(tmp_path / "runs") == {"random/0/None": "done", "random/0/here": "done"}


def test_the_doctor_looks_at_the_tasks_where_there_is_nothing_to_pretrain_on(
    clbench: Command, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ["--set", "data.shapes=None", "--set", "data.pretrain=nowhere"]
    assert clbench("doctor", *own) == 0
    said = capsys.readouterr().out
    assert f"pretraining images: skipped: image folder: {data}/nowhere is missing" in said
    assert "here data: ok" in said
    assert "here rehearsal: ok" in said
    assert said.endswith("1 of 2 tasks can run here\n")
