"""A cell that goes wrong is marked, says why, and leaves the rest of the grid alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from broken_runs import GOING_WRONG
from clbench_runs import data_root, records


def test_rows_that_go_wrong_say_why_and_the_others_go_on(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "wrong.py").write_text(GOING_WRONG)
    words = ["bench", "--config", "smoke", "--objectives", "diverging,killed,random", "--import", "wrong"]
    words += ["--tasks", "classification", "--runs", "runs", "--data-root", str(data_root(tmp_path_factory))]
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "2 computed, 0 kept, 4 failed" in done.stdout

    found = records(tmp_path / "runs")
    assert {name: record["status"] for name, record in found.items()} == {
        **{f"{name}/0/{task}": "failed" for name in ("diverging", "killed") for task in PARTS},
        **{f"random/0/{task}": "done" for task in PARTS},
    }
    checkpoint = f"runs/cells/{found['diverging/0/None']['key']}/checkpoint.pth"
    wanted = rf"loss is not finite at step 3 \(pull=[\d.e-]+, push=nan\); last checkpoint kept at {checkpoint}"
    assert re.fullmatch(wanted, found["diverging/0/None"]["reason"])
    assert f"diverging seed 0: FAILED: {found['diverging/0/None']['reason']}" in done.stdout
    assert (tmp_path / checkpoint).exists()
    assert "was killed by signal 9" in found["killed/0/None"]["reason"]
    assert found["diverging/0/classification"]["reason"] == "diverging seed 0 failed"
    assert all(record["metrics"] == [] for record in found.values() if record["status"] == "failed")
    assert (tmp_path / "runs/tables/smoke-table.md").exists()


PARTS = (None, "classification")
