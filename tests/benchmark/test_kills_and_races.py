"""A store that is killed at any moment, or that several calls fill at once, ends as one that was left in peace."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from clbench_runs import data_root, records

import results
from benchmark import cells
from benchmark.cli import main

KILLS = 20
LONGEST = 1.5  # seconds from when a cell is taken up to the kill: about as long as it takes
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


def held(runs: Path) -> list[Path]:
    """Folders of the cells that are being computed."""
    return [folder for folder in runs.glob("cells/*") if cells.is_held(folder)]


def wait_until_a_cell_is_taken_up(runs: Path, process: subprocess.Popen[bytes]) -> bool:
    while process.poll() is None:
        if held(runs):
            return True
        time.sleep(0.02)
    return False


def kill(process: subprocess.Popen[bytes], what: str) -> None:
    """Kill the whole group, the command alone, or first one of the processes that compute."""
    if what == "worker":
        listed = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
        for pid in listed.stdout.split()[-1:]:
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.3)
    if what == "command":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until_nothing_is_held(runs: Path) -> None:
    """Those whose command is gone end by themselves."""
    while held(runs):
        time.sleep(0.02)


def test_kills_at_random_moments_leave_a_store_that_loads_and_ends_in_the_same_numbers(
    undisturbed: dict[str, Any], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs, chance, data = tmp_path / "runs", random.Random(0), data_root(tmp_path_factory)
    kills, interrupted = 0, 0
    while kills < KILLS:
        process = start(words(runs, data), tmp_path / "log.txt")
        if not wait_until_a_cell_is_taken_up(runs, process):
            assert process.returncode == 0, (tmp_path / "log.txt").read_text()[-2000:]
            assert numbers(runs) == undisturbed  # done in spite of the kills: on with an empty store
            runs = tmp_path / f"runs-{kills}"
            continue
        time.sleep(chance.uniform(0, LONGEST))
        kill(process, chance.choice(["group", "command", "worker"]))
        wait_until_nothing_is_held(runs)
        kills += 1
        interrupted += any(not (folder / "cell.json").exists() for folder in runs.glob("cells/*"))
        results.load(runs)  # whatever is there can be read
        broken = [each["reason"] for each in records(runs).values() if each["status"] != "done"]
        assert all("was killed by signal 9" in reason or reason.endswith(" failed") for reason in broken), broken
    assert main(words(runs, data)) == 0
    assert numbers(runs) == undisturbed
    assert len(results.load(runs)["key"].unique()) == CELLS
    assert interrupted > 2  # of the twenty; how many depends on the speed of the machine


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
