"""The known-answer parts as users meet them: real cells, a checkpoint asked for its factors, mistakes."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from broken_runs import start_and_kill
from clbench_runs import contents, data_root, records

from benchmark import bench
from benchmark.cli import build_parser, main
from benchmark.config import load
from benchmark.options import request
from downstream.backbone import Backbone, BackboneSpec
from results.store.loading import load as load_results

ROWS = ("random", "infonce", "supervised")
SHARED = ("shape", "size", "x", "y")
OTHERS = ("texture", "hue", "rotation", "background_hue", "background_texture")
PAIRED = {
    *("alignment_squared", "lidar_dims", "infonce_information_nats", "infonce_ceiling_nats", "infonce_saturated"),
    *("ksg_information_nats", "decoder_information_nats", "noise_information_nats"),
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


@pytest.mark.parametrize("row", ["infonce", "supervised"])
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
    assert set(found) >= PAIRED | UNPAIRED
    assert found["infonce_ceiling_nats"] == pytest.approx(math.log(64))
    assert all(math.isfinite(value) for value in found.values())
    features = np.load(runs / "cells" / record["key"] / "features.npy")
    assert (features.dtype, features.shape) == (np.float16, (64, 64))


def test_results_read_all_of_it(runs: Path) -> None:
    found = load_results(runs)
    assert set(found["objective"]) == set(ROWS)
    assert set(found["shared"][found["objective"] != "random"]) == {", ".join(SHARED)}
    assert {"known_shared_nats", "z_mlp_retention_non_shared", "lidar_dims"} < set(found["metric"])
    assert found.loc[found["metric"].notna(), "value"].notna().all()


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
    assert set(values(found["mine/0/representation"])) >= PAIRED | UNPAIRED
    factors = values(found["mine/0/factors"])
    assert {"linear_retention", "mlp_light_strength_nats", "linear_background_hue_r2"} < set(factors)
    assert not [name for name in factors if name.startswith("z_") or "shared" in name]


def test_a_killed_pretraining_on_rendered_views_goes_on_and_ends_in_the_same_bits(tmp_path: Path, data: Path) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    command, changes = ["--objectives", "infonce"], ("training.epochs=8", "logging.checkpoint=2")
    assert main([*words("pretrain", straight, data, *changes), *command]) == 0
    resumed = [*words("pretrain", killed, data, *changes), *command]
    cell = start_and_kill(resumed, killed, at=5).parent
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
