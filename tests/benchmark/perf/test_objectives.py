"""The table of what objectives cost names them all, and its reasons are counted."""

import pytest
from tiny_pretraining import tiny_config

from benchmark.config import load
from benchmark.perf.objectives import FormOfLoss, compare, forms, peak_bytes, reason
from objectives.registry import OBJECTIVES


def test_every_objective_that_trains_is_measured_and_infocl_with_every_regulariser() -> None:
    found = forms()
    assert {form.objective for form in found} == {name for name, kind in OBJECTIVES.module_dict.items() if kind.trains}
    names = [form.name for form in found]
    assert {f"infocl {name}" for name in ("rc", "lbe", "ip", "mib", "noise")} <= set(names)
    assert len(names) == len(set(names))


def test_a_form_keeps_the_arguments_that_the_config_has_for_it() -> None:
    config = FormOfLoss("infonce", {"queue": 8}).config(load("shapes"))
    assert config.objectives["infonce"] == {"temperature": 0.2, "queue": 8}


def test_the_reason_counts_passes_and_names_own_layers() -> None:
    forms()
    config = tiny_config()
    puzzle = reason(FormOfLoss("infomin", {}), config)
    assert "11 forward passes an image instead of 2 (two views, nine patches)" in puzzle
    assert "own layers (head)" in puzzle
    target = reason(FormOfLoss("byol", {}), config)
    assert "4 forward passes an image instead of 2 (two views, the target's views)" in target
    assert "own layers (predictor)" in target
    assert reason(FormOfLoss("infonce", {}), config) == (
        "1.00 x the operations of infonce; 2 forward passes an image instead of 2 (two views)"
    )


def test_forms_are_compared_with_infonce_in_time_and_memory() -> None:
    found = compare(tiny_config("training.batch=64"), [FormOfLoss("infonce", {}), FormOfLoss("byol", {})], rounds=2)
    assert [(one.unit, len(one.ours), len(one.theirs)) for one in found] == [("ms/step", 2, 2), ("MB", 1, 1)]
    assert all(one.other == "infonce" and not one.more and "byol" in one.what for one in found)
    assert all(one.cost and one.part == "Objectives" for one in found)
    assert found[1].ratio == found[1].ours[0] / found[1].theirs[0]
    assert [bool(one.note) for one in found] == [one.ratio > 1.5 for one in found]
    assert min(found[0].ours + found[0].theirs) > 0


@pytest.mark.parametrize("form", [FormOfLoss("infonce", {})])
def test_the_memory_of_a_step_grows_with_its_images(form: FormOfLoss) -> None:
    forms()
    small, large = (peak_bytes(form, tiny_config(f"training.batch={batch}")) for batch in (8, 1024))
    assert large > small
    assert large > 1024 * 2 * 3 * 16 * 16 * 4  # the two views alone
