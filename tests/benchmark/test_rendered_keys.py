"""Rendered views on the command line: what enters the keys, what is refused, what an edit makes stale."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clbench_runs import contents

from benchmark import preflight
from benchmark.cells import Cell
from benchmark.cli import main
from benchmark.config import load
from benchmark.data.pretraining import NO_IMAGES
from benchmark.imported import Checkpoint, import_cell, with_row
from benchmark.plan import evaluate_cell, pretrain_cell
from downstream.backbone import BackboneSpec
from downstream.imagefolder import ImageSet
from objectives.registry import load_objectives

ROOT = Path(__file__).parents[2]
SHARED = ("shape", "size", "x", "y")
SMALL = ("data.factors.pretrain=96", "data.factors.train=64", "data.factors.test=64", "training.batch=32")


def test_a_pretraining_that_shares_less_is_another_and_so_are_its_evaluations() -> None:
    first, second = (cells_of(row="infonce", shared=shared) for shared in (("hue",), ("hue", "x")))
    assert all(first[name].key != second[name].key for name in ("pretrain", "factors", "representation"))


def cells_of(*changes: str, row: str, shared: tuple[str, ...] = SHARED, digest: str = "images") -> dict[str, Cell]:
    """The cells of a row by "pretrain" or their task."""
    load_objectives()
    config = load("factor_shapes", (*SMALL, f"views.factors.shared={shared!r}", *changes))
    data = preflight.Data(
        ImageSet(NO_IMAGES.images, NO_IMAGES.labels, (), digest), {task: f"data of {task}" for task in config.tasks}
    )
    if row == "imported":
        spec = BackboneSpec(10, 0.125, "cifar", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
        config = with_row(config, Checkpoint(Path("imported.pth"), row, spec, "torchvision"))
        pretrained = import_cell({"objective": "checkpoint"}, "factor_shapes", row=row, seed=0)
    else:
        pretrained = pretrain_cell(config, "factor_shapes", row=row, seed=0, data=data)
    tasks = {task: evaluate_cell(config, pretrained, task=task, data=data) for task in config.tasks}
    return {"pretrain": pretrained, **tasks}


@pytest.mark.parametrize("row", ["random", "imported"])
@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"shared": ("hue",)}, {"factors", "representation"}),
        ({"digest": "other images"}, {"representation"}),
        ({"changes": ("views.factors.noise=0.1",)}, {"representation"}),
        ({"changes": ("views.factors=None",)}, {"factors", "representation"}),
        ({"changes": ("tasks.factors.hidden=32",)}, {"factors"}),
        ({"changes": ("training.lr=1e-3",)}, set()),
    ],
)
def test_of_a_row_that_is_not_trained_here_the_key_follows_what_its_tasks_look_at(
    row: str, change: dict[str, Any], changed: set[str]
) -> None:
    others = {name: value for name, value in change.items() if name != "changes"}
    before, after = cells_of(row=row), cells_of(*change.get("changes", ()), row=row, **others)
    own = changed - {"factors"} if row == "imported" and "hidden" not in str(change) else changed  # nobody knows
    assert {name for name in before if before[name].key != after[name].key} == own


GENERATOR = (
    "views.generator={'colour': {'space': 'ydbdr', 'flow': 'none', 'blocks': 0, 'hidden': 0, 'mean': (0.4, 0.0, 0.0), "
    "'std': (0.5, 1.0, 1.0)}, 'training': None}"
)


@pytest.mark.parametrize(
    ("objective", "change", "message"),
    [
        ("infonce", "data.factors=None", "data.factors must say which scenes rendered views are of, got None"),
        ("infonce", "data.limit=50", "data.limit must be 0 with rendered views, got 50"),
        ("infonce", "views.size=24", "views.size must be the image_size of data and of data.factors with rendered"),
        ("infonce", "data.pretrain=mine/images", "data.pretrain must be factor_shapes/pretrain with rendered views"),
        ("infonce", GENERATOR, "views.generator must be None with rendered views, got one"),
        ("infonce", "views.patch_pair={'size': 16, 'distance': 8.0}", "views.patch_pair must be None with rendered"),
        ("infonce", "views.factors.shared=('colour',)", "views.factors.shared: unknown factor 'colour'."),
        (
            "infonce",
            "views.factors.shared=('hue', 'hue')",
            "views.factors.shared: each factor is named once, got hue, hue",
        ),
        ("infonce", "views.factors.noise=1.5", "views.factors.noise must be in [0, 1), got 1.5"),
        ("infomin", "views.factors.noise=0.1", "infomin: a jigsaw puzzle shows every factor, views.factors.mode must"),
        (
            "infonce",
            "data.shapes={'seed': 0, 'image_size': 64, 'pretrain': 64, 'classification_train': 64, "
            "'classification_test': 32, 'dense_train': 24, 'dense_test': 8}",
            "data: one of shapes and factors must be None, got both",
        ),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_computed(
    objective: str, change: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = [word for each in (*SMALL, change) for word in ("--set", each)]
    places = ["--runs", str(tmp_path / "runs"), "--data-root", str(tmp_path / "data")]
    command = ["pretrain", "--config", "factor_shapes", "--objectives", objective, *places, *changes]
    assert main(command) == 2
    said = capsys.readouterr()
    assert said.err.startswith("clbench: ")
    assert said.err.count("\n") == 1
    assert message in said.err
    assert not (tmp_path / "runs" / "cells").exists()


def test_the_scenes_can_be_written_alone_and_never_over_other_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.py"
    sizes = "data = dict(factors=dict(pretrain=4, train=2, test=2))"
    mine.write_text(f'_base_ = "{ROOT}/configs/bench/factor_shapes.py"\n{sizes}\n')
    command = ["data", "factor_shapes", "--config", str(mine), "--out"]
    assert main([*command, str(tmp_path / "scenes")]) == 0
    before = contents(tmp_path / "scenes")
    assert len([file for file in before if file.endswith(".png")]) == 8
    assert main([*command, str(tmp_path / "scenes")]) == 0
    assert contents(tmp_path / "scenes") == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other/mine.txt").write_text("mine")
    capsys.readouterr()
    assert main([*command, str(tmp_path / "other")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "must be empty or hold a complete data set" in said
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["mine.txt"]
    assert main(["data", "factor_shapes", "--config", "shapes", "--out", str(tmp_path / "third")]) == 2
    assert capsys.readouterr().err == "clbench: data: config 'shapes' makes no factor_shapes\n"


def test_config_and_families_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert "tasks: factors, representation" in said
    assert "information" in said


# Lays out a grid, then edits the module of rendered views, and prints what is stale then and why.
EDIT = """
import json
from pathlib import Path
from benchmark import source_digest
from benchmark.states import states
from written_grids import write_grid

write_grid(Path("runs"), rows=["random", "infonce"], tasks=["factors", "representation"], seeds=[0],
           config="factor_shapes")
assert {each.state for each in states(Path("runs"))} == {"done"}
file = Path("benchmark/views/rendered.py")
file.write_text(file.read_text() + "\\n\\nNOTHING = 0\\n")
source_digest.source_digest.cache_clear()
source_digest.module_digests.cache_clear()
print(json.dumps({each.name: each.reason for each in states(Path("runs")) if each.state == "stale"}))
"""


def test_other_code_of_rendered_views_makes_factor_probes_stale_by_their_pretraining_alone(tmp_path: Path) -> None:
    for package in ("benchmark", "objectives", "downstream", "results", "configs"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parent)])
    command = [sys.executable, "-c", EDIT]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    stale = json.loads(done.stdout)
    of_views = "code of benchmark.views.rendered"
    assert stale["infonce seed 0"] == of_views
    assert stale["infonce seed 0 on factors"] == f"what it starts from: {of_views}"
    assert of_views in stale["random seed 0 on representation"]
    assert stale["random seed 0 on factors"] == f"what it starts from: {of_views}"
