"""How cells stand to what was asked for last, and which of them can go."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from written_grids import write_cell, write_grid

from benchmark import cells, collect
from benchmark.cells import Cell
from benchmark.cli import main
from benchmark.environment import describe_environment
from benchmark.states import shown, states
from downstream.held_folders import PARTIAL

TASKS = ("classification", "voc")


@pytest.fixture
def grid(tmp_path: Path) -> list[Cell]:
    """Six cells of two rows that are done."""
    return write_grid(tmp_path, rows=["infonce", "random"], tasks=TASKS, seeds=[0])


def found(runs: Path) -> dict[str, str]:
    return {state.name: f"{state.state} {state.reason}".strip() for state in states(runs)}


def remove(runs: Path, cell: Cell) -> None:
    shutil.rmtree(cells.folder(runs, cell.key))


def test_every_state_is_told_with_its_reason(grid: list[Cell], tmp_path: Path) -> None:
    remove(tmp_path, grid[1])
    write_cell(tmp_path, grid[2], reason="loss is nan at step 7")
    remove(tmp_path, grid[4])
    cells.write_skip(tmp_path, grid[4], environment=describe_environment("cpu"), reason="no data")
    with cells.lock(cells.folder(tmp_path, grid[5].key)):
        assert found(tmp_path) == {
            "infonce seed 0": "done",
            "infonce seed 0 on classification": "missing",
            "infonce seed 0 on voc": "failed loss is nan at step 7",
            "random seed 0": "done",
            "random seed 0 on classification": "skipped no data",
            "random seed 0 on voc": "running",
        }


def test_a_cell_whose_holder_was_killed_is_not_running(grid: list[Cell], tmp_path: Path) -> None:
    remove(tmp_path, grid[0])
    code = (
        "import sys; from pathlib import Path; from benchmark import cells\n"
        f"with cells.lock(Path({str(cells.folder(tmp_path, grid[0].key))!r})):\n"
        "    print('in', flush=True); sys.stdin.readline()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"in\n"
        assert found(tmp_path)["infonce seed 0"] == "running"
        holder.kill()
        holder.wait()
        assert found(tmp_path)["infonce seed 0"] == "missing"


def test_other_settings_make_stale_what_was_computed_under_earlier_ones(grid: list[Cell], tmp_path: Path) -> None:
    write_grid(tmp_path, rows=["infonce"], tasks=["voc"], seeds=[0], changes=["training.lr=0.5"])
    by_key = {state.key: state for state in states(tmp_path)}
    assert by_key[grid[0].key].reason == "training.lr 0.5 instead of 0.004"
    assert by_key[grid[2].key].reason == "what it starts from: training.lr 0.5 instead of 0.004"
    assert by_key[grid[1].key].reason == "not asked for any more"
    assert len([state for state in by_key.values() if state.state == "done"]) == 2
    what = shown(tmp_path)
    assert what.keys is not None
    assert len(what.keys) == 2
    assert set(what.stale) == {cell.key for cell in grid}


def test_a_seed_of_another_machine_is_done_and_not_stale(grid: list[Cell], tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    more = write_grid(elsewhere, rows=["infonce"], tasks=TASKS, seeds=[7])
    shutil.copytree(elsewhere / "cells", tmp_path / "cells", dirs_exist_ok=True)
    assert {found(tmp_path)[cell.name] for cell in more} == {"done"}
    assert {cell.key for cell in [*grid, *more]} <= set(shown(tmp_path).keys or ())


def test_cells_of_a_config_that_was_never_planned_here_count(grid: list[Cell], tmp_path: Path) -> None:
    other = replace(grid[0], config="from_elsewhere")
    write_cell(tmp_path, other)
    assert {state.key: state.state for state in states(tmp_path)}[other.key] == "done"


@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        ("config", "smok", "unknown config 'smok'. Did you mean 'smoke'?"),
        ("overrides", ["model.depht=18"], ""),
        ("plugins", ["no_such_module"], "--import no_such_module: No module named"),
        ("row", "of_a_plug_in", "there is no such row or task here"),
        ("task", "vok", "there is no such row or task here"),
    ],
)
def test_what_cannot_be_laid_out_here_is_unclear_and_never_garbage(
    grid: list[Cell], tmp_path: Path, where: str, value: object, reason: str
) -> None:
    path = tmp_path / "plans" / "smoke.json"
    plan_file = json.loads(path.read_text())
    (request,) = plan_file["requests"].values()
    entries = [each for each in plan_file["cells"].values() if each.get(where) in ("infonce", "voc")]
    for changed in [request["settings"]] if where in request["settings"] else entries:
        changed[where] = value
    path.write_text(json.dumps(plan_file))
    unclear = [state for state in states(tmp_path) if state.state == "unclear"]
    assert unclear
    assert {state.reason.startswith(f"not comparable: {reason}") for state in unclear} == {True}, unclear
    assert {state.state for state in states(tmp_path)} <= {"unclear", "done"}
    assert set(shown(tmp_path).stale) == {state.key for state in unclear}
    assert main(["gc", "--runs", str(tmp_path), "--yes"]) == 0
    assert len(list(tmp_path.glob("cells/*/cell.json"))) == len(grid)


def test_a_failure_of_earlier_settings_is_no_result_that_something_stands_in_for(tmp_path: Path) -> None:
    grid = write_grid(tmp_path, rows=["infonce"], tasks=["voc"], seeds=[0])
    write_cell(tmp_path, grid[1], reason="loss is nan")
    for cell in write_grid(tmp_path, rows=["infonce"], tasks=["voc"], seeds=[0], changes=["training.lr=0.5"]):
        remove(tmp_path, cell)
    assert {(state.name, state.state) for state in states(tmp_path)} == {
        ("infonce seed 0", "stale"),
        ("infonce seed 0 on voc", "stale"),  # to be collected
        ("infonce seed 0 on voc", "missing"),
    }
    assert set(shown(tmp_path).stale) == {grid[0].key}


def test_a_row_may_be_called_anything(tmp_path: Path) -> None:
    config = tmp_path / "mine.py"
    smoke = Path(__file__).parents[2] / "configs" / "bench" / "smoke.py"
    config.write_text(f'_base_ = "{smoke}"\nrows = {{"mrcl on byol seed 3": dict(objective="mrcl")}}\n')
    write_grid(tmp_path, rows=["mrcl on byol seed 3"], tasks=["voc"], seeds=[0], config=str(config))
    assert set(found(tmp_path).values()) == {"done"}


def test_status_lists_what_is_not_done_and_counts_the_rest(
    grid: list[Cell], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cell(tmp_path, grid[2], reason="loss is nan")
    assert main(["status", "--runs", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "smoke: 1 failed, 5 done",
        f"  failed   infonce seed 0 on voc             {grid[2].key}  loss is nan",
    ]
    assert main(["status", "--runs", str(tmp_path), "--every"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 7
    assert main(["status", "--runs", str(tmp_path), "--json"]) == 0
    assert {each["state"] for each in json.loads(capsys.readouterr().out)} == {"failed", "done"}


@pytest.mark.parametrize("place", ["", "cells"])
def test_cells_of_older_schemas_and_from_elsewhere_can_be_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    shutil.copytree(Path(__file__).parents[1] / "results" / "fixtures", tmp_path / "runs")
    runs = tmp_path / "runs" / place
    for command in ("table", "plot", "report", "status"):
        assert main([command, "--runs", str(runs)]) == 0
    assert "mrcl (derived)" in capsys.readouterr().out
    assert (runs / "report.html").exists()


@pytest.mark.parametrize("command", ["status", "gc", "table", "plot", "report"])
def test_a_folder_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, "--runs", str(tmp_path / "none")]) == 2
    message = f"clbench: runs: a folder with cells/<key>/cell.json is expected, got {tmp_path / 'none'}\n"
    assert capsys.readouterr().err == message


def test_a_data_set_that_nobody_writes_any_more_is_garbage(
    grid: list[Cell], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left, living = (tmp_path / "images" / f"{name}{PARTIAL}0" for name in "ab")
    with cells.lock(left):
        (left / "images.npy").write_bytes(bytes(3_000_000))
    with cells.lock(living):
        assert main(["gc", "--runs", str(tmp_path), "--yes"]) == 0
        assert living.exists()
    assert f"3.0 MB  left by a write of a data set that never ended  {left}" in capsys.readouterr().out
    assert not left.exists()


def test_garbage_is_shown_and_goes_only_where_the_user_says_so(
    grid: list[Cell], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_grid(tmp_path, rows=["infonce"], tasks=TASKS, seeds=[0], changes=["objectives.infonce.temperature=0.5"])
    (tmp_path / "cells" / "0123456789abcdef").mkdir()  # a computation that was killed
    (tmp_path / "plans" / "smoke.12.tmp").write_text("{")
    os.utime(tmp_path / "plans" / "smoke.12.tmp", (0, 0))
    (tmp_path / "plans" / "smoke.13.tmp").write_text("{")  # another call is writing it
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert main(["gc", "--runs", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "infonce seed 0: arguments.temperature 0.5 instead of 0.2" in said
    assert "nothing removed; 5 could be" in said
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before
    assert main(["gc", "--runs", str(tmp_path), "--yes"]) == 0
    assert "removed 5" in capsys.readouterr().out
    assert set(found(tmp_path).values()) == {"done"}
    assert len(found(tmp_path)) == 6
    assert not (tmp_path / "cells" / "0123456789abcdef").exists()
    assert main(["gc", "--runs", str(tmp_path), "--yes"]) == 0
    assert capsys.readouterr().out == "nothing to remove\n"
    assert (tmp_path / "plans" / "smoke.13.tmp").exists()


def test_temporary_files_of_a_cell_that_is_being_computed_stay(grid: list[Cell], tmp_path: Path) -> None:
    path = cells.folder(tmp_path, grid[0].key) / "work" / "checkpoint.tmp"
    path.parent.mkdir()
    path.write_text("half")
    os.utime(path, (0, 0))
    with cells.lock(cells.folder(tmp_path, grid[0].key)):
        assert list(collect.garbage(tmp_path, states(tmp_path))) == []
        assert not collect._remove(path, tmp_path)
    assert [each.path for each in collect.garbage(tmp_path, states(tmp_path))] == [path]


def test_what_a_current_cell_starts_from_and_what_is_being_computed_stay(grid: list[Cell], tmp_path: Path) -> None:
    write_grid(tmp_path, rows=["infonce"], tasks=TASKS, seeds=[0], changes=["objectives.infonce.temperature=0.5"])
    path = cells.folder(tmp_path, grid[0].key)
    record = json.loads((path / "cell.json").read_text())
    done = {state.name: state.key for state in states(tmp_path) if state.state == "done"}
    upstream = cells.folder(tmp_path, done["infonce seed 0 on voc"]) / "cell.json"
    upstream.write_text(json.dumps(json.loads(upstream.read_text()) | {"upstream": record["key"]}))
    with cells.lock(cells.folder(tmp_path, grid[1].key)):
        going = {each.path.name for each in collect.garbage(tmp_path, states(tmp_path))}
        assert grid[0].key not in going
        assert not collect._remove(cells.folder(tmp_path, grid[1].key), tmp_path)
    assert grid[2].key in going


def test_what_is_half_done_of_what_is_asked_for_now_is_no_garbage(grid: list[Cell], tmp_path: Path) -> None:
    now = write_grid(tmp_path, rows=["infonce"], tasks=TASKS, seeds=[0], changes=["training.lr=0.5"])
    for cell in now:
        (cells.folder(tmp_path, cell.key) / "cell.json").unlink()
    half = cells.folder(tmp_path, now[0].key) / "checkpoint.pth"
    half.write_bytes(b"weights")
    assert main(["gc", "--runs", str(tmp_path), "--yes"]) == 0
    assert half.exists()
    assert not any(cells.folder(tmp_path, cell.key).exists() for cell in grid)


@pytest.mark.parametrize(("settings", "state"), [("plugins", "unclear"), (None, "done")])
def test_a_seed_of_another_machine_of_a_row_that_cannot_be_laid_out_is_no_garbage(
    grid: list[Cell], tmp_path: Path, settings: str | None, state: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    more = write_grid(elsewhere, rows=["infonce"], tasks=TASKS, seeds=[7])
    shutil.copytree(elsewhere / "cells", tmp_path / "cells", dirs_exist_ok=True)
    path = tmp_path / "plans" / "smoke.json"
    plan_file = json.loads(path.read_text())
    (request,) = plan_file["requests"].values()
    if settings is None:
        request["settings"] = None  # as of the row of a checkpoint
    else:
        request["settings"][settings] = ["no_such_module"]
    path.write_text(json.dumps(plan_file))
    by_key = {each.key: each.state for each in states(tmp_path)}
    assert {by_key[cell.key] for cell in [*grid, *more]} == {state}
    assert main(["gc", "--runs", str(tmp_path), "--yes"]) == 0
    assert all((cells.folder(tmp_path, cell.key) / "cell.json").exists() for cell in more)
