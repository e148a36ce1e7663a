"""Pairs of published numbers and ours, on cells as the benchmark lays them out for the configs of the papers."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planned_cells import Values, write_planned

from results.ledger.counterparts import MATCH, MISS, NO_CLAIM, NOT_COMPARABLE, Counterpart, beside
from results.ledger.numbers import Ledger, Published, read_ledger
from results.store.cells import read_cells
from results.store.loading import load

LEDGER = read_ledger()
CIFAR10 = 50_000
SGD = "linear_sgd_top1"


def pairs(runs: Path, *, ledger: Ledger = LEDGER) -> list[Counterpart]:
    return beside(load(runs), cells=read_cells(runs), ledger=ledger)


def infocl(runs: Path, values: Values, **changes: Any) -> list[Counterpart]:
    """Pairs of table 1 and the controls of table 3, for rows of infocl_cifar10."""
    write_planned(runs, "infocl_cifar10", values, **{"images": CIFAR10, "metric": SGD, **changes})
    return [
        pair for pair in pairs(runs) if pair.published.table != "table 3, CIFAR-10" or pair.published.row != "SimCLR"
    ]


def published(row: str, column: str, table: str = "table 1, CIFAR-10") -> Published:
    (number,) = (n for n in LEDGER.numbers if (n.table, n.row, n.column) == (table, row, column))
    return number


ROWS = ("infonce", "infonce_rc", "infonce_lbe", "infonce_ip", "infonce_noise", "infonce_mib")


@pytest.mark.parametrize("row", ROWS)
def test_the_config_of_infocl_agrees_with_the_paper_in_every_field_on_the_source(tmp_path: Path, row: str) -> None:
    (pair,) = infocl(tmp_path, {(row, "linear_sgd"): (0.85, 0.86)})
    assert pair.differences == ()
    assert pair.published.objective == row


def test_on_the_other_data_sets_the_normalisation_alone_differs(tmp_path: Path) -> None:
    tasks = ("dtd", "mnist", "fashion_mnist", "cub200", "flowers102", "gtsrb")
    found = infocl(tmp_path, {("infonce_rc", task): (0.5, 0.5) for task in tasks})
    assert len(found) == len(tasks)
    for pair in found:
        mean, std = pair.differences
        assert mean.startswith("mean of the probe's input 0.5/0.5/0.5 instead of 0.")
        assert std.startswith("std of the probe's input 0.5/0.5/0.5 instead of 0.")
        assert pair.verdict == NOT_COMPARABLE


def test_what_no_setting_shows_counts_too(tmp_path: Path) -> None:
    (pair,) = infocl(tmp_path, {("byol", "linear_sgd"): (0.8564, 0.8564)})
    assert pair.differences == published("BYOL", "CIFAR10").standing
    assert pair.verdict == NOT_COMPARABLE


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("training.epochs=10", ["epochs 10 instead of 200"]),
        ("training.batch=128", ["batch 128 instead of 256"]),
        ("training.lr=1e-3", ["learning rate 0.001 instead of 0.0003"]),
        ("training.precision='bfloat16'", ["not stated in the paper: precision"]),
        ("model.depth=50", ["architecture ResNet-50 instead of ResNet-18"]),
        ("model.width=0.5", ["architecture ResNet-18 x0.5 instead of ResNet-18"]),
        ("tasks.linear_sgd.epochs=90", ["epochs of the probe 90 instead of 100"]),
        ("tasks.linear_sgd.refit=False", ["share of the training images that the probe sees 0.9 instead of 1"]),
        ("objectives.infonce.temperature=0.1", ["temperature 0.1 instead of 0.5"]),
        ("objectives.infonce.queue=1024", ["queue 1024 instead of 0"]),
        (
            "training.weight_decay=0.01",
            [
                "optimiser adamw instead of adam",
                "weight decay 0.01 instead of 0",
                "weight decay spares biases and norms yes instead of none",
            ],
        ),
        (
            "views.jitter_p=0.0",
            ["colour jitter none instead of 0.8/0.8/0.8/0.2", "probability of colour jitter 0 instead of 0.8"],
        ),
        (
            "views.blur_p=0.5",
            [
                "probability of blur 0.5 instead of 0",
                "sigma of blur 0.1/2 instead of none",
                "kernel of blur 3 instead of none",
            ],
        ),
    ],
)
def test_a_setting_that_differs_is_named(tmp_path: Path, word: str, said: list[str]) -> None:
    (pair,) = infocl(tmp_path, {("infonce", "linear_sgd"): (0.8576, 0.8576)}, overrides=[word])
    assert list(pair.differences) == said
    assert pair.verdict == NOT_COMPARABLE


def test_fewer_pretraining_images_are_a_difference(tmp_path: Path) -> None:
    (pair,) = infocl(tmp_path, {("infonce", "linear_sgd"): (0.8576, 0.8576)}, images=10_000)
    assert pair.differences == ("pretraining data not known to be the 50000 images of CIFAR-10",)


@pytest.mark.parametrize("seeds", [1, 2])
def test_one_or_two_seeds_claim_nothing_even_where_they_hit_the_number(tmp_path: Path, seeds: int) -> None:
    (pair,) = infocl(tmp_path, {("infonce", "linear_sgd"): (0.8576,) * seeds})
    assert (pair.differences, pair.verdict) == ((), NO_CLAIM[seeds])
    assert pair.std == {1: None, 2: 0.0}[seeds]


def test_a_published_number_between_ours_is_a_match(tmp_path: Path) -> None:
    (pair,) = infocl(tmp_path, {("infonce", "linear_sgd"): (0.8550, 0.8575, 0.8600)})
    assert pair.verdict == MATCH
    assert pair.mean == pytest.approx(0.8575)
    assert pair.std == pytest.approx(0.0025)


@pytest.mark.parametrize(("value", "verdict"), [(0.85764, MATCH), (0.857551, MATCH), (0.85766, MISS), (0.8575, MISS)])
def test_without_spread_the_rounding_of_the_printed_number_decides(tmp_path: Path, value: float, verdict: str) -> None:
    (pair,) = infocl(tmp_path, {("infonce", "linear_sgd"): (value, value, value)})
    assert pair.verdict == verdict


# t(0.975, 2) = 4.303 of the printed tables, std 0.001: the interval reaches 0.00497 beyond the mean, and 0.00005 more
@pytest.mark.parametrize(("mean", "verdict"), [(0.8527, MATCH), (0.8524, MISS), (0.8626, MATCH), (0.8628, MISS)])
def test_beyond_the_prediction_interval_of_one_more_run_is_a_miss(tmp_path: Path, mean: float, verdict: str) -> None:
    (pair,) = infocl(tmp_path, {("infonce", "linear_sgd"): (mean - 0.001, mean, mean + 0.001)})
    assert pair.verdict == verdict


@pytest.mark.parametrize("seeds", [3, 5, 8])
def test_of_perfect_reproductions_one_in_twenty_misses(seeds: int) -> None:
    stream, number = np.random.default_rng(seeds), published("SimCLR", "CIFAR10")
    verdicts = []
    for drawn in stream.normal(0.85, 0.005, size=(2_000, seeds + 1)):
        theirs, *ours = map(float, drawn)
        printed = replace(number, printed=f"{100 * theirs:.2f}")
        verdicts.append(Counterpart(printed, "infocl_cifar10", tuple(ours), ()).verdict)
    assert set(verdicts) == {MATCH, MISS}
    assert 0.03 < verdicts.count(MISS) / len(verdicts) < 0.07


def test_the_paper_s_best_epoch_is_compared_with_our_oracle_alone(tmp_path: Path) -> None:
    none = infocl(tmp_path / "a", {("infonce", "linear_sgd"): (0.85, 0.86)}, selections=("last", "selected"))
    (pair,) = infocl(tmp_path / "b", {("infonce", "linear_sgd"): (0.85, 0.86)}, selections=("oracle",))
    assert none == []
    assert pair.published.selection == "oracle"


def test_a_stale_number_claims_nothing(tmp_path: Path) -> None:
    write_planned(tmp_path, "infocl_cifar10", {("infonce", "linear_sgd"): (0.85, 0.86)}, images=CIFAR10, metric=SGD)
    stale = {cell.key: "objectives.infonce has changed" for cell in read_cells(tmp_path)}
    found = beside(load(tmp_path, stale=stale), cells=read_cells(tmp_path), ledger=LEDGER)
    assert {pair.differences for pair in found} == {("ours is stale: objectives.infonce has changed",)}


def test_numbers_without_their_cells_claim_nothing(tmp_path: Path) -> None:
    write_planned(tmp_path, "infocl_cifar10", {("infonce", "linear_sgd"): (0.85, 0.86)}, images=CIFAR10, metric=SGD)
    found = beside(load(tmp_path), cells=[], ledger=LEDGER)
    assert {pair.verdict for pair in found} == {NOT_COMPARABLE}


def test_what_the_paper_does_not_state_is_a_difference(tmp_path: Path) -> None:
    write_planned(tmp_path, "infocl_cifar10", {("infonce", "linear_sgd"): (0.85, 0.86)}, images=CIFAR10, metric=SGD)
    number = published("SimCLR", "CIFAR10")
    protocol = {**number.protocol, "training.lr": None, "views.flip": None}
    (pair,) = pairs(tmp_path, ledger=Ledger((replace(number, protocol=protocol),), ()))
    assert pair.differences == ("not stated in the paper: learning rate, flip",)


def test_a_section_of_which_nothing_is_stated_is_named_as_a_whole(tmp_path: Path) -> None:
    write_planned(tmp_path, "infocl_cifar10", {("infonce", "linear_sgd"): (0.85, 0.86)}, images=CIFAR10, metric=SGD)
    number = published("SimCLR", "CIFAR10")
    unstated = ("views.", "arguments.", "data.")
    protocol = {name: value for name, value in number.protocol.items() if not name.startswith(unstated)}
    (pair,) = pairs(tmp_path, ledger=Ledger((replace(number, protocol=protocol, selection=None),), ()))
    assert pair.differences == (
        "pretraining data not stated in the paper",
        "not stated in the paper: the augmentation, the objective's arguments",
        "which epoch or setting the paper reports is not stated",
    )


def test_a_row_of_that_name_made_of_another_objective_is_no_match(tmp_path: Path) -> None:
    write_planned(tmp_path, "infocl_cifar10", {("infonce", "linear_sgd"): (0.85, 0.86)}, images=CIFAR10, metric=SGD)
    (pair,) = pairs(tmp_path, ledger=Ledger((replace(published("SimCLR", "CIFAR10"), method="byol"),), ()))
    assert pair.differences == ("objective infonce instead of byol",)


def test_the_data_of_a_config_that_the_ledger_does_not_name_are_not_known(tmp_path: Path) -> None:
    write_planned(tmp_path, "infocl_cifar10", {("infonce", "linear_sgd"): (0.85, 0.86)}, images=CIFAR10, metric=SGD)
    cells = [replace(cell, config="mine") for cell in read_cells(tmp_path)]
    found = beside(load(tmp_path).assign(config="mine"), cells=cells, ledger=LEDGER)
    first = next(pair for pair in found if pair.published.table == "table 1, CIFAR-10")
    assert first.differences == ("pretraining data not known to be CIFAR-10",)


def test_a_config_that_the_ledger_names_meets_its_own_numbers_alone(tmp_path: Path) -> None:
    write_planned(tmp_path, "infocl_cifar10", {("infonce", "dtd"): (0.3, 0.3)}, images=CIFAR10, metric=SGD)
    assert {pair.published.table for pair in pairs(tmp_path)} == {"table 1, CIFAR-10", "table 3, CIFAR-10"}
    assert len(pairs(tmp_path)) == 2


def test_of_infomin_what_differs_from_the_authors_code_is_said(tmp_path: Path) -> None:
    values = {("infomin", "linear_sgd"): (0.7, 0.7)}
    write_planned(tmp_path, "infomin_imagenet", values, images=1_281_167, metric=SGD)
    said = {pair.published.row: pair.differences for pair in pairs(tmp_path)}
    assert len(said) == 7
    same = said["InfoMin, R50, 200 epochs"]
    assert same[0] == "share of the training images that the probe sees 0.99 instead of 1"
    assert same[1].startswith("not stated in the paper: ")
    assert "ShuffleBN" in same[2]
    assert said["InfoMin, R50, 800 epochs"] == ("epochs 200 instead of 800", *same)
    assert said["InfoMin, R101, 300 epochs"][:2] == (
        "architecture ResNet-50 instead of ResNet-101",
        "epochs 200 instead of 300",
    )


@pytest.mark.parametrize(
    ("task", "metric"),
    [("fpn_1x", "AP"), ("fpn_1x", "mask_AP"), ("fpn_2x", "AP"), ("c4_1x", "AP"), ("c4_2x", "mask_AP")],
)
def test_of_a_detector_the_schedule_agrees_and_the_library_does_not(tmp_path: Path, task: str, metric: str) -> None:
    values = {("infomin", task): (0.4, 0.4), ("random", task): (0.3, 0.3)}
    write_planned(tmp_path, "coco_detection", values, images=1_281_167, metric=metric, selections=("last",))
    found = {pair.published.row: pair.differences for pair in pairs(tmp_path)}
    assert found["InfoMin Aug"][0] == "library mmdet instead of detectron2"
    assert [said for said in found["InfoMin Aug"] if "instead of" in said] == ["library mmdet instead of detectron2"]
    assert found.get("random", ("library mmdet instead of detectron2",)) == ("library mmdet instead of detectron2",)


def test_of_the_number_from_a_web_page_nothing_is_stated(tmp_path: Path) -> None:
    values = {("infomin", "voc_c4"): (0.57, 0.58)}
    write_planned(tmp_path, "voc_detection", values, images=1_281_167, metric="AP", selections=("last",))
    (pair,) = pairs(tmp_path)
    assert pair.verdict == NOT_COMPARABLE
    assert pair.differences[1].startswith("not stated in the paper: the network, the schedule of the pretraining")
    assert pair.published.confidence == "second-hand"
