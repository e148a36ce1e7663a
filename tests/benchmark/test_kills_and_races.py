"""A store that is killed at any moment, or that several calls fill at once, ends as one that was left in peace."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from clbench_runs import data_root, records

import results
from benchmark.cli import main

KILLS = 20
LONGEST = 9.0  # seconds up to a kill: a call begins to compute after about three
CALLS = 8
CELLS = 4


def words(runs: Path, data: Path) -> list[str]:
    command = ["bench", "--config", "smoke", "--objectives", "random,infonce", "--tasks", "classification"]
    return [*command, "--runs", str(runs), "--data-root", str(data), "--jobs", "2", "--set", "threads=1"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    runs = tmp_path_factory.mktemp("undisturbed")
    assert main(words(runs, data_root(tmp_path_factory))) == 0
    return numbers(runs)


def numbers(runs: Path) -> dict[str, Any]:
    """What must not depend on what happened on the way, by cell."""
    assert {record["status"] for record in records(runs).values()} == {"done"}
    return {name: (record["key"], record["metrics"]) for name, record in records(runs).items()}


def start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start `clbench` in a process group of its own."""
    with log.open("ab") as file:
        whole = [sys.executable, "-m", "benchmark", *command]
        return subprocess.Popen(whole, start_new_session=True, stdout=file, stderr=subprocess.STDOUT)


def test_kills_at_random_moments_leave_a_store_that_loads_and_ends_in_the_same_numbers(
    undisturbed: dict[str, Any], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs, moments = tmp_path / "runs", random.Random(0)
    runs.mkdir()
    for _ in range(KILLS):
        process = start(words(runs, data_root(tmp_path_factory)), tmp_path / "log.txt")
        time.sleep(moments.uniform(0, LONGEST))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        results.load(runs)  # whatever is there can be read
        assert all(found["status"] == "done" for found in records(runs).values())
    assert main(words(runs, data_root(tmp_path_factory))) == 0
    assert numbers(runs) == undisturbed
    assert len(results.load(runs)["key"].unique()) == CELLS


def test_eight_calls_at_once_compute_every_cell_once(
    undisturbed: dict[str, Any], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs, logs = tmp_path / "runs", [tmp_path / f"{call}.txt" for call in range(CALLS)]
    calls = [start(words(runs, data_root(tmp_path_factory)), log) for log in logs]
    said = [log.read_text() for call, log in zip(calls, logs, strict=True) if call.wait() == 0]
    assert len(said) == CALLS, [log.read_text()[-2000:] for log in logs]
    tallies = [re.search(r"(\d+) computed, (\d+) kept, 0 failed, 0 skipped in", text) for text in said]
    counts = [[int(number) for number in tally.groups()] for tally in tallies if tally is not None]
    assert [sum(pair) for pair in counts] == [CELLS] * CALLS
    assert sum(computed for computed, _ in counts) == CELLS
    assert numbers(runs) == undisturbed
    leftovers = [path for path in runs.rglob("*") if path.name.endswith(".tmp")]
    assert leftovers == []
