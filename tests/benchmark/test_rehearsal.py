"""Rehearsals in a process of their own, also with libraries that break it."""

import multiprocessing
import queue
import re
import shutil
from dataclasses import replace
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from clbench_runs import data_root

from benchmark import progress, rehearsal
from benchmark.cells import Cell
from benchmark.cli import main
from benchmark.config import BenchConfig, load
from benchmark.findings import Findings
from benchmark.plan import plan
from benchmark.preflight import Data, Places
from benchmark.rehearsal import Rehearsal, Stage, needed, rehearse
from downstream.imagefolder import ImageSet
from objectives.registry import load_objectives

load_objectives()
IMAGES = ImageSet(torch.zeros(64, 3, 8, 8, dtype=torch.uint8), torch.arange(64) % 8, tuple("abcdefgh"), "pixels")
TASKS = ("classification", "voc")


def chains(config: BenchConfig, *, rows: tuple[str, ...] = ("infonce",), seeds: tuple[int, ...] = (0,)) -> list[Cell]:
    data = Data(IMAGES, {task: f"data of {task}" for task in TASKS})
    return [cell for chain in plan(config, "smoke", rows=rows, seeds=seeds, tasks=TASKS, data=data) for cell in chain]


def rehearsals(*overrides: str) -> list[Rehearsal]:
    config = load("smoke", overrides)
    return needed(chains(config), config, device="cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = data_root(tmp_path_factory)
    if not (root / "smoke/dataset.json").exists():
        assert main(["data", "shapes", "--config", "smoke", "--out", str(root / "smoke")]) == 0
    return root


@pytest.fixture
def stage(data: Path, tmp_path: Path) -> Stage:
    return Stage(Places(tmp_path / "runs", data), "cpu", threads=1)


def broken(library: str, folder: Path, code: str) -> None:
    """Write a library that the process of the rehearsals imports in the place of the installed one."""
    (folder / library).mkdir()
    (folder / library / "__init__.py").write_text(code)


def perform(which: list[Rehearsal], stage: Stage) -> tuple[dict[tuple[str, str], str], list[str]]:
    """Rehearse; return why tasks cannot run, and what is said, without progress."""
    said: list[str] = []
    reasons = rehearse(which, stage, Findings(said.append, every=True))
    return reasons, [line for line in said if not line.startswith("  ")]


def test_rows_and_seeds_with_one_shape_of_backbone_share_a_rehearsal() -> None:
    config = load("smoke")
    found = needed(chains(config, rows=("random", "infonce"), seeds=(0, 1)), config, device="cpu")
    assert [(each.task, each.rows) for each in found] == [(task, ("random", "infonce")) for task in TASKS]


def test_a_row_with_another_backbone_has_a_rehearsal_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "wide.py"
    base = Path(__file__).parents[2] / "configs/bench/smoke.py"
    file.write_text(f'_base_ = "{base}"\nrows = dict(wide=dict(objective="infonce", model=dict(width=0.5)))\n')
    config = load(str(file))
    found = needed(chains(config, rows=("infonce", "wide")), config, device="cpu")
    assert [(each.task, each.rows) for each in found] == [
        (task, (row,)) for row in ("infonce", "wide") for task in TASKS
    ]
    assert len({each.key for each in found}) == 4


@pytest.mark.parametrize(
    "override",
    ["tasks.voc.overrides={'train_cfg.max_iters': 5}", "tasks.voc.dataset=other", "model.width=0.5", "threads=3"],
)
def test_what_can_break_a_task_changes_the_key_of_its_rehearsal(override: str) -> None:
    assert {each.key for each in rehearsals(override)} != {each.key for each in rehearsals()}
    assert {each.key for each in rehearsals()} == {each.key for each in rehearsals("training.lr=1")}


def test_a_rehearsal_that_went_well_is_not_repeated_and_leaves_nothing_but_its_log(stage: Stage) -> None:
    which = rehearsals()[:1]
    reasons, said = perform(which, stage)
    assert (reasons, said) == ({}, ["rehearsing one step of classification", "classification rehearsal: ok"])
    assert sorted(path.name for path in which[0].folder(stage.places.runs).iterdir()) == ["done", "log.txt"]
    assert perform(which, stage) == ({}, ["classification rehearsal: ok"])


def test_data_that_no_step_can_be_taken_on_are_a_reason(stage: Stage, tmp_path: Path) -> None:
    elsewhere = replace(stage, places=Places(tmp_path / "runs", tmp_path / "nowhere"))
    reasons, _ = perform(rehearsals()[:1], elsewhere)
    (reason,) = reasons.values()
    assert reason.startswith(f"one step fails: image folder: {tmp_path}/nowhere/smoke/classification/train is missing")
    (log,) = (tmp_path / "runs/rehearsals").glob("*/log.txt")
    assert f"(see {log})" in reason
    assert "Traceback" in log.read_text()


def test_a_library_that_does_not_import_is_named_and_the_other_tasks_go_on(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = rehearsals()  # before configs would be looked for in the broken library
    broken("mmdet", tmp_path, 'raise ImportError("libcudart.so.11: cannot open shared object file")')
    monkeypatch.syspath_prepend(tmp_path)
    reasons, said = perform(which, stage)
    wanted = (
        "what it needs does not import: libcudart.so.11: cannot open shared object file: make setup, or pip install"
    )
    assert set(reasons) == {("infonce", "voc")}
    assert reasons["infonce", "voc"].startswith(wanted)
    assert "classification rehearsal: ok" in said
    assert len(list((tmp_path / "runs/rehearsals").glob("*/done"))) == 1


def test_a_library_that_kills_its_process_ends_one_rehearsal_alone(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = rehearsals()[::-1]  # before configs would be looked for in the broken library
    broken("mmdet", tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.syspath_prepend(tmp_path)
    reasons, said = perform(which, stage)
    assert reasons["infonce", "voc"].startswith("the process that tried one step was killed by signal 11; see ")
    assert "classification rehearsal: ok" in said
    assert list((tmp_path / "runs").glob("rehearsals/*/work*")) == []


def test_compiled_operators_that_do_not_load_are_remarked_on(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = rehearsals()[1:]  # before configs would be looked for in the broken library
    installed = find_spec("mmcv")
    assert installed is not None
    assert installed.origin is not None
    shutil.copytree(Path(installed.origin).parent, tmp_path / "mmcv", ignore=shutil.ignore_patterns("_ext*"))
    (tmp_path / "mmcv" / f"_ext{EXTENSION_SUFFIXES[0]}").write_bytes(b"of another torch")
    monkeypatch.syspath_prepend(tmp_path)
    reasons, said = perform(which, stage)
    assert reasons == {}
    assert said[-1].startswith(f"voc rehearsal: ok (mmcv: {tmp_path}/mmcv/_ext")
    assert "does not load" in said[-1]


def test_a_step_that_never_ends_is_ended(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    which = rehearsals()[1:]  # before configs would be looked for in the broken library
    broken("mmdet", tmp_path, "import time; time.sleep(3600)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(rehearsal, "LIMIT_S", 1.0)
    before = set(multiprocessing.active_children())  # an earlier test may have left some to the collector
    reasons, _ = perform(which, stage)
    assert reasons["infonce", "voc"].startswith("the process that tried one step took more than 1 s; see ")
    assert set(multiprocessing.active_children()) <= before


def test_a_check_that_takes_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.01)
    said: queue.Queue[str] = queue.Queue()
    with progress.progress_lines("voc data", said.put):
        assert re.fullmatch(r"  voc data: \d+ s", said.get(timeout=60))
