import fcntl
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark import cells
from benchmark.cells import Cell, Outcome

CELL = Cell("pretrain", "smoke", "mrcl", 0, task=None, family=None, upstream=None, inputs={"seed": 0, "lr": 1e-3})
EVALUATION = replace(CELL, kind="evaluate", task="voc", family="detection", upstream=CELL.key)


def write(runs: Path, cell: Cell, *, reason: str | None) -> None:
    cells.write_record(runs, cell, Outcome([{"value": 0.5}], {"images": 3}, {}, {"a.module": "0123"}, reason))


def test_the_order_of_the_inputs_does_not_matter() -> None:
    assert CELL.key == replace(CELL, inputs={"lr": 1e-3, "seed": 0}).key
    assert len(CELL.key) == 16
    assert int(CELL.key, 16) >= 0


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": {"seed": 1, "lr": 1e-3}},
        {"inputs": {"seed": 0, "lr": 1.0000001e-3}},
        {"inputs": {"seed": 0}},
        {"kind": "evaluate"},
        {"config": "other"},
        {"upstream": "0123456789abcdef"},
    ],
)
def test_whatever_can_change_a_number_changes_the_key(change: dict[str, object]) -> None:
    assert replace(CELL, **change).key != CELL.key  # type: ignore[arg-type]


def test_another_process_gets_the_same_key() -> None:
    code = f"from benchmark.cells import Cell; print({EVALUATION!r}.key)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert found == EVALUATION.key


def test_a_cell_is_called_after_its_row_and_its_task() -> None:
    assert (CELL.name, EVALUATION.name) == ("mrcl seed 0", "mrcl seed 0 on voc")


def test_the_record_holds_what_schema_2_asks_for(tmp_path: Path) -> None:
    write(tmp_path, EVALUATION, reason=None)
    record = json.loads((tmp_path / "cells" / EVALUATION.key / "cell.json").read_text())
    assert record == {
        "schema": 2,
        "key": EVALUATION.key,
        "kind": "evaluate",
        "status": "done",
        "config": "smoke",
        "objective": "mrcl",
        "seed": 0,
        "task": "voc",
        "family": "detection",
        "upstream": CELL.key,
        "inputs": {"seed": 0, "lr": 1e-3},
        "metrics": [{"value": 0.5}],
        "costs": {"images": 3},
        "environment": {},
        "modules": {"a.module": "0123"},
        "reason": None,
    }
    assert cells.read_record(tmp_path, EVALUATION.key) == record


def test_a_failed_cell_is_not_done(tmp_path: Path) -> None:
    assert not cells.is_done(tmp_path, CELL.key)
    write(tmp_path, CELL, reason="loss is not finite")
    assert not cells.is_done(tmp_path, CELL.key)
    write(tmp_path, CELL, reason=None)
    assert cells.is_done(tmp_path, CELL.key)


def test_a_record_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    write(tmp_path, CELL, reason=None)
    before = cells.read_record(tmp_path, CELL.key)
    with pytest.raises(TypeError):
        cells.write_record(tmp_path, CELL, Outcome([{"value": object()}], {}, {}, {}, None))
    assert cells.read_record(tmp_path, CELL.key) == before


def test_a_record_that_cannot_be_read_counts_as_not_there(tmp_path: Path) -> None:
    write(tmp_path, CELL, reason=None)
    (tmp_path / "cells" / CELL.key / "cell.json").write_text('{"status": "do')
    assert not cells.is_done(tmp_path, CELL.key)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"\xff\xfe", b'{"status": '])
def test_what_is_no_record_counts_as_not_computed(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, CELL, reason=None)
    (tmp_path / "cells" / CELL.key / "cell.json").write_bytes(content)
    assert cells.read_record(tmp_path, CELL.key) is None


def test_a_forked_child_of_the_holder_does_not_hold_on(tmp_path: Path) -> None:
    code = (
        "import multiprocessing, os, sys, time; from pathlib import Path; from benchmark import cells\n"
        "def child():\n"
        "    print(os.getpid(), flush=True); time.sleep(60)\n"
        f"with cells.lock(cells.folder(Path({str(tmp_path)!r}), 'abc')):\n"
        "    multiprocessing.get_context('fork').Process(target=child).start(); sys.stdin.readline()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdin is not None
    child = int(holder.stdout.readline())
    try:
        assert cells.is_held(tmp_path / "cells" / "abc")
        holder.kill()
        holder.wait()
        os.kill(child, 0)  # is alive
        assert not cells.is_held(tmp_path / "cells" / "abc")
    finally:
        os.kill(child, signal.SIGKILL)
        holder.stdin.close()
        holder.stdout.close()


def test_those_who_look_at_a_lock_do_not_see_each_other(tmp_path: Path) -> None:
    with cells.lock(tmp_path):
        pass
    with (tmp_path / "lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert not cells.is_held(tmp_path)


def test_a_finished_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    write(tmp_path, CELL, reason=None)
    assert [path.name for path in (tmp_path / "cells" / CELL.key).iterdir()] == ["cell.json"]


def test_a_held_cell_is_held_against_other_processes(tmp_path: Path) -> None:
    code = (
        f"import fcntl; file = open({str(tmp_path / 'cells/abc/lock')!r}, 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    with cells.lock(cells.folder(tmp_path, "abc")):
        assert b"BlockingIOError" in subprocess.run(command, capture_output=True, check=False).stderr
    subprocess.run(command, check=True)


def test_a_killed_holder_lets_go_of_its_cell(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from benchmark import cells\n"
        f"with cells.lock(cells.folder(Path({str(tmp_path)!r}), 'abc')):\n"
        "    print('in', flush=True); sys.stdin.readline()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline() == "in\n"
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()
    with cells.lock(cells.folder(tmp_path, "abc")):
        pass
