"""Planted effects are found, absent ones are not held, and reversed ones are called the opposite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from experiment_cells import (
    Planted,
    crop_rows,
    factors,
    masking_rows,
    non_shared_rows,
    predictor_rows,
    reverse_u_rows,
    shortcut_rows,
    superfluous_rows,
    write_rows,
)
from experiment_sets import SETS, flat, hump, loaded, material, nothing, outcomes, written

from results.experiments import non_shared, reverse_u
from results.experiments.material import load_material
from results.experiments.registry import EXPERIMENTS
from results.experiments.verdict import HELD, MISSING, NOT_HELD, OPPOSITE, UNKNOWN


def test_a_regulariser_that_keeps_more_is_held_and_one_that_does_nothing_is_not(tmp_path: Path) -> None:
    own = material(tmp_path, "non-shared", SETS["non-shared"])
    rc, rc_noise, lbe, lbe_infonce, best_rc, best_lbe, mib, premise = EXPERIMENTS["non-shared"].verdicts(own)
    assert outcomes([rc, rc_noise, best_rc, mib]) == [HELD] * 4
    assert outcomes([lbe, lbe_infonce, best_lbe]) == [NOT_HELD] * 3
    assert premise.claim.startswith("The premise: infonce keeps less")
    assert premise.outcome == OPPOSITE  # the floor was planted below
    assert rc.effect == pytest.approx(hump(1.0) - 0.3, abs=0.01)
    assert rc.n == 5
    assert rc.p == pytest.approx(1 / 32)


def test_a_regulariser_that_keeps_less_is_called_the_opposite(tmp_path: Path) -> None:
    rows = non_shared_rows(lambda weight: 0.3 - (hump(weight) - 0.3), flat)
    rc, rc_noise, _, _, best_rc, *_ = EXPERIMENTS["non-shared"].verdicts(material(tmp_path, "non-shared", rows))
    assert outcomes([rc, rc_noise, best_rc]) == [OPPOSITE, OPPOSITE, OPPOSITE]
    assert rc.effect == pytest.approx(-0.2, abs=0.01)


def test_what_the_noise_alone_does_is_no_merit_of_lbe_and_no_fault_of_mib(tmp_path: Path) -> None:
    rows = non_shared_rows(flat, lambda _: 0.4, noise=0.4)
    own = material(tmp_path, "non-shared", rows)
    rc, rc_noise, lbe, lbe_infonce, _, _, mib, _ = EXPERIMENTS["non-shared"].verdicts(own)
    assert outcomes([rc, rc_noise, lbe, lbe_infonce, mib]) == [NOT_HELD, OPPOSITE, NOT_HELD, HELD, HELD]
    assert lbe.said.startswith("linear_retention_non_shared of lbe at weight 1 minus noise alone: ")
    assert mib.effect == pytest.approx(0.05, abs=0.01)


def test_the_curve_of_lbe_starts_from_noise_and_that_of_rc_from_infonce(tmp_path: Path) -> None:
    own = material(tmp_path, "non-shared", SETS["non-shared"], seeds=1)
    for method, zero in (("rc", "infonce"), ("lbe", "noise")):
        (weight, row), *_ = non_shared.series(own, method)
        assert (weight, row.name) == (0.0, zero)


def test_a_regulariser_without_rows_is_missing_and_the_other_is_judged(tmp_path: Path) -> None:
    rows = [row for row in SETS["non-shared"] if not row.name.startswith("lbe")]
    found = EXPERIMENTS["non-shared"].verdicts(material(tmp_path, "non-shared", rows))
    assert outcomes(found)[:6] == [HELD, HELD, MISSING, MISSING, HELD, MISSING]
    assert found[2].said == "There is no linear_retention_non_shared of lbe at weight 1."


@pytest.mark.parametrize(
    ("score", "outcome"),
    [
        (lambda nats: 0.7 - 0.05 * abs(nats - 4.5), HELD),
        (lambda nats: 0.4 + 0.05 * abs(nats - 4.5), OPPOSITE),
        (lambda nats: 0.3 + 0.05 * nats, NOT_HELD),
        (flat, NOT_HELD),
    ],
)
def test_a_reverse_u_is_held_and_a_u_is_the_opposite(
    score: Callable[[float], float], outcome: str, tmp_path: Path
) -> None:
    rows = reverse_u_rows(score, methods=("infonce", "byol"))
    assert outcomes(EXPERIMENTS["reverse-u"].verdicts(material(tmp_path, "reverse-u", rows))) == [outcome] * 4


def test_the_peak_is_expected_at_the_fewest_shared_factors_that_hold_the_shape(tmp_path: Path) -> None:
    late = reverse_u_rows(lambda nats: 0.3 + (0.3 if nats == 6.0 else 0.0))
    inside, expected = EXPERIMENTS["reverse-u"].verdicts(material(tmp_path, "reverse-u", late))
    assert outcomes([inside, expected]) == [HELD, NOT_HELD]
    assert "with 3 factors shared (4.50 nats), the fewest that hold shape" in expected.claim


def test_crops_are_ordered_by_their_area_and_placed_by_what_infonce_measures(tmp_path: Path) -> None:
    rows = [*crop_rows(flat), *crop_rows(flat, method="byol", measured=lambda crop: 9 - crop)]
    found = reverse_u.lines(material(tmp_path, "reverse-u", rows))
    assert [line.method for line in found] == ["infonce", "byol"]
    for line in found:
        assert [row.recipe.crop for _, row in line.points] == [0.05, 0.2, 0.5, 0.8]
        assert [x for x, _ in line.points] == pytest.approx([1.2, 1.8, 3.0, 4.2])


def test_the_ends_of_an_axis_are_those_of_what_is_swept_whatever_is_measured(tmp_path: Path) -> None:
    rows = crop_rows(lambda crop: 0.6 if crop in (0.2, 0.5) else 0.3, measured=lambda crop: abs(crop - 0.3))
    assert outcomes(EXPERIMENTS["reverse-u"].verdicts(material(tmp_path, "reverse-u", rows))) == [HELD]


def test_axes_of_several_configs_are_told_apart_and_quick_cells_are_left_out(tmp_path: Path) -> None:
    write_rows(tmp_path, reverse_u_rows(lambda nats: 0.7 - 0.05 * abs(nats - 4.5)), config="reverse-u", seeds=5)
    write_rows(tmp_path, crop_rows(lambda crop: 0.3 + 0.2 * crop), config="reverse-u_crop", seeds=5)
    write_rows(tmp_path, reverse_u_rows(flat), config="reverse-u-quick", seeds=5)
    own = loaded(tmp_path, "reverse-u")
    assert {row.config for row in own.rows} == {"reverse-u", "reverse-u_crop"}
    shared, expected, crop = EXPERIMENTS["reverse-u"].verdicts(own)
    assert shared.claim.startswith("infonce, shared factors: ")
    assert crop.claim.startswith("infonce, crop: ")
    assert outcomes([shared, expected, crop]) == [HELD, HELD, NOT_HELD]


def test_quick_cells_of_an_experiment_are_its_own(tmp_path: Path) -> None:
    write_rows(tmp_path, reverse_u_rows(flat), config="reverse-u", seeds=1)
    write_rows(tmp_path, reverse_u_rows(flat)[:2], config="reverse-u-quick", seeds=1)
    found = load_material(tmp_path, label="reverse-u-quick", pooled=True, keys=None, stale={}, derived=())
    assert {row.config for row in found.rows} == {"reverse-u-quick"}


@pytest.mark.parametrize(
    ("gain", "outcome"),
    [
        (lambda weight: 0.05 if weight == 0.01 else 0.0, HELD),
        (nothing, NOT_HELD),
        (lambda weight: -0.1 if weight > 0 else 0.0, OPPOSITE),
    ],
)
def test_a_superfluous_weight_that_helps_is_held(gain: Callable[[float], float], outcome: str, tmp_path: Path) -> None:
    shared, _, shape, _ = EXPERIMENTS["superfluous"].verdicts(material(tmp_path, "superfluous", superfluous_rows(gain)))
    assert outcomes([shared, shape]) == [outcome, outcome]


def test_what_is_taken_out_of_the_features_is_judged_by_the_non_shared_factors(tmp_path: Path) -> None:
    rows = [
        Planted("infonce", "infonce", {"factors": factors(0.4, 0.6)}),
        *(
            Planted(f"superinfo {weight:g}", "superinfo", {"factors": factors(0.4 - 2 * weight, 0.6 + 3 * weight)}, own)
            for weight in (0.0, 0.05)
            if (own := {"superfluous_weight": weight, "predictive_weight": 0.1, "bound": "rate"})
        ),
    ]
    shared, taken, shape, hue = EXPERIMENTS["superfluous"].verdicts(material(tmp_path, "superfluous", rows))
    assert outcomes([shared, taken, shape, hue]) == [HELD] * 4
    assert taken.effect == pytest.approx(0.1, abs=0.01)
    assert hue.effect == pytest.approx(0.1, abs=0.01)


def test_the_row_that_loses_least_of_all_factors_is_not_preferred(tmp_path: Path) -> None:
    kept = {0.0: (0.5, 0.5), 0.01: (0.5, 0.52), 0.1: (0.3, 0.6)}
    rows = [
        Planted(f"superinfo {weight:g}", "superinfo", {"factors": factors(*numbers)}, own)
        for weight, numbers in kept.items()
        if (own := {"superfluous_weight": weight, "predictive_weight": 0.1, "bound": "rate"})
    ]
    shared, taken, *_ = EXPERIMENTS["superfluous"].verdicts(material(tmp_path, "superfluous", rows))
    assert "superinfo with weights 0.1 and 0.1" in shared.said
    assert taken.effect == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(("taken", "outcome"), [(0.2, HELD), (0.0, NOT_HELD), (-0.1, OPPOSITE)])
def test_a_shortcut_that_is_taken_is_held(taken: float, outcome: str, tmp_path: Path) -> None:
    hue, shape, classes, *floors = EXPERIMENTS["shortcut"].verdicts(
        material(tmp_path, "shortcut", shortcut_rows(taken))
    )
    assert outcomes([hue, shape, classes]) == [outcome] * 3
    assert outcomes(floors) == [HELD, HELD]
    assert hue.effect == pytest.approx(taken, abs=0.01)


@pytest.mark.parametrize(
    ("gain", "outcome"),
    [(lambda ratio: 0.2 * ratio, HELD), (lambda ratio: -0.1 if ratio else 0.0, OPPOSITE)],
)
def test_masking_that_helps_is_held_in_every_task(gain: Callable[[float], float], outcome: str, tmp_path: Path) -> None:
    found = EXPERIMENTS["masking"].verdicts(material(tmp_path, "masking", masking_rows(gain)))
    assert outcomes(found) == [outcome] * 3


def test_masking_that_does_nothing_is_not_held(tmp_path: Path) -> None:
    found = EXPERIMENTS["masking"].verdicts(material(tmp_path, "masking", masking_rows(nothing)))
    assert HELD not in outcomes(found)
    assert max(abs(verdict.effect) for verdict in found) < 0.01


def test_a_task_that_was_skipped_is_missing_and_the_others_are_judged(tmp_path: Path) -> None:
    own = material(tmp_path / "runs", "masking", SETS["masking"], without=["voc"])
    retention, detection, segmentation = EXPERIMENTS["masking"].verdicts(own)
    assert outcomes([retention, detection, segmentation]) == [HELD, MISSING, HELD]
    page = written(tmp_path / "runs", "masking", out=tmp_path / "out")
    assert "- voc skipped: " in page
    assert "](masking.svg)" in page


def test_predictors_that_agree_are_held_those_that_do_not_are_not_and_reversed_ones_are_the_opposite(
    tmp_path: Path,
) -> None:
    slopes = {"linear_top1": 0.05, "knn_top1": 0.0, "uniformity_nats": -0.1, "lidar_dims": -0.1}
    found = EXPERIMENTS["predictors"].verdicts(material(tmp_path, "predictors", predictor_rows(slopes)))
    by_claim = {verdict.claim.split()[0]: verdict for verdict in found if verdict.claim.endswith("voc AP does.")}
    assert by_claim["linear_top1"].outcome == HELD
    assert by_claim["knn_top1"].outcome == NOT_HELD
    assert by_claim["\N{MINUS SIGN}uniformity_nats"].outcome == HELD
    assert by_claim["lidar_dims"].outcome == OPPOSITE
    assert by_claim["lidar_dims"].effect == pytest.approx(-1.0)


def test_one_seed_gives_tau_no_interval_and_tells_nothing(tmp_path: Path) -> None:
    found = EXPERIMENTS["predictors"].verdicts(material(tmp_path, "predictors", SETS["predictors"], seeds=1))
    assert set(outcomes(found)) == {UNKNOWN}


def test_stale_numbers_are_left_out_and_counted(tmp_path: Path) -> None:
    write_rows(tmp_path, SETS["masking"], config="masking", seeds=5)
    gone = {f"masking-mrcl-0-{seed}-voc": "training.lr" for seed in range(5)}
    own = loaded(tmp_path, "masking", stale=gone)
    assert own.stale == 10
    assert outcomes(EXPERIMENTS["masking"].verdicts(own)) == [HELD, MISSING, HELD]
