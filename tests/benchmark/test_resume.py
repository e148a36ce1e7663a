"""A pretraining that is killed goes on at the same command, and ends in the bits of one that never was."""

import csv
from pathlib import Path

import pytest
import torch
from broken_runs import start_and_kill
from clbench_runs import data_root, records

from benchmark.cli import main

STEPS, KILLED_AT = 24, 5


def words(runs: Path, data: Path) -> list[str]:
    command = ["pretrain", "--config", "smoke", "--objectives", "mrcl", "--runs", str(runs), "--data-root", str(data)]
    # Everything that a checkpoint has to hold at once: masks from the objective's own stream, a target, a queue.
    changes = [f"training.epochs={STEPS // 2}", "logging.checkpoint=2", "objectives.infonce.queue=100"]
    return [*command, *(word for change in changes for word in ("--set", change))]


def weights(runs: Path) -> dict[str, torch.Tensor]:
    key = records(runs)["mrcl/0/None"]["key"]
    loaded: dict[str, torch.Tensor] = torch.load(runs / "cells" / key / "backbone.pth", weights_only=True)
    return loaded


def rows(cell: Path) -> list[list[str]]:
    with (cell / "scalars.csv").open(newline="") as file:
        return list(csv.reader(file))[1:]


def test_a_killed_pretraining_goes_on_and_ends_in_the_same_bits(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data, straight, killed = data_root(tmp_path_factory), tmp_path / "straight", tmp_path / "killed"
    assert main(words(straight, data)) == 0

    cell = start_and_kill(words(killed, data), killed, at=KILLED_AT).parent
    assert not (cell / "cell.json").exists()
    assert not (cell / "backbone.pth").exists()
    saved_at = torch.load(cell / "checkpoint.pth", weights_only=False)["meta"]["iter"]
    assert saved_at == KILLED_AT - 1
    assert max(int(row[0]) for row in rows(cell)) == KILLED_AT  # a step that is to be taken again
    before = [row for row in rows(cell) if int(row[0]) <= saved_at]

    assert main(words(killed, data)) == 0
    whole, resumed = weights(straight), weights(killed)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert not (cell / "checkpoint.pth").exists()
    assert rows(cell)[: len(before)] == before  # with the speeds of the first process: nothing was computed again
    assert [int(row[0]) for row in rows(cell) if row[1] == "reconstruct"] == list(range(1, STEPS + 1))
