from collections.abc import Mapping
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cell_store import FIXTURES, PRETRAIN, write_evaluation

from results.store.cells import Cell, read_cell
from results.store.loading import load
from results.sweeps import Sweep, choose, describe, find_sweeps, load_sweeps

WEIGHT = "arguments.superfluous_weight"
SWEEP = Sweep("shapes", "superinfo", (WEIGHT,), {"w=0": (0.0,), "w=0.01": (0.01,), "w=0.1": (0.1,), "w=1": (1.0,)})


def pretraining(row: str, *, seed: int = 0, config: str = "shapes", **inputs: Any) -> Cell:
    """A cell that is equal to all others from here but for what is given."""
    cell = read_cell(FIXTURES / "cells" / PRETRAIN / "cell.json")
    own = {
        "objective": "superinfo",
        "source": "abc",
        "arguments": {"superfluous_weight": 0.01, "base": {"type": "infonce", "temperature": 0.2}},
        "training": {"lr": 0.004, "epochs": 10.0, "nesterov": True},
        "views": {"crop_scale": [0.4, 1.0]},
        **inputs,
    }
    return replace(
        cell,
        key=f"{config}-{row}-{seed}",
        config=config,
        objective=row,
        seed=seed,
        inputs={**own, "row": row, "seed": seed},
    )


def weighing(weight: object, temperature: object = 0.2) -> dict[str, object]:
    return {"superfluous_weight": weight, "base": {"type": "infonce", "temperature": temperature}}


def test_rows_that_differ_in_one_number_are_a_sweep_by_its_value() -> None:
    cells = [
        pretraining(row, seed=seed, arguments=weighing(value))
        for row, value in (("high", 0.1), ("superinfo", 0.01), ("none", 0))
        for seed in range(2)
    ]
    (sweep,) = find_sweeps(cells)
    assert (sweep.config, sweep.objective, sweep.parameters) == ("shapes", "superinfo", (WEIGHT,))
    assert list(sweep.rows.items()) == [("none", (0.0,)), ("superinfo", (0.01,)), ("high", (0.1,))]


@pytest.mark.parametrize(
    ("inputs", "path", "values"),
    [
        ({"training": {"lr": 0.1, "epochs": 10.0, "nesterov": True}}, "training.lr", [0.004, 0.1]),
        ({"arguments": weighing(0.01, temperature=0.5)}, "arguments.base.temperature", [0.2, 0.5]),
        ({"views": {"crop_scale": [0.08, 1.0]}}, "views.crop_scale.0", [0.08, 0.4]),
    ],
)
def test_any_number_of_the_inputs_can_be_swept(inputs: dict[str, Any], path: str, values: list[float]) -> None:
    (sweep,) = find_sweeps([pretraining("one"), pretraining("other", **inputs)])
    assert sweep.parameters == (path,)
    assert [value for (value,) in sweep.rows.values()] == values


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"source": "def"},
        {"objective": "mrcl", "arguments": weighing(0.1)},
        {"source": "def", "arguments": weighing(0.1)},
        {"arguments": weighing("0.1")},
        {"arguments": weighing(None)},
        {"arguments": {**weighing(0.1), "extra": 1}},
        {"arguments": weighing(0.1, temperature=0.5)},
        {"arguments": weighing(0.1, temperature=0.5), "training": {"lr": 1, "epochs": 10.0, "nesterov": True}},
        {"training": {"lr": 0.004, "epochs": 10.0, "nesterov": False}},
        {"views": {"crop_scale": [0.4]}},
        {"config": "cifar10", "arguments": weighing(0.1)},
    ],
)
def test_rows_that_differ_in_anything_else_are_none(inputs: dict[str, Any]) -> None:
    assert find_sweeps([pretraining("one"), pretraining("other", **inputs)]) == []


def test_seeds_alone_are_no_sweep() -> None:
    assert find_sweeps([pretraining("superinfo", seed=seed) for seed in range(5)]) == []


def test_evaluations_are_passed_over() -> None:
    cells = [pretraining("one"), pretraining("other", arguments=weighing(0.1))]
    assert len(find_sweeps(cells)) == 1
    assert find_sweeps([replace(cell, kind="evaluate") for cell in cells]) == []


def test_a_row_whose_seeds_differ_in_their_inputs_is_in_no_sweep() -> None:
    cells = [pretraining(row, arguments=weighing(value)) for row, value in (("a", 0), ("b", 1), ("mixed", 2))]
    cells.append(pretraining("mixed", seed=1, arguments=weighing(3)))
    (sweep,) = find_sweeps(cells)
    assert set(sweep.rows) == {"a", "b"}


def test_of_rows_with_equal_values_the_one_with_most_seeds_stands() -> None:
    cells = [pretraining(row, arguments=weighing(value)) for row, value in (("c", 0), ("b", 0.01), ("a", 0.01))]
    assert set(find_sweeps(cells)[0].rows) == {"a", "c"}
    assert set(find_sweeps([*cells, pretraining("b", seed=1)])[0].rows) == {"b", "c"}


def test_two_numbers_that_span_a_grid_are_one_sweep() -> None:
    grid = {f"{w}-{t}": (float(w), t) for w in (0, 1, 2) for t in (0.1, 0.2)}
    cells = [pretraining(name, arguments=weighing(*values)) for name, values in grid.items()]
    (sweep,) = find_sweeps(cells)
    assert sweep.parameters == ("arguments.base.temperature", WEIGHT)
    assert dict(sweep.rows) == {name: (t, w) for name, (w, t) in grid.items()}
    (smaller,) = find_sweeps(cells[:-1])
    assert set(smaller.rows) == set(grid) - {"2-0.2"}


def test_two_numbers_swept_one_after_the_other_are_two_sweeps() -> None:
    star = [("base", 1.0, 0.2), ("w0", 0.0, 0.2), ("w2", 2.0, 0.2), ("t1", 1.0, 0.1), ("t5", 1.0, 0.5)]
    found = find_sweeps([pretraining(name, arguments=weighing(w, t)) for name, w, t in star])
    assert {sweep.parameters: set(sweep.rows) for sweep in found} == {
        (WEIGHT,): {"w0", "base", "w2"},
        ("arguments.base.temperature",): {"t1", "base", "t5"},
    }


def test_the_sweeps_of_a_folder_are_those_of_the_cells_that_count() -> None:
    assert load_sweeps(FIXTURES) == []


def swept(runs: Path, val: Mapping[str, list[float]], test: Mapping[str, list[float]]) -> pd.DataFrame:
    """A store with a classification per row and seed, its two metrics in the order that is not that of tables.

    nan stands for a seed that was not run.
    """
    for row, values in val.items():
        for seed, value in enumerate(values):
            if isnan(value):
                continue
            place = {"dataset": "shapes", "selection": "selected"}
            metrics = [
                {**place, "metric": "knn_top1", "split": "val", "value": 1 - value},
                {**place, "metric": "linear_top1", "split": "val", "value": value},
                {**place, "metric": "linear_top1", "split": "test", "value": test[row][seed]},
                {**place, "metric": "linear_top1", "split": "test", "selection": "oracle", "value": 1.0},
            ]
            changes = {"config": "shapes", "objective": row, "seed": seed, "task": "classification"}
            write_evaluation(runs, {}, {**changes, "family": "classification", "metrics": metrics})
    return load(runs)


VAL = {"w=0": [0.5, 0.6], "w=0.01": [0.7, 0.7], "w=0.1": [0.6, 0.9], "w=1": [0.1, 0.2]}


def test_the_row_with_the_highest_mean_validation_score_is_chosen(tmp_path: Path) -> None:
    test = {"w=0": [0.9, 0.9], "w=0.01": [0.8, 0.8], "w=0.1": [0.3, 0.5], "w=1": [1.0, 1.0]}
    choice = choose(swept(tmp_path, VAL, test), SWEEP)
    assert (choice.row, choice.values, choice.n, choice.left_out) == ("w=0.1", (0.1,), 2, ())
    assert (choice.task, choice.dataset, choice.metric) == ("classification", "shapes", "linear_top1")
    assert (choice.val, choice.test) == pytest.approx((0.75, 0.4))


@pytest.mark.parametrize("best", list(VAL))
def test_the_test_scores_have_no_part_in_the_choice(tmp_path: Path, best: str) -> None:
    test = {row: [float(row == best)] * 2 for row in VAL}
    assert choose(swept(tmp_path, VAL, test), SWEEP).row == "w=0.1"


def test_equal_means_go_to_the_smaller_value_however_they_were_rounded(tmp_path: Path) -> None:
    val = {"w=0.1": [0.1, 0.2, 0.3], "w=0.01": [0.3, 0.2, 0.1], "w=0": [0.1, 0.1, 0.1], "w=1": [0.2, 0.2, 0.2]}
    assert choose(swept(tmp_path, val, val), SWEEP).row == "w=0.01"


def test_rows_are_compared_over_the_seeds_that_all_of_them_have(tmp_path: Path) -> None:
    val = {"w=0": [0.2, 0.2, 0.2], "w=1": [0.9, 0.8]}
    choice = choose(swept(tmp_path, val, val), SWEEP)
    assert (choice.row, choice.n, choice.unused) == ("w=1", 2, (2,))
    assert (choice.val, choice.test) == pytest.approx((0.85, 0.85))
    assert choice.left_out == ("w=0.01", "w=0.1")


@pytest.mark.parametrize("few", [0.1, 1.0])
def test_a_row_with_a_single_seed_is_compared_over_it(tmp_path: Path, few: float) -> None:
    val = {**VAL, "w=1": [few]}
    choice = choose(swept(tmp_path, val, val), SWEEP)
    assert (choice.row, choice.n, choice.left_out) == ("w=1" if few == 1.0 else "w=0.01", 1, ())


NAN = float("nan")


def test_without_a_seed_of_all_rows_as_many_as_possible_are_compared(tmp_path: Path) -> None:
    val = {"w=0": [0.5, 0.6, NAN], "w=0.01": [0.7, 0.1, NAN], "w=0.1": [0.6, NAN, 0.9], "w=1": [NAN, NAN, 1.0]}
    choice = choose(swept(tmp_path, val, val), SWEEP)
    assert (choice.row, choice.val, choice.n, choice.left_out) == ("w=0.01", 0.7, 1, ("w=1",))
    val["w=0.1"] = [NAN, NAN, 0.9]
    choice = choose(swept(tmp_path / "more", val, val), SWEEP)
    assert (choice.row, choice.val, choice.n, choice.left_out) == ("w=0", 0.55, 2, ("w=0.1", "w=1"))


@pytest.mark.parametrize(
    ("val", "got"),
    [
        ({"w=0": [0.2, 0.2]}, r"w=0 \(seed 0, 1\)"),
        ({"w=1": [NAN, 0.9], "w=0": [0.2, NAN]}, r"w=0 \(seed 0\), w=1 \(seed 1\)"),
    ],
)
def test_a_row_that_no_other_can_be_compared_with_is_not_chosen(
    tmp_path: Path, val: Mapping[str, list[float]], got: str
) -> None:
    allowed = "sweep: at least two rows with a validation score for the same seed are expected"
    with pytest.raises(ValueError, match=f"^{allowed}, got {got}$"):
        choose(swept(tmp_path, val, val), SWEEP)


def test_stale_scores_do_not_count(tmp_path: Path) -> None:
    frame = swept(tmp_path, VAL, VAL)
    stale = frame.assign(stale=(frame["objective"] == "w=0.1").map({True: "training.lr 0.1 instead of 0.2", False: ""}))
    choice = choose(stale, SWEEP)
    assert (choice.row, choice.left_out) == ("w=0.01", ("w=0.1",))


def test_a_choice_is_said_in_words(tmp_path: Path) -> None:
    val = {row: VAL[row] for row in ("w=0", "w=0.01", "w=0.1")}
    frame = swept(tmp_path, val, {row: [0.3, 0.5] for row in VAL})
    assert describe(SWEEP, choose(frame, SWEEP)) == (
        "shapes: arguments.superfluous_weight = 0.1 (w=0.1) is chosen by shapes linear_top1 on validation data: "
        "75.0 %, mean of 2 seeds; test 40.0 %. Not compared, for want of seeds: w=1."
    )


def test_the_seeds_that_had_no_part_are_said_in_words(tmp_path: Path) -> None:
    val = {"w=0": [0.2] * 4, "w=1": [0.9]}
    assert describe(replace(SWEEP, rows={"w=0": (0.0,), "w=1": (1.0,)}), choose(swept(tmp_path, val, val), SWEEP)) == (
        "shapes: arguments.superfluous_weight = 1 (w=1) is chosen by shapes linear_top1 on validation data: "
        "90.0 %, one seed, without 1, 2 and 3, which not all have; test 90.0 %. Not compared, for want of seeds: "
        "w=0.01, w=0.1."
    )


def test_without_a_test_score_the_choice_has_none(tmp_path: Path) -> None:
    frame = swept(tmp_path, VAL, VAL)
    choice = choose(frame[(frame["split"] == "val") | (frame["seed"] == 0)], SWEEP)
    assert (choice.row, choice.val) == ("w=0.1", 0.75)
    assert isnan(choice.test)


def test_a_task_can_be_named_if_it_has_validation_scores(tmp_path: Path) -> None:
    frame = swept(tmp_path, VAL, VAL)
    write_evaluation(tmp_path, {"AP": 0.5}, {"config": "shapes", "objective": "w=0", "task": "voc"})
    assert choose(load(tmp_path), SWEEP, task="classification") == choose(frame, SWEEP)
    message = r"^unknown task with validation scores 'voc'\. Known: classification\.$"
    with pytest.raises(ValueError, match=message):
        choose(load(tmp_path), SWEEP, task="voc")


def test_without_validation_scores_nothing_is_chosen(tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"AP": 0.5}, {"config": "shapes", "objective": "w=0", "task": "voc"})
    with pytest.raises(ValueError, match=r"^sweep: a task with validation scores is expected, got none$"):
        choose(load(tmp_path), SWEEP)


def test_what_inputs_tell_twice_or_leave_out_is_swept_too() -> None:
    sizes = [pretraining(f"size={size}", views={"size": size}, input=[size, [0.5], [0.5], None]) for size in (24, 32)]
    (sweep,) = find_sweeps(sizes)
    assert (sweep.parameters, list(sweep.rows.values())) == (("views.size",), [(24.0,), (32.0,)])
    trainings = [{"lr": 0.004}, {"lr": 0.004, "chunks": 2}, {"lr": 0.004, "chunks": 4}]
    (sweep,) = find_sweeps([pretraining(str(place), training=each) for place, each in enumerate(trainings)])
    assert (sweep.parameters, list(sweep.rows.values())) == (("training.chunks",), [(1.0,), (2.0,), (4.0,)])
