"""A benchmark that is killed within one task after the other: each goes on alone, and all end in the same numbers."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from broken_runs import start_and_kill_when
from clbench_runs import contents, data_root, records

from benchmark.cli import main

TASKS = ("semi_10", "voc")  # a loop of ours and mmengine's, which segmentation has too
CHANGES = (
    "tasks.semi_10.epochs=40",
    "tasks.voc.overrides={'train_cfg.max_iters': 12, 'checkpoint_interval': 2}",
)


def words(runs: Path, data: Path) -> list[str]:
    places = ["--runs", str(runs), "--data-root", str(data)]
    changes = [word for change in CHANGES for word in ("--set", change)]
    return ["bench", "--config", "smoke", "--objectives", "random", "--tasks", ",".join(TASKS), *places, *changes]


def metrics(runs: Path) -> dict[str, Any]:
    return {name: record["metrics"] for name, record in records(runs).items()}


def unfinished(runs: Path) -> set[Path]:
    """Folders of the cells that have left a checkpoint."""
    return {path.parents[1] for path in runs.glob("cells/*/work/*.pth")}


def another_unfinished(runs: Path, known: set[Path]) -> bool:
    return bool(unfinished(runs) - known)


def test_every_task_that_is_killed_goes_on_and_the_finished_cells_stay(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    data, straight, killed = data_root(tmp_path_factory), tmp_path / "straight", tmp_path / "killed"
    assert main(words(straight, data)) == 0

    for number, task in enumerate(TASKS):
        done = {name: contents(killed / "cells" / record["key"]) for name, record in records(killed).items()}
        assert len(done) == number  # the backbone, and the tasks before the one that was killed last
        known = unfinished(killed)
        start_and_kill_when(words(killed, data), partial(another_unfinished, killed, known))
        (left,) = unfinished(killed)
        assert not (left / "cell.json").exists()
        assert all(contents(killed / "cells" / records(killed)[name]["key"]) == files for name, files in done.items())
        assert f"random/0/{task}" not in records(killed)

    capsys.readouterr()
    assert main(words(killed, data)) == 0
    assert "1 computed, 2 kept, 0 failed" in capsys.readouterr().out
    assert metrics(killed) == metrics(straight)
    assert not list(killed.glob("cells/*/work"))
