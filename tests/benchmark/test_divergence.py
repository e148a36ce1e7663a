"""A cell that goes wrong is marked, says why, and leaves the rest of the grid alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from clbench_runs import data_root, records

PLUGIN = '''"""Objectives that go wrong."""

import os

from objectives.contract import Dims, Objective
from objectives.registry import OBJECTIVES


@OBJECTIVES.register_module("diverging")
class Diverging(Objective):
    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.step = 0

    def forward(self, views, net):
        self.step += 1
        size = net.encode(views.x1).h.square().mean()
        return {"pull": size, "push": size * (float("nan") if self.step == 3 else 1)}


@OBJECTIVES.register_module("crashing")
class Crashing(Objective):
    def __init__(self, dims: Dims) -> None:
        super().__init__()

    def forward(self, views, net):
        os.abort()
'''


def test_rows_that_go_wrong_say_why_and_the_others_go_on(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "wrong.py").write_text(PLUGIN)
    words = ["bench", "--config", "smoke", "--objectives", "diverging,crashing,random", "--import", "wrong"]
    words += ["--tasks", "classification", "--runs", "runs", "--data-root", str(data_root(tmp_path_factory))]
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "2 computed, 0 kept, 4 failed" in done.stdout

    found = records(tmp_path / "runs")
    assert {name: record["status"] for name, record in found.items()} == {
        **{f"{name}/0/{task}": "failed" for name in ("diverging", "crashing") for task in PARTS},
        **{f"random/0/{task}": "done" for task in PARTS},
    }
    checkpoint = f"runs/cells/{found['diverging/0/None']['key']}/checkpoint.pth"
    wanted = rf"loss is not finite at step 3 \(pull=[\d.e-]+, push=nan\); last checkpoint kept at {checkpoint}"
    assert re.fullmatch(wanted, found["diverging/0/None"]["reason"])
    assert f"diverging seed 0: FAILED: {found['diverging/0/None']['reason']}" in done.stdout
    assert (tmp_path / checkpoint).exists()
    assert "was killed by signal 6" in found["crashing/0/None"]["reason"]
    assert found["diverging/0/classification"]["reason"] == "diverging seed 0 failed"
    assert all(record["metrics"] == [] for record in found.values() if record["status"] == "failed")
    assert (tmp_path / "runs/tables/smoke-table.md").exists()


PARTS = (None, "classification")
