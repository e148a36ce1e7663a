"""Variants that a config names: one objective under several settings, side by side."""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from clbench_runs import data_root, records

from benchmark.cli import main
from benchmark.config import load
from benchmark.errors import UserError
from benchmark.plan import choose_rows
from benchmark.preflight import check_row, check_training
from benchmark.pretrain import build_parts
from downstream.image_sets import ImageSet
from objectives.registry import OBJECTIVES, load_objectives, resolve

load_objectives()

CONFIG = """
_base_ = "{smoke}"
objectives = dict(infonce=dict(temperature=0.3))
rows = dict(
    infonce=dict(objective="infonce"),
    masked=dict(
        objective="mrcl",
        arguments=dict(ratio=0.5),
        model=dict(projection=32),
        training=dict(batch=16),
        views=dict(flip=0.0),
    ),
)
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    smoke = Path(__file__).parents[2] / "configs" / "bench" / "smoke.py"
    path = tmp_path / "variants.py"
    path.write_text(CONFIG.format(smoke=smoke))
    return str(path)


def test_a_row_changes_what_it_says_and_nothing_else(config: str) -> None:
    whole = load(config)
    row = whole.row("masked")
    assert row.objective == "mrcl"
    assert row.config.objectives == {"infonce": {"temperature": 0.3}, "mrcl": {"ratio": 0.5}}
    assert (row.config.training.batch, row.config.model.projection, row.config.views.flip) == (16, 32, 0.0)
    assert row.config.training.lr == whole.training.lr
    assert whole.objectives == {"infonce": {"temperature": 0.3}}
    assert whole.row("infonce").config == dataclasses.replace(whole, rows={})


def test_all_means_the_rows_that_a_config_names_and_objectives_stay_within_reach(config: str) -> None:
    whole = load(config)
    assert choose_rows("all", whole) == ["infonce", "masked"]
    assert choose_rows("masked,byol", whole) == ["masked", "byol"]
    assert choose_rows("all", load("smoke")) == sorted(OBJECTIVES.module_dict)
    with pytest.raises(UserError, match=r"^unknown objective 'maskd'. Did you mean 'masked'\?"):
        choose_rows("maskd", whole)


def test_the_users_override_has_the_last_word(config: str) -> None:
    assert load(config, ["training.batch=8"]).row("masked").config.training.batch == 8
    assert load(config, ["rows.masked.arguments.ratio=0.75"]).row("masked").config.objectives["mrcl"]["ratio"] == 0.75


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("rows.masked.trainig={'batch': 8}", "unknown key 'trainig'. Did you mean 'training'?"),
        ("rows.masked.training.bath=8", "unknown key 'training.bath'. Did you mean 'training.batch'?"),
        ("rows.masked.objective=3", "rows.masked: objective must be the name of an objective, got 3"),
        ("rows=3", "rows must be dict, got 3"),
        ("rows.masked=3", "rows.masked must be dict, got 3"),
        ("rows.masked.model=3", "rows.masked.model must be dict, got 3"),
        ("rows.masked.tasks=classification", "rows.masked.tasks must be names of tasks, got 'classification'"),
        ("rows.masked.tasks=(['classification'],)", "rows.masked.tasks must be names of tasks, got (['classif"),
        ("rows.masked.tasks=('clasification',)", "unknown task 'clasification'. Did you mean 'classification'?"),
        ("rows.masked.arguments=3", "rows.masked.arguments must be dict, got 3"),
        (
            "rows.infonce.objective=mrcl",
            "rows.infonce: a row with the name of an objective must be that one, got 'mrcl'",
        ),
        ("objectives.infocl.stages=('a', 'b', 'c', 'd')", "infocl: stages must hold numbers, got ('a', 'b', 'c', 'd')"),
        ("objectives.infonce.queue=10**15", "infonce: queue must be int, got '10**15'"),
        ("model.projection=100000000000", "infonce: cannot be built: "),
        ("rows.masked.objective=mrlc", "unknown objective 'mrlc'. Did you mean 'mrcl'?"),
        ("rows.masked.arguments.ratio=1.0", "mrcl: ratio must be in [0, 1), got 1.0"),
        (
            "rows.masked.training.batch=65",
            "training.batch must be at most the number of pretraining images, 64, got 65",
        ),
    ],
)
def test_mistakes_in_a_row_get_one_line_and_status_two(
    config: str,
    override: str,
    message: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["pretrain", "--config", config, "--runs", str(tmp_path / "runs"), "--set", override]
    assert main([*words, "--data-root", str(data_root(tmp_path_factory))]) == 2
    assert message in capsys.readouterr().err
    assert not list((tmp_path / "runs").glob("cells/*"))


def test_rows_are_trained_evaluated_and_shown_under_their_names(
    config: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs = tmp_path / "runs"
    words = ["bench", "--config", config, "--tasks", "classification", "--runs", str(runs)]
    assert main([*words, "--data-root", str(data_root(tmp_path_factory))]) == 0
    found = records(runs)
    assert set(found) == {f"{row}/0/{task}" for row in ("infonce", "masked") for task in ("None", "classification")}
    assert found["masked/0/None"]["inputs"]["objective"] == "mrcl"
    table = (runs / "tables" / "variants-table.md").read_text()
    assert "| masked (derived) [1] |" in table
    assert "besides its loss, masked differs from infonce in: training.batch 16 instead of 32; views.flip 0" in table
    assert "| infonce |" in table


def test_a_row_is_evaluated_on_the_tasks_that_it_names(
    config: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, places = tmp_path / "runs", ["--data-root", str(data_root(tmp_path_factory))]
    words = ["bench", "--config", config, "--runs", str(runs), "--set", "rows.masked.tasks=('linear_sgd',)", *places]
    tasks = ["--tasks", "classification"]
    assert main([*words, *tasks, "--objectives", "masked"]) == 2
    assert "tasks: none of masked is evaluated on classification in this config" in capsys.readouterr().err
    assert main([*words, *tasks]) == 0
    assert set(records(runs)) == {"infonce/0/None", "infonce/0/classification", "masked/0/None"}


def test_what_no_row_is_evaluated_on_is_not_asked_for(
    config: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    words = ["bench", "--config", config, "--objectives", "masked", "--strict", "--runs", str(tmp_path / "runs")]
    words += ["--set", "rows.masked.tasks=('classification',)", "--set", "tasks.voc.data=nowhere"]
    words += ["--data-root", str(data_root(tmp_path_factory))]
    assert main(words) == 0
    assert set(records(tmp_path / "runs")) == {"masked/0/None", "masked/0/classification"}


PAPERS = ["infocl_cifar10", "infocl_imagenet", "infocl_stl10", "infomin_imagenet", "infomin_stl10_views"]


@pytest.mark.parametrize("name", [*PAPERS, "infomin_views"])
def test_every_row_of_a_papers_config_can_be_built(name: str) -> None:
    config = load(name, ["model.width=0.125"])
    assert "random" in config.rows
    for row in config.rows.values():
        check_training(row.config, device="cpu")
        build_parts(row.objective, row.config, seed=0, classes=0, device="cpu")


def test_infocls_rows_have_the_papers_coefficients() -> None:
    """Those of the released commands (github Haoqing-Wang/InfoCL, main.sh), and the widths of the projection."""
    rows = load("infocl_cifar10").rows
    built = {name: row.config.objectives["infocl"] for name, row in rows.items() if row.objective == "infocl"}
    weights = {name: arguments.get("weight") for name, arguments in built.items()}
    assert weights == {
        **dict.fromkeys(("infonce_rc", "infonce_lbe", "barlow_twins_rc", "barlow_twins_lbe"), 1.0),
        **dict.fromkeys(("byol_rc", "byol_lbe"), 0.1),
        **dict.fromkeys(("infonce_ip", "infonce_mib"), 5e-4),
        "infonce_noise": None,
    }
    projections = {name: row.config.model.projection for name, row in rows.items()}
    assert {name for name, width in projections.items() if width == 1024} == {
        "barlow_twins",
        "barlow_twins_rc",
        "barlow_twins_lbe",
    }
    assert set(load("infocl_stl10").rows) == set(rows) - {"infonce_ip", "infonce_noise", "infonce_mib"}
    lbe = load("infocl_imagenet").row("infonce_lbe").config.objectives["infocl"]
    assert (lbe["rho"], lbe["stages"]) == (1 / 80, (0.0, 0.0, 0.0, 1.0))


def test_infomins_rows_have_the_papers_settings() -> None:
    """The released options (github HobbitLong/PyContrast, preset InfoMin; MoCo v2 beside it)."""
    config = load("infomin_imagenet")
    views, moco, puzzle = config.row("infomin").config.views, config.views, config.views.jigsaw
    assert (views.size, views.crop_scale, views.flip, views.grayscale_p) == (224, (0.2, 1.0), 0.5, 0.2)
    assert (views.jitter, views.jitter_p, views.randaugment) == ((0.8, 0.8, 0.8, 0.2), 0.8, (2, 10.0, 0.5))
    assert (views.blur_p, views.blur_kernel, views.blur_sigma) == (0.5, 23, (0.1, 2.0))
    assert (moco.jitter, moco.randaugment[0]) == ((0.4, 0.4, 0.4, 0.1), 0)
    assert (puzzle.crop_scale, puzzle.side, puzzle.cell, puzzle.patch) == ((0.6, 1.0), 255, 85, 64)
    shared = {"type": "infonce", "queue": 65536, "momentum": 0.999}
    bases = {name: resolve("infomin", config.row(name).config.objectives) for name in ("infomin", "infomin_jigsaw")}
    assert bases["infomin"] == {"base": {**shared, "temperature": 0.15}, "beta": 0.5}
    assert bases["infomin_jigsaw"] == {"base": {**shared, "temperature": 0.2}, "beta": 0.5}
    training, model = config.training, config.model
    assert (training.lr, training.weight_decay, training.momentum, training.batch) == (0.03, 1e-4, 0.9, 256)
    assert (training.epochs, training.final_lr, training.exclude_bias_and_norm) == (200, 1e-3, False)
    assert (model.depth, model.hidden, model.projection, model.projector_norm) == (50, 0, 128, False)


def test_patches_are_asked_for_on_the_class_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    built = OBJECTIVES.get("infonce").__init__

    @functools.wraps(built)
    def asks(self: Any, *arguments: Any, **named: Any) -> None:
        built(self, *arguments, **named)
        self.needs_patches = True

    monkeypatch.setattr(OBJECTIVES.get("infonce"), "__init__", asks)
    images = ImageSet(torch.zeros(64, 3, 32, 32, dtype=torch.uint8), torch.zeros(64, dtype=torch.int64), ("a",), "")
    with pytest.raises(UserError, match=r"^infonce: needs_patches must be set on the class"):
        check_row(load("smoke").row("infonce"), images=images)
