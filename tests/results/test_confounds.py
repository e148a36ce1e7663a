"""What a row has otherwise than the reference row."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cell_store import FIXTURES, PRETRAIN, change

from results.confounds import confounds
from results.store.cells import read_cells

INPUTS: dict[str, Any] = {
    "objective": "infonce",
    "arguments": {"temperature": 0.2, "queue": 0},
    "training": {"batch": 256, "lr": 0.004},
    "views": {"size": 32, "flip": 0.5},
    "model": {"projection": 128},
    "data": "digest",
    "threads": 2,
}
COSTS = {"flops_per_image": 2_000_000_000, "forward_passes": 2.0, "objective_parameters": 0}


def write(runs: Path, row: str, inputs: dict[str, Any], costs: dict[str, Any] | None = None) -> None:
    """A finished pretraining whose inputs are those of the reference but for `inputs`."""
    shutil.copytree(FIXTURES / "cells" / PRETRAIN, runs / "cells" / row)
    path = runs / "cells" / row / "cell.json"
    merged = {
        key: {**value, **inputs.get(key, {})} if isinstance(value, dict) else value for key, value in INPUTS.items()
    }
    merged |= {key: value for key, value in inputs.items() if key not in merged or not isinstance(merged[key], dict)}
    known = json.loads(path.read_text())["costs"]
    fields = {
        "key": row,
        "objective": row,
        "config": "shapes",
        "inputs": merged,
        "costs": known | COSTS | (costs or {}),
    }
    change(path, fields)


def found(runs: Path) -> dict[str, list[str]]:
    return confounds(read_cells(runs))["shapes"]


def test_the_same_recipe_has_an_empty_list(tmp_path: Path) -> None:
    write(tmp_path, "infonce", {})
    write(tmp_path, "byol", {"objective": "byol", "arguments": {"momentum": 0.996}})
    assert found(tmp_path) == {"byol": []}


def test_the_temperature_inside_infomin_is_compared(tmp_path: Path) -> None:
    write(tmp_path, "infonce", {})
    base = {"type": "infonce", "temperature": 0.15, "queue": 0}
    write(tmp_path, "infomin", {"objective": "infomin", "arguments": {"beta": 0.5, "base": base}})
    assert found(tmp_path) == {"infomin": ["base.temperature 0.15 instead of 0.2"]}


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"training": {"batch": 128}}, "training.batch 128 instead of 256"),
        ({"training": {"lr": 0.01}}, "training.lr 0.01 instead of 0.004"),
        ({"views": {"flip": 0.0}}, "views.flip 0 instead of 0.5"),
        ({"model": {"projection": 1024}}, "model.projection 1024 instead of 128"),
        ({"data": "other"}, "data other instead of digest"),
        ({"threads": 1}, "threads 1 instead of 2"),
        ({"processes": 2}, "processes 2 instead of 1"),
        ({"training": {"schedule": "constant"}}, "training.schedule constant instead of none"),
    ],
)
def test_every_difference_of_the_recipe_is_a_sentence(tmp_path: Path, inputs: dict[str, Any], sentence: str) -> None:
    write(tmp_path, "infonce", {})
    write(tmp_path, "byol", {"objective": "byol", **inputs})
    assert found(tmp_path) == {"byol": [sentence]}


def test_a_cell_from_before_the_setting_ran_on_one_process(tmp_path: Path) -> None:
    write(tmp_path, "infonce", {})
    write(tmp_path, "byol", {"objective": "byol", "processes": 1})
    assert found(tmp_path) == {"byol": []}


@pytest.mark.parametrize(
    ("base", "sentences"),
    [
        ({"type": "infonce", "temperature": 0.2, "queue": 0}, []),
        ({"type": "infonce", "temperature": 0.5, "queue": 0}, ["base.temperature 0.5 instead of 0.2"]),
        ({"type": "byol", "momentum": 0.99}, ["base byol instead of infonce"]),
    ],
)
def test_the_base_loss_is_held_against_the_reference(
    tmp_path: Path, base: dict[str, Any], sentences: list[str]
) -> None:
    write(tmp_path, "infonce", {})
    write(tmp_path, "mrcl", {"objective": "mrcl", "arguments": {"base": base, "ratio": 0.25}})
    assert found(tmp_path) == {"mrcl": sentences}


def test_rows_of_the_references_objective_are_held_against_its_arguments(tmp_path: Path) -> None:
    write(tmp_path, "infonce", {})
    write(tmp_path, "infomin", {"arguments": {"temperature": 0.15, "queue": 65_536}})
    assert found(tmp_path) == {
        "infomin": ["arguments.temperature 0.15 instead of 0.2", "arguments.queue 65536 instead of 0"]
    }


def test_costs_that_differ_by_more_than_a_hundredth_are_named(tmp_path: Path) -> None:
    write(tmp_path, "infonce", {})
    costs = {"flops_per_image": 2_010_000_000, "forward_passes": 4.0, "objective_parameters": 1_500_000}
    write(tmp_path, "byol", {"objective": "byol"}, costs)
    assert found(tmp_path) == {
        "byol": ["forward passes per image 4 instead of 2", "parameters of the objective 1.5M instead of 0"]
    }


@pytest.mark.parametrize(
    ("parameters", "text"), [(999, "999"), (2056, "2.06k"), (33_280, "33.3k"), (999_900, "1M"), (256_300_000, "256M")]
)
def test_costs_are_written_as_people_read_them(tmp_path: Path, parameters: int, text: str) -> None:
    write(tmp_path, "infonce", {})
    write(tmp_path, "byol", {"objective": "byol"}, {"objective_parameters": parameters})
    assert found(tmp_path) == {"byol": [f"parameters of the objective {text} instead of 0"]}


def test_the_ceiling_is_said_to_use_labels(tmp_path: Path) -> None:
    write(tmp_path, "infonce", {})
    write(tmp_path, "supervised", {"objective": "supervised"})
    assert found(tmp_path) == {"supervised": ["labels used in training"]}


def test_without_a_reference_and_without_training_there_is_nothing_to_hold_against(tmp_path: Path) -> None:
    write(tmp_path, "byol", {"training": {"batch": 128}})
    assert confounds(read_cells(tmp_path)) == {}
    write(tmp_path, "infonce", {})
    shutil.rmtree(tmp_path / "cells" / "byol")
    write(tmp_path, "random", {})
    path = tmp_path / "cells" / "random" / "cell.json"
    inputs = json.loads(path.read_text())["inputs"]
    change(path, {"inputs": {key: value for key, value in inputs.items() if key != "training"}})
    assert found(tmp_path) == {}


def test_learned_views_are_one_sentence_that_says_how_many_labels_were_seen(tmp_path: Path) -> None:
    write(tmp_path, "infonce", {"views": {"generator": None}})
    generator = {"colour": {"space": "ydbdr", "flow": "vp"}, "training": {"labelled": 512, "lr": 0.001}}
    write(tmp_path, "semi", {"views": {"generator": generator}})
    raw = {"colour": {"space": "ydbdr", "flow": "none"}, "training": None}
    write(tmp_path, "raw", {"views": {"generator": raw}})
    assert found(tmp_path) == {
        "semi": ["views.generator (colour (space ydbdr, flow vp), training (labelled 512, lr 0.001)) instead of none"],
        "raw": ["views.generator (colour (space ydbdr, flow none), training none) instead of none"],
    }


IMPORTED = {"objective": "checkpoint", "model": {"depth": 50, "width": 1.0}, "arguments": {"sha256": "abc"}}
ELSEWHERE = "pretrained elsewhere, on data, views and a schedule that are not known here"


def write_imported(runs: Path) -> None:
    """A row that was pretrained elsewhere; its inputs hold neither data nor views nor training."""
    write(runs, "moco_v2", {})
    change(runs / "cells" / "moco_v2" / "cell.json", {"inputs": IMPORTED})


def test_a_checkpoint_from_elsewhere_says_so_and_how_its_backbone_differs(tmp_path: Path) -> None:
    write(tmp_path, "infonce", {"model": {"depth": 18, "width": 1.0, "stem": "cifar"}})
    write_imported(tmp_path)
    assert found(tmp_path) == {"moco_v2": [ELSEWHERE, "model.depth 50 instead of 18"]}


def test_a_checkpoint_from_elsewhere_says_so_without_a_reference_too(tmp_path: Path) -> None:
    write_imported(tmp_path)
    assert found(tmp_path) == {"moco_v2": [ELSEWHERE]}
