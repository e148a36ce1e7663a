"""A pretraining on two processes: whole, stopped, killed, and gone wrong on one of them."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from broken_runs import GOING_WRONG, start_and_wait
from clbench_runs import data_root, records

from benchmark.cli import main

STEPS = 24


def words(command: str, runs: Path, data: Path) -> list[str]:
    begin = [command, "--config", "smoke", "--objectives", "mrcl"]
    begin += ["--tasks", "classification"] if command == "bench" else []
    changes = ["processes=2", "threads=1", f"training.epochs={STEPS // 2}", "logging.checkpoint=2"]
    # Everything that a checkpoint has to hold at once: masks from the objective's own stream, a target, a queue.
    changes += ["objectives.infonce.queue=100"]
    places = ["--runs", str(runs), "--data-root", str(data)]
    return [*begin, *places, *(word for change in changes for word in ("--set", change))]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_root(tmp_path_factory)


@pytest.fixture(scope="module")
def straight(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs folder of a command that nobody stopped."""
    runs = tmp_path_factory.mktemp("straight")
    assert main(words("bench", runs, data)) == 0
    return runs


def cell(runs: Path) -> Path:
    (found,) = [path.parent for path in runs.glob("cells/*/lock")]
    return found


def weights(runs: Path) -> dict[str, torch.Tensor]:
    key = records(runs)["mrcl/0/None"]["key"]
    loaded: dict[str, torch.Tensor] = torch.load(runs / "cells" / key / "backbone.pth", weights_only=True)
    return loaded


def saved(runs: Path) -> dict[str, Any]:
    """The checkpoint that a training has left."""
    checkpoint: dict[str, Any] = torch.load(cell(runs) / "checkpoint.pth", weights_only=False)
    return checkpoint


def rows(folder: Path) -> list[list[str]]:
    with (folder / "scalars.csv").open(newline="") as file:
        return list(csv.reader(file))[1:]


def test_a_bench_on_two_processes_has_every_number_and_one_writer(straight: Path) -> None:
    found = records(straight)
    pretrained, evaluated = found["mrcl/0/None"], found["mrcl/0/classification"]
    assert pretrained["inputs"]["processes"] == 2
    assert pretrained["costs"]["images"] == 32 * STEPS
    assert pretrained["costs"]["peak_memory_bytes"] > 2**20
    assert evaluated["status"] == "done"
    folder = straight / "cells" / pretrained["key"]
    assert [int(row[0]) for row in rows(folder) if row[1] == "reconstruct"] == list(range(1, STEPS + 1))
    assert len(list(folder.rglob("events.out.tfevents*"))) == 1
    assert not {"checkpoint.pth", "checkpoint.tmp", "torchrun"} & {path.name for path in folder.iterdir()}


def alive(group: int) -> Iterator[str]:
    """Ids of the processes of a group; those that only wait to be collected are dead."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, found = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # it ended while we looked
            continue
        if int(found) == group and state not in "ZX":
            yield path.parent.name


def is_gone(group: int) -> bool:
    """Whether all processes of a group end within ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not list(alive(group)):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes as Linux shows them")
def test_a_bench_that_was_stopped_and_killed_leaves_no_process_and_ends_in_the_same_bits(
    tmp_path: Path, data: Path, straight: Path
) -> None:
    stopped = start_and_wait(words("pretrain", tmp_path, data), tmp_path, at=3)
    assert "network.backbone.conv1.weight" in saved(tmp_path)["state_dict"]  # as one process writes it
    assert len(list(alive(stopped.pid))) >= 4  # the command, the cell and its two processes
    os.killpg(stopped.pid, signal.SIGINT)  # Ctrl-C in a terminal
    assert stopped.wait() == 130
    assert is_gone(stopped.pid)
    assert saved(tmp_path)["meta"]["iter"] == 2

    killed = start_and_wait(words("pretrain", tmp_path, data), tmp_path, at=5)
    killed.kill()  # the command alone
    killed.wait()
    assert is_gone(killed.pid)
    assert saved(tmp_path)["meta"]["iter"] == 4
    assert not (cell(tmp_path) / "cell.json").exists()

    assert main(words("pretrain", tmp_path, data)) == 0
    whole, resumed = weights(straight), weights(tmp_path)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    pretrained = tmp_path / "cells" / records(tmp_path)["mrcl/0/None"]["key"]
    assert [int(row[0]) for row in rows(pretrained) if row[1] == "reconstruct"] == list(range(1, STEPS + 1))


def test_what_goes_wrong_on_one_process_ends_both_and_is_the_reason(tmp_path: Path, data: Path) -> None:
    (tmp_path / "wrong.py").write_text(GOING_WRONG)
    command = ["pretrain", "--config", "smoke", "--objectives", "diverging,killed", "--import", "wrong"]
    command += ["--runs", "runs", "--data-root", str(data), "--set", "processes=2", "--set", "threads=1"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", *command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    found = {name.partition("/")[0]: record for name, record in records(tmp_path / "runs").items()}
    assert all(record["status"] == "failed" for record in found.values())
    checkpoint = f"runs/cells/{found['diverging']['key']}/checkpoint.pth"
    wanted = rf"loss is not finite at step 3 \(pull=[\d.e-]+, push=nan\); last checkpoint kept at {checkpoint}"
    assert re.fullmatch(wanted, found["diverging"]["reason"])
    assert (tmp_path / checkpoint).exists()
    assert found["killed"]["reason"].startswith("process 1 was killed by signal 9 (SIGKILL) (see ")
