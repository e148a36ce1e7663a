"""Which cells a plan remembers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.cells import Cell
from benchmark.config import BenchConfig, load
from benchmark.data.pretraining import NO_IMAGES
from benchmark.plans import Asked, planned, remember
from benchmark.preflight import Data

CONFIG = load("smoke")


def chain(seed: int, *, row: str = "infonce", **inputs: Any) -> list[Cell]:
    """A pretraining and one evaluation."""
    pretrained = Cell("pretrain", "smoke", row, seed, None, None, None, {"row": row, "seed": seed, **inputs})
    return [pretrained, replace(pretrained, kind="evaluate", task="voc", family="detection", upstream=pretrained.key)]


def keys(*chains: list[Cell]) -> set[str]:
    return {cell.key for cells in chains for cell in cells}


def keys_of_plan(runs: Path, *chains: list[Cell], config: BenchConfig = CONFIG) -> set[str]:
    for each in chains:
        remember(runs, config, [each], Asked(None, Data(NO_IMAGES, {})))
    return {each.key for each in planned(runs)}


def test_seeds_and_rows_of_one_recipe_come_together(tmp_path: Path) -> None:
    first, second, other = chain(0), chain(1), chain(0, row="mrcl")
    assert keys_of_plan(tmp_path, first, second, other) == keys(first, second, other)


def test_a_row_under_another_recipe_forgets_its_other_seeds_and_no_other_row(tmp_path: Path) -> None:
    first, other = chain(0, arguments={"temperature": 0.2}), chain(0, row="mrcl")
    changed = chain(1, arguments={"temperature": 0.9})
    assert keys_of_plan(tmp_path, first, other, changed) == keys(other, changed)


def test_other_settings_of_the_config_forget_every_row(tmp_path: Path) -> None:
    keys_of_plan(tmp_path, chain(0), chain(0, row="mrcl"))
    again = chain(1)
    assert keys_of_plan(tmp_path, again, config=load("smoke", ["training.lr=1"])) == keys(again)


def test_a_row_whose_preparation_has_other_code_forgets_its_other_seeds(tmp_path: Path) -> None:
    def prepared(seed: int, source: str) -> list[Cell]:
        views = Cell("prepare", "smoke", "infonce", seed, None, None, None, {"seed": seed, "source": source})
        pretrained, evaluation = chain(seed)
        pretrained = replace(pretrained, upstream=views.key)
        return [views, pretrained, replace(evaluation, upstream=pretrained.key)]

    first, second = prepared(0, "a"), prepared(1, "a")
    assert keys_of_plan(tmp_path, first, second) == keys(first, second)
    changed = prepared(0, "b")
    assert keys_of_plan(tmp_path, changed) == keys(changed)


@pytest.mark.parametrize("changed", ["data.workers=2", "data.stream=True"])
def test_another_way_of_reading_the_same_images_forgets_nothing(tmp_path: Path, changed: str) -> None:
    first, other = chain(0), chain(0, row="mrcl")
    keys_of_plan(tmp_path, first)
    assert keys_of_plan(tmp_path, other, config=load("smoke", [changed])) == keys(first, other)
