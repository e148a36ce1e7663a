"""Ordinary augmentations whose destroyed factors are declared: what may be said, and how probes are split by it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from clbench_runs import data_root, records

from benchmark import bench
from benchmark.cli import build_parser, main
from benchmark.config import load
from benchmark.options import request
from benchmark.sharing_checks import known_factors
from results.store.loading import load as load_results

FEW = ("threads=1", "tasks.factors.epochs=1", "tasks.factors.hidden=4", "tasks.factors.penalties=(100.0, 10.0, 1.0)")
SCENES = (
    *("data.factors.pretrain=32", "data.factors.train=256", "data.factors.test=128"),
    *("training.epochs=1", "training.batch=32", "model.width=0.125"),
)
SMOKE = (
    *("data.tree=smoke", "data.pretrain=smoke/pretrain/images", "data.labels=smoke/pretrain/factors.csv"),
    *(f"data.shapes={asdict(load('smoke').data)['shapes']}", "tasks.factors.data=smoke/classification"),
    "model.width=0.25",
)


def declared(*names: str) -> str:
    return f"views.factors={{'mode': 'augmented', 'shared': {names!r}, 'noise': 0.0}}"


def words(config: str, folder: Path, data: Path, rows: str, *changes: str) -> list[str]:
    places = ["--runs", str(folder), "--data-root", str(data), "--objectives", rows]
    return ["bench", "--config", config, *places, *(word for change in changes for word in ("--set", change))]


def computed(command: list[str]) -> int:
    """A bench on the task of factors, without its tables and figures."""
    return bench.run(request(build_parser().parse_args(command), tasks="factors"), stages=("pretrain", "evaluate"))


def found(runs: Path, cell: str) -> dict[str, float]:
    """Metrics of a cell, but for those of images held out for choices."""
    metrics: list[dict[str, Any]] = records(runs)[cell]["metrics"]
    return {metric["metric"]: metric["value"] for metric in metrics if metric["split"] != "val"}


def weighted_mean(values: dict[str, float], factors: list[str]) -> float:
    """The mean of what a linear probe found of each factor, as a share of its entropy, weighted by that."""
    total, weight = 0.0, 0.0
    for factor in factors:
        entropy = values[f"entropy_{factor}_nats"]
        total += entropy * (values[f"linear_{factor}_nats"] / entropy)
        weight += entropy
    return total / weight


def check_split(runs: Path, cell: str, *, shared: tuple[str, ...], probed: list[str]) -> None:
    values = found(runs, cell)
    others = [name for name in probed if name not in shared]
    wanted = {"shared": weighted_mean(values, list(shared)), "non_shared": weighted_mean(values, others)}
    for group, value in wanted.items():
        assert 0 < value < 1, "what is clipped says nothing about its group"
        assert values[f"linear_retention_{group}"] == pytest.approx(value, rel=1e-5)
    assert abs(wanted["shared"] - wanted["non_shared"]) > 1e-3


def test_retention_is_split_into_what_is_declared_and_all_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = ("x", "background_hue", "background_texture")
    assert (
        computed(words("factor_shapes", tmp_path / "runs", tmp_path, "infonce", *SCENES, *FEW, declared(*shared))) == 0
    )
    said = capsys.readouterr().out
    assert "views: declared as shared: x, background_hue, background_texture; as destroyed: all other factors" in said
    assert "I(v1; v2)" not in said
    probed = [*load("factor_shapes").tasks["factors"].factors]  # type: ignore[union-attr]
    check_split(tmp_path / "runs", "infonce/0/factors", shared=shared, probed=probed)
    assert not [name for name in found(tmp_path / "runs", "infonce/0/None") if name.startswith("known_")]
    assert set(load_results(tmp_path / "runs")["shared"]) == {", ".join(shared)}


def test_factors_of_shapes_are_declared_by_the_names_of_its_table(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shared = ("background_hue", "light_strength", "saturation")  # the last is not probed
    data = data_root(tmp_path_factory)
    assert computed(words("information", tmp_path, data, "random", *SMOKE, *FEW, declared(*shared))) == 0
    probed = [*load("information").tasks["factors"].factors]  # type: ignore[union-attr]
    check_split(tmp_path, "random/0/factors", shared=shared[:2], probed=probed)
    columns = pd.read_csv(data / "smoke/classification/factors.csv").columns
    assert set(known_factors(load("shapes"))) == set(columns) - {"file", "label", "slot"}


@pytest.mark.parametrize(
    ("config", "shared", "message"),
    [
        ("factor_shapes", ("hue", "radius"), "views.factors.shared: unknown factor 'radius'."),
        ("shapes", ("hue", "radios"), "views.factors.shared: unknown factor 'radios'. Did you mean 'radius'? Known: "),
        ("imagefolder", ("hue",), "views.factors.shared must be empty where neither the data nor a task has factors"),
        ("shapes", ("hue", "hue"), "views.factors.shared: each factor is named once, got hue, hue"),
    ],
)
def test_a_factor_that_the_data_have_not_is_refused_in_one_line_before_anything_is_computed(
    config: str, shared: tuple[str, ...], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = words(config, tmp_path / "runs", tmp_path / "data", "infonce", declared(*shared))
    assert main(command) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "runs" / "cells").exists()


def test_of_ones_own_images_the_factors_that_a_task_asks_for_can_be_declared() -> None:
    task = {**asdict(load("information").tasks["factors"]), "family": "factors", "factors": {"length": "number"}}
    own = load("imagefolder", [f"tasks.parts={task}"])
    assert known_factors(own) == ("length",)
