"""The known-answer parts as users meet them: real cells, a checkpoint asked for its factors, mistakes."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from broken_runs import start_and_kill
from clbench_runs import contents, data_root, records

from benchmark import bench, preflight
from benchmark.cells import Cell
from benchmark.cli import build_parser, main
from benchmark.config import load
from benchmark.data.pretraining import NO_IMAGES
from benchmark.imported import Checkpoint, import_cell, with_row
from benchmark.options import request
from benchmark.plan import evaluate_cell, pretrain_cell
from downstream.backbone import Backbone, BackboneSpec
from downstream.imagefolder import ImageSet
from objectives.registry import load_objectives
from results.store.loading import load as load_results

ROOT = Path(__file__).parents[2]
ROWS = ("random", "infonce", "supervised")
SHARED = ("shape", "size", "x", "y")
OTHERS = ("texture", "hue", "rotation", "background_hue", "background_texture")
PAIRED = {
    *("alignment_squared", "lidar_dims", "infonce_information_nats", "infonce_ceiling_nats", "infonce_saturated"),
    *("infonce_bias_nats", "ksg_information_nats", "ksg_bias_nats", "decoder_information_nats", "decoder_bias_nats"),
    *("noise_information_nats", "noise_bias_nats"),
}
UNPAIRED = {"uniformity_nats", "spread", "rankme_dims", "effective_rank_dims"}
SMALL = (
    *("data.factors.pretrain=96", "data.factors.train=64", "data.factors.test=64"),
    *("training.epochs=1", "training.batch=32", "model.width=0.125", "threads=1", "logging.interval=1"),
)
FEW = (
    *("tasks.representation.images=64", "tasks.representation.pairs=64"),
    *("tasks.factors.epochs=2", "tasks.factors.penalties=(1.0, 0.1)"),
)


def sets(*changes: str) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


def words(command: str, runs: Path, data: Path, *changes: str) -> list[str]:
    places = ["--runs", str(runs), "--data-root", str(data)]
    return [command, "--config", "factor_shapes", *places, *sets(*SMALL, *changes)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the scenes are written by the first command that asks for them."""
    return tmp_path_factory.mktemp("data")


def compute(runs: Path, data: Path) -> int:
    """A bench without its tables and figures."""
    command = [*words("bench", runs, data, *FEW), "--objectives", ",".join(ROWS)]
    return bench.run(request(build_parser().parse_args(command), tasks="all"), stages=("pretrain", "evaluate"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """Three rows on both tasks."""
    folder = tmp_path_factory.mktemp("runs")
    assert compute(folder, data) == 0
    return folder


def values(record: dict[str, Any], split: str = "test") -> dict[str, float]:
    return {metric["metric"]: metric["value"] for metric in record["metrics"] if metric["split"] == split}


@pytest.mark.parametrize("row", ROWS)
def test_a_pretraining_keeps_its_projector_and_what_is_known_of_its_views(runs: Path, row: str) -> None:
    record = records(runs)[f"{row}/0/None"]
    known = values(record, "train")
    assert record["status"] == "done"
    assert known["known_shared_nats"] == pytest.approx(math.log(8 * 4 * 4 * 4))
    assert known["known_shared_nats"] + known["known_non_shared_nats"] == pytest.approx(known["known_entropy_nats"])
    assert {f"known_{name}_nats" for name in (*SHARED, *OTHERS)} < set(known)
    folder = runs / "cells" / record["key"]
    assert (folder / "backbone.pth").exists()
    assert (folder / "projector.pth").exists()


@pytest.mark.parametrize("row", ROWS)
def test_the_retention_of_a_group_is_what_was_found_of_its_factors_over_their_entropy(runs: Path, row: str) -> None:
    record = records(runs)[f"{row}/0/factors"]
    found = values(record)
    for probe in ("linear", "mlp", "z_linear", "z_mlp"):
        for group, names in (("", (*SHARED, *OTHERS)), ("_shared", SHARED), ("_non_shared", OTHERS)):
            nats = sum(found[f"{probe}_{name}_nats"] for name in names)
            entropy = sum(found[f"entropy_{name}_nats"] for name in names)
            assert found[f"{probe}_retention{group}"] == pytest.approx(min(1, max(0, nats / entropy)), rel=1e-5)
            assert f"{probe}_retention{group}" in values(record, "val")


@pytest.mark.parametrize("row", ROWS)
def test_features_are_measured_with_pairs_of_views_and_kept(runs: Path, row: str) -> None:
    record = records(runs)[f"{row}/0/representation"]
    found = values(record)
    assert set(found) == PAIRED | UNPAIRED
    assert found["infonce_ceiling_nats"] == pytest.approx(math.log(64))
    assert all(math.isfinite(value) for value in found.values())
    features = np.load(runs / "cells" / record["key"] / "features.npy")
    assert (features.dtype, features.shape) == (np.float16, (64, 64))


def test_results_read_all_of_it(runs: Path) -> None:
    found = load_results(runs)
    assert set(found["objective"]) == set(ROWS)
    assert set(found["shared"][found["objective"] != "random"]) == {", ".join(SHARED)}
    assert {"known_shared_nats", "z_mlp_retention_non_shared", "lidar_dims"} < set(found["metric"])
    assert found["value"].notna().all()


def test_the_same_call_computes_nothing_and_every_cell_is_done(
    runs: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(runs / "cells")
    assert compute(runs, data) == 0
    said = capsys.readouterr().out
    assert "0 computed, 9 kept, 0 failed" in said
    assert "views: I(v1; v2) = 6.24 of H(v1) = 14.93 nats; shared: shape 2.08, x 1.39" in said
    assert contents(runs / "cells") == before
    assert main(["status", "--json", "--runs", str(runs)]) == 0
    assert {each["state"] for each in json.loads(capsys.readouterr().out)} == {"done"}


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
    assert {name for name in before if before[name].key != after[name].key} == changed


def test_a_torchvision_checkpoint_is_asked_for_its_factors_without_a_projector(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    torch.manual_seed(0)
    spec = BackboneSpec(10, 0.125, "imagenet", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    torch.save(Backbone(spec).state_dict(), tmp_path / "mine.pth")
    smoke = ("data.tree=smoke", "data.pretrain=smoke/pretrain/images", "data.labels=smoke/pretrain/factors.csv")
    trees = ("tasks.factors.data=smoke/classification", "tasks.representation.data=smoke/classification/test")
    numbers = asdict(load("smoke").data)["shapes"]
    changes = sets(*smoke, f"data.shapes={numbers}", *trees, *FEW)
    places = ["--runs", str(tmp_path / "runs"), "--data-root", str(data_root(tmp_path_factory))]
    file = ["--checkpoint", str(tmp_path / "mine.pth"), "--arch", "resnet10x0.125"]
    tasks = ["--tasks", "factors,representation"]
    assert main(["evaluate", "--config", "information", *places, *tasks, *file, *changes, *sets("threads=1")]) == 0
    found = records(tmp_path / "runs")
    assert {record["status"] for record in found.values()} == {"done"}
    assert set(values(found["mine/0/representation"])) == PAIRED | UNPAIRED
    factors = values(found["mine/0/factors"])
    assert {"linear_retention", "mlp_light_strength_nats", "linear_background_hue_r2"} < set(factors)
    assert not [name for name in factors if name.startswith("z_") or "shared" in name]


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
        ("infonce", "views.factors.shared=('colour',)", "factors: must be among shape, texture, hue, "),
        ("infonce", "views.factors.shared=('hue', 'hue')", "factors: each is named once, got hue, hue"),
        ("infonce", "views.factors.noise=1.5", "views: factors.noise must be in [0, 1), got 1.5"),
        ("infomin", "views.factors.noise=0.1", "infomin: a jigsaw puzzle shows every factor, views.factors must be"),
        (
            "infonce",
            "data.shapes={'seed': 0, 'image_size': 64, 'pretrain': 64, 'classification_train': 64, "
            "'classification_test': 32, 'dense_train': 24, 'dense_test': 8}",
            "data: one of shapes and factors must be None, got both",
        ),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_computed(
    objective: str, change: str, message: str, tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words("pretrain", tmp_path, data, change), "--objectives", objective]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("clbench: ")
    assert said.err.count("\n") == 1
    assert message in said.err
    assert not (tmp_path / "cells").exists()


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


def test_a_killed_pretraining_on_rendered_views_goes_on_and_ends_in_the_same_bits(tmp_path: Path, data: Path) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    command, changes = ["--objectives", "infonce"], ("training.epochs=8", "logging.checkpoint=2")
    assert main([*words("pretrain", straight, data, *changes), *command]) == 0
    resumed = [*words("pretrain", killed, data, *changes), *command]
    cell = start_and_kill(resumed, killed)[0].parent
    assert not (cell / "backbone.pth").exists()
    assert main(resumed) == 0
    whole, again = (torch.load(runs / "cells" / cell.name / "backbone.pth") for runs in (straight, killed))
    assert whole.keys() == again.keys()
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def contrasts(runs: Path) -> list[float]:
    """The loss of every step."""
    (file,) = runs.glob("cells/*/scalars.csv")
    with file.open(newline="") as lines:
        return [float(line["value"]) for line in csv.DictReader(lines) if line["name"] == "contrast"]


def test_two_processes_render_the_views_of_one(tmp_path: Path, data: Path) -> None:
    """Weights move little in the first steps, so other views would show in the losses, and rounding does not."""
    for processes in (1, 2):
        command = words("pretrain", tmp_path / str(processes), data, f"processes={processes}", "training.lr=1e-4")
        assert main([*command, "--objectives", "infonce"]) == 0
    one, two = contrasts(tmp_path / "1"), contrasts(tmp_path / "2")
    assert len(one) == 3
    assert two == pytest.approx(one, rel=1e-4)


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
