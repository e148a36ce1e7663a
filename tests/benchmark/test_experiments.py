"""Experiments: their names, configs and small forms, and what the command says of a mistake."""

import itertools
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmark.cli import build_parser, main
from benchmark.config import BenchConfig, Row, load
from benchmark.data.factor_shapes import FACTORS
from benchmark.data.pretraining import NO_IMAGES
from benchmark.experiment_list import EXPERIMENTS, choose
from benchmark.experiments import answer, ask, command_of
from benchmark.options import request
from benchmark.plan import choose_rows, choose_seeds, choose_tasks, plan
from benchmark.preflight import Data, check_row, check_training
from benchmark.request import Request
from objectives.registry import load_objectives, resolve

load_objectives()

NAMES = ("reverse-u", "non-shared", "superfluous", "masking", "predictors", "shortcut")


def asked(*words: str) -> Request:
    """What `clbench experiment` reads from its words."""
    return request(build_parser().parse_args(["experiment", *words, "--jobs", "1"]), tasks="all")


def infocl(row: Row) -> tuple[str, float | None]:
    """Regulariser and weight of an InfoCL row on InfoNCE."""
    arguments = resolve(row.objective, row.config.objectives)
    assert (row.objective, arguments["base"]["type"]) == ("infocl", "infonce")
    return arguments["regularizer"], arguments["weight"]


def images_of(config: BenchConfig) -> int:
    """How many images a config pretrains on."""
    made = config.data.shapes or config.data.factors
    assert made is not None
    return made.pretrain


def test_the_six_questions_are_known_and_all_means_each_of_them() -> None:
    assert tuple(EXPERIMENTS) == NAMES == tuple(choose("all"))
    assert choose("masking") == ["masking"]


def test_pages_are_known_under_the_same_names() -> None:
    registry = pytest.importorskip("results.experiments.registry")
    assert set(registry.EXPERIMENTS) == set(EXPERIMENTS)


@pytest.mark.parametrize("quick", [False, True], ids=["whole", "quick"])
@pytest.mark.parametrize("name", NAMES)
def test_every_row_of_an_experiment_can_be_built_and_every_cell_laid_out(name: str, quick: bool) -> None:
    grid = ask(asked(name), EXPERIMENTS[name], quick=quick)
    config = grid.settings.resolve()
    rows, seeds, tasks = choose_rows(grid.objectives, config), choose_seeds(grid.seeds), choose_tasks("all", config)
    count = images_of(config)
    side = config.data.image_size
    images = replace(
        NO_IMAGES,
        images=torch.zeros((), dtype=torch.uint8).expand(count, 3, side, side),
        labels=torch.arange(count) % 8,
        classes=tuple("abcdefgh"),
    )
    for row in rows:
        check_training(config.row(row).config, device="cpu")
        check_row(config.row(row), images=images)
    chains = plan(config, grid.settings.label, rows=rows, seeds=seeds, tasks=tasks, data=Data(images, {}, {}))
    assert len(chains) == len(rows) * len(seeds)
    laid_out = [[cell.task for cell in chain[1:]] for chain in chains]
    assert all(own and own == [task for task in tasks if task in own] for own in laid_out)
    assert {task for own in laid_out for task in own} == set(tasks)
    assert len({chain[0].key for chain in chains}) == len(chains)


def test_reverse_u_estimates_what_views_share_once_for_all_objectives() -> None:
    rows = load("reverse_u").rows
    assert {name for name, row in rows.items() if row.has("representation")} == {
        name for name, row in rows.items() if row.objective == "infonce"
    }
    assert all(row.has("factors") for row in rows.values())


def test_whole_and_quick_cells_have_labels_and_data_of_their_own() -> None:
    grids = [ask(asked(name), EXPERIMENTS[name], quick=quick) for name in NAMES for quick in (False, True)]
    assert len({grid.settings.label for grid in grids}) == len(grids)
    for whole, quick in zip(grids[::2], grids[1::2], strict=True):
        assert quick.settings.label == f"{whole.settings.label}-quick"
        data, small = whole.settings.resolve().data, quick.settings.resolve().data
        assert data.tree != small.tree
        assert small.pretrain.startswith(f"{small.tree}/")
        assert small.labels.startswith(f"{small.tree}/")
        for options in quick.settings.resolve().tasks.values():
            assert options.data.startswith(small.tree)
        assert set(choose_rows(quick.objectives, quick.settings.resolve())) <= set(whole.settings.resolve().rows)


def test_seeds_and_overrides_of_the_user_have_the_last_word() -> None:
    words = ("non-shared", "--seeds", "7", "--set", "training.epochs=3")
    quick = ask(asked(*words), EXPERIMENTS["non-shared"], quick=True)
    assert (quick.seeds, quick.settings.resolve().training.epochs) == ("7", 3)
    assert ask(asked("non-shared"), EXPERIMENTS["non-shared"], quick=False).seeds == "0,1,2,3,4"
    assert ask(asked("masking"), EXPERIMENTS["masking"], quick=False).seeds == "0,1,2,3,4"
    assert command_of("non-shared", asked(*words), quick=True) == (
        "clbench experiment non-shared --quick --seeds 7 --set training.epochs=3"
    )
    assert command_of("masking", asked("masking"), quick=False) == "clbench experiment masking"
    plugged = ("masking", "--import", "own.loss", "--import", "other", "--set", "training.epochs=3")
    assert command_of("masking", asked(*plugged), quick=False) == (
        "clbench experiment masking --import own.loss --import other --set training.epochs=3"
    )


def test_an_experiment_answers_to_the_name_of_its_config_too() -> None:
    for name, experiment in EXPERIMENTS.items():
        assert choose(name) == choose(experiment.config) == [name]


def test_the_rows_of_non_shared_have_the_objective_and_the_weight_that_their_names_say() -> None:
    rows = load("non_shared").rows
    found = {name: infocl(row) for name, row in rows.items() if row.objective == "infocl"}
    swept = {f"{kind}_{weight}": (kind, float(weight)) for kind in ("rc", "lbe") for weight in (0.001, 0.01, 0.1)}
    swept |= {f"{kind}_{weight}": (kind, float(weight)) for kind in ("rc", "lbe") for weight in (1, 10)}
    assert found == {**swept, "mib": ("mib", None), "noise": ("noise", None)}
    assert {name: row.objective for name, row in rows.items() if name not in found} == {
        "random": "random",
        "infonce": "infonce",
        "supervised": "supervised",
    }


def test_the_rows_of_superfluous_are_the_grid_of_their_names() -> None:
    rows = load("superfluous").rows
    for name, row in rows.items():
        if row.objective == "superinfo":
            arguments = resolve("superinfo", row.config.objectives)
            _, superfluous, predictive = name.split("_")
            assert arguments["superfluous_weight"] == float(superfluous)
            assert arguments["predictive_weight"] == float(predictive)
    assert sum(row.objective == "superinfo" for row in rows.values()) == 5 * 4


def test_the_rows_of_masking_hide_what_their_names_say() -> None:
    ratios = {
        name: resolve("mrcl", row.config.objectives)["ratio"]
        for name, row in load("masking").rows.items()
        if row.objective == "mrcl"
    }
    assert ratios == {f"mrcl_{ratio:g}": ratio for ratio in (0, 0.1, 0.25, 0.5, 0.75, 0.9)}


def test_rows_that_share_more_factors_share_what_those_with_fewer_do() -> None:
    rows = load("reverse_u").rows
    for name in ("infonce", "infocl", "byol"):
        sets = []
        for count in range(10) if name == "infonce" else (0, 2, 4, 6, 9):
            views = rows[f"{name}_k{count}"].config.views.factors
            assert views is not None
            assert (views.mode, len(views.shared)) == ("rendered", count)
            sets.append(set(views.shared))
        assert sets[0] == set()
        assert ["shape" in own for own in sets] == [len(own) >= 4 for own in sets]
        assert sets[-1] == set(FACTORS)
        assert all(fewer < more for fewer, more in itertools.pairwise(sets))


def test_the_axes_of_augmentation_change_one_thing_each() -> None:
    config = load("reverse_u")
    default = replace(config.views, factors=None)
    assert config.rows["infonce_crop_0.4"].config.views == default
    for name, row in config.rows.items():
        method, _, value = name.rpartition("_")
        views = row.config.views
        if method.endswith("_crop"):
            assert replace(views, crop_scale=default.crop_scale) == default
            assert views.crop_scale == (float(value), 1.0)
        elif method.endswith("_jitter"):
            assert replace(views, jitter=default.jitter) == default
            assert all(map(math.isclose, views.jitter[:3], [float(value) * each for each in default.jitter[:3]]))
        elif method.endswith("_patch"):
            assert views.patch_pair is not None
            assert replace(views, patch_pair=None) == default
            assert views.patch_pair.distance == float(value)


def test_shortcut_and_default_differ_in_the_colours_of_the_views_alone() -> None:
    rows = load("shortcut").rows
    default, shortcut = rows["infonce"].config.views, rows["infonce_hue"].config.views
    assert (shortcut.jitter[3], shortcut.grayscale_p) == (0.2, 0.0)
    assert replace(shortcut, jitter=default.jitter, grayscale_p=default.grayscale_p) == default
    assert list(load("shortcut").tasks) == ["classification", "factors"]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("non-sharde",), "unknown experiment 'non-sharde'. Did you mean 'non-shared'? Known: all, masking, "),
        (("masking", "--set", "training.lr_rate=1"), "Did you mean 'training.lr'?"),
        (("all", "--set", "rows.mrcl_0=3"), "rows.mrcl_0 must be dict, got 3"),
        (("non-shared", "--quick", "--seeds", "one"), "seeds: whole numbers "),
        (("non-shared", "--quick", "--jobs", "0"), "jobs: must be >= 1, got 0"),
        (("masking", "--stored"), "runs: a folder with cells/<key>/cell.json is expected, got "),
        ((), "the following arguments are required: NAME"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    words: tuple[str, ...], wanted: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ("--runs", str(tmp_path / "runs"), "--data-root", str(tmp_path / "data"))
    assert main(["experiment", *words, *places]) == 2
    message = capsys.readouterr().err
    assert message.startswith("clbench: ")
    assert message.count("\n") == 1
    assert wanted in message
    assert not list(tmp_path.iterdir())


def test_a_row_of_an_experiment_becomes_cells_and_a_page_that_a_second_call_finds_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ("data.factors.pretrain=32", "data.factors.train=64", "data.factors.test=32", "training.batch=16")
    words = [word for each in (*small, "tasks.factors.epochs=1", "training.epochs=1") for word in ("--set", each)]
    places = ("--runs", str(tmp_path / "runs"), "--data-root", str(tmp_path / "data"))
    grid = ask(asked("non-shared", *words, *places), EXPERIMENTS["non-shared"], quick=True)
    grid = replace(grid, objectives="infonce", tasks="factors")
    out = tmp_path / "pages"
    for said in ("2 computed, 0 kept, 0 failed", "0 computed, 2 kept, 0 failed"):
        assert answer("non-shared", grid, command="clbench experiment non-shared --quick", out=out) == 0
        assert said in capsys.readouterr().out
        text = (out / "non-shared.md").read_text()
        assert "clbench experiment non-shared --quick" in text
        assert "| infonce |" in text
        assert "## What is missing\n\nNothing.\n" in text
        (out / "non-shared.md").unlink()
    cells = sorted(tmp_path.glob("runs/cells/*"))
    more = replace(grid, seeds="0,1", objectives="infonce,noise")
    assert answer("non-shared", more, command="clbench experiment non-shared", out=out, stored=True) == 0
    text = (out / "non-shared.md").read_text()
    assert (
        "- 2 of the 8 cells that were asked for are there.\n- Not computed: anything of infonce, with seed 1.\n" in text
    )
    assert sorted(tmp_path.glob("runs/cells/*")) == cells


def test_a_page_of_cells_that_were_asked_for_and_not_computed_names_them(tmp_path: Path) -> None:
    small = ("data.factors.pretrain=32", "data.factors.train=64", "data.factors.test=32", "training.batch=16")
    words = [word for each in small for word in ("--set", each)]
    places = ("--runs", str(tmp_path / "runs"), "--data-root", str(tmp_path / "data"), "--rerun", "never")
    grid = ask(asked("non-shared", *words, *places), EXPERIMENTS["non-shared"], quick=True)
    grid = replace(grid, objectives="infonce", tasks="factors")
    assert answer("non-shared", grid, command="clbench experiment non-shared", out=tmp_path / "pages") == 0
    text = (tmp_path / "pages" / "non-shared.md").read_text()
    assert (
        "- 0 of the 2 cells that were asked for are there.\n- Not computed: anything of infonce, with any seed.\n"
        in text
    )
