"""What a change of code or config makes stale: edits of real files, in a copy of the project."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROWS = ("random", "infonce", "byol", "infocl", "mrcl")
TRAINED = {"infonce", "byol", "infocl", "mrcl"}
TASKS = ("classification", "voc")

WRITE = (Path(__file__).parent / "written_grids.py").read_text()

# Applies one edit after the other, each to the unchanged files, and prints what is stale then and why.
EDIT = """
import json, sys
from pathlib import Path
from benchmark import plan, source_digest
from benchmark.states import states
from objectives.registry import load_objectives

load_objectives()
found = []
for file, old, new in json.loads(sys.stdin.read()):
    text = Path(file).read_text()
    assert old in text, (file, old)
    Path(file).write_text(text.replace(old, new, 1))
    plan._resolved_text.cache_clear()
    source_digest.source_digest.cache_clear()
    source_digest.module_digests.cache_clear()
    every = states(Path(sys.argv[1]))
    found.append({each.name: each.reason for each in every if each.state == "stale"})
    assert len(every) == 30, len(every)
    Path(file).write_text(text)
print(json.dumps(found))
"""

MATHS = ("objectives/mrcl.py", "objectives/decoder.py", "objectives/byol.py", "objectives/infonce.py")
EDITS: dict[str, tuple[str, str, str]] = {
    "comment": ("objectives/infonce.py", "\n\n\ndef ", "\n\n\n# a remark\ndef "),
    "docstring": ("objectives/infonce.py", '"""', '"""Other words. '),
    "logging": ("configs/bench/smoke.py", "interval=1,", "interval=7,"),
    "another objective": ("objectives/superinfo.py", "\n\n\ndef ", "\n\n\nNOTHING = 0\n\n\ndef "),
    "maths": ("objectives/mrcl.py", "\n\n\ndef ", "\n\n\nNOTHING = 0\n\n\ndef "),
    "imported": ("objectives/decoder.py", "\n\n\ndef ", "\n\n\nNOTHING = 0\n\n\ndef "),
    "base": ("objectives/byol.py", "\n\n\ndef ", "\n\n\nNOTHING = 0\n\n\ndef "),
    "loop": ("benchmark/pretrain.py", "\n\n\ndef ", "\n\n\nNOTHING = 0\n\n\ndef "),
    "probe": ("downstream/classification.py", "\n\n\ndef ", "\n\n\nNOTHING = 0\n\n\ndef "),
    "temperature": ("configs/bench/shapes.py", "temperature=0.2", "temperature=0.3"),
    "rate": ("configs/bench/shapes.py", "lr=4e-3", "lr=5e-3"),
    "detector": ("configs/downstream/shapes_voc.py", "lr=1e-3", "lr=0.123"),
}


def run(copy: Path, code: str, *words: str, given: str = "") -> str:
    """Run code on the copy of the project."""
    environment = os.environ | {"PYTHONPATH": str(copy)}
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, cwd=copy, env=environment, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, and in its folder `runs` a grid that is done."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("benchmark", "objectives", "downstream", "results", "configs"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    run(folder, WRITE, "runs", ",".join(ROWS), ",".join(TASKS))
    return folder


@pytest.fixture(scope="module")
def stale(copy: Path) -> dict[str, dict[str, str]]:
    """By the name of the edit: the names of the cells that it makes stale, and why they are."""
    found = json.loads(run(copy, EDIT, "runs", given=json.dumps(list(EDITS.values()))))
    return dict(zip(EDITS, found, strict=True))


def cells_of(rows: set[str], tasks: tuple[str | None, ...] = (None, *TASKS)) -> set[str]:
    return {
        f"{row} seed {seed}{'' if task is None else f' on {task}'}" for row in rows for seed in (0, 1) for task in tasks
    }


@pytest.mark.parametrize("edit", ["comment", "docstring", "logging", "another objective"])
def test_what_changes_no_number_makes_nothing_stale(stale: dict[str, dict[str, str]], edit: str) -> None:
    assert stale[edit] == {}


@pytest.mark.parametrize(
    ("edit", "rows"),
    [
        ("maths", {"mrcl"}),
        ("imported", {"infocl", "mrcl"}),
        ("base", {"byol"}),
        ("loop", TRAINED | {"random"}),
        ("temperature", {"infonce", "infocl", "mrcl"}),
        ("rate", TRAINED),
    ],
)
def test_a_change_makes_exactly_the_rows_stale_that_it_can_change(
    stale: dict[str, dict[str, str]], edit: str, rows: set[str]
) -> None:
    assert set(stale[edit]) == cells_of(rows)


@pytest.mark.parametrize(("edit", "task"), [("probe", "classification"), ("detector", "voc")])
def test_a_change_of_a_task_makes_its_evaluations_stale_and_no_pretraining(
    stale: dict[str, dict[str, str]], edit: str, task: str
) -> None:
    assert set(stale[edit]) == cells_of(set(ROWS), (task,))


def test_the_reason_names_what_has_changed(stale: dict[str, dict[str, str]]) -> None:
    assert stale["maths"]["mrcl seed 0"] == "code of objectives.mrcl"
    assert stale["maths"]["mrcl seed 0 on voc"] == "what it starts from: code of objectives.mrcl"
    assert stale["imported"]["infocl seed 1"] == "code of objectives.decoder"
    assert stale["temperature"]["infonce seed 0"] == "arguments.temperature 0.3 instead of 0.2"
    assert stale["temperature"]["mrcl seed 0"] == "arguments.base.temperature 0.3 instead of 0.2"
    assert stale["rate"]["byol seed 0"] == "training.lr 0.005 instead of 0.004"
    assert stale["probe"]["byol seed 0 on classification"] == "code of downstream.classification"


def status(copy: Path, runs: str) -> list[dict[str, Any]]:
    code = "import sys; from benchmark.cli import main; sys.exit(main(sys.argv[1:]))"
    found: list[dict[str, Any]] = json.loads(run(copy, code, "status", "--json", "--runs", runs))
    return found


def test_another_seed_leaves_the_first_ones_done_and_another_temperature_does_not(copy: Path) -> None:
    before = status(copy, "runs")
    assert {(each["state"], each["reason"]) for each in before} == {("done", "")}
    shutil.copytree(copy / "runs", copy / "other")
    run(copy, WRITE, "other", "infonce", ",".join(TASKS), "objectives.infonce.temperature=0.7")
    found = status(copy, "other")
    assert {each["name"] for each in found if each["state"] == "stale"} == cells_of({"infonce"})
    reasons = {each["reason"] for each in found if each["state"] == "stale" and each["name"] == "infonce seed 1"}
    assert reasons == {"arguments.temperature 0.7 instead of 0.2"}
    done = [each for each in found if each["state"] == "done"]
    assert {each["name"] for each in done} == cells_of(set(ROWS))
    assert len(done) == 30
