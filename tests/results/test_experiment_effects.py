"""Planted effects are found, absent ones are not held, and reversed ones are called the opposite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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

from results.experiments import non_shared, predictors
from results.experiments.material import load_material
from results.experiments.prediction import Prediction
from results.experiments.registry import EXPERIMENTS
from results.experiments.sharing import lines
from results.experiments.verdict import HELD, MISSING, NOT_HELD, OPPOSITE, UNKNOWN
from results.statistics.agreement import Agreement


def test_a_regulariser_that_keeps_more_is_held_and_one_that_does_nothing_is_not(tmp_path: Path) -> None:
    own = material(tmp_path, "non-shared", SETS["non-shared"])
    found = EXPERIMENTS["non-shared"].verdicts(own)
    rc, rc_noise, rc_floor, lbe, lbe_infonce, _, best_rc, best_lbe, mib, mib_noise, premise, *_ = found
    assert outcomes([rc, rc_noise, rc_floor, best_rc, mib, mib_noise]) == [HELD] * 6
    assert outcomes([lbe, lbe_infonce, best_lbe]) == [NOT_HELD] * 3
    assert premise.claim.startswith("The premise: infonce keeps less")
    assert premise.outcome == OPPOSITE  # the floor was planted below
    assert rc.effect == pytest.approx(hump(1.0) - 0.3, abs=0.01)
    assert rc.n == 5
    assert rc.p == pytest.approx(1 / 32)


def test_a_regulariser_that_keeps_less_is_called_the_opposite(tmp_path: Path) -> None:
    rows = non_shared_rows(lambda weight: 0.3 - (hump(weight) - 0.3), flat)
    rc, rc_noise, _, _, _, _, best_rc, *_ = EXPERIMENTS["non-shared"].verdicts(material(tmp_path, "non-shared", rows))
    assert outcomes([rc, rc_noise, best_rc]) == [OPPOSITE, OPPOSITE, OPPOSITE]
    assert rc.effect == pytest.approx(-0.2, abs=0.01)


def test_what_a_regulariser_costs_in_shared_factors_is_judged(tmp_path: Path) -> None:
    shared = {"infonce": 0.9, "rc_1": 0.8, "noise": 0.7, "lbe_1": 0.8}
    rows = [
        replace(row, tasks={"factors": factors(0.3, shared[row.name])}) if row.name in shared else row
        for row in SETS["non-shared"]
    ]
    rc, lbe = EXPERIMENTS["non-shared"].verdicts(material(tmp_path, "non-shared", rows))[-6:-4]
    assert outcomes([rc, lbe]) == [HELD, OPPOSITE]
    assert rc.said.startswith("linear retention of shared factors of infonce minus rc at weight 1: +10")
    assert rc.effect == pytest.approx(0.1, abs=0.01)


def test_what_features_tell_of_the_view_is_judged_and_missed_where_it_was_not_measured(tmp_path: Path) -> None:
    told = {"infonce": 5.0, "rc_1": 6.5, "noise": 5.0, "lbe_1": 4.0}
    rows = [
        replace(row, tasks={**row.tasks, "representation": {"h_noise_information_nats": told[row.name]}})
        if row.name in told
        else row
        for row in SETS["non-shared"]
    ]
    rc, lbe = EXPERIMENTS["non-shared"].verdicts(material(tmp_path, "non-shared", rows))[-2:]
    assert outcomes([rc, lbe]) == [HELD, OPPOSITE]
    assert rc.claim == "rc, at weight 1, raises the bound on I(h+noise;v) over that of infonce."
    assert (rc.effect, lbe.effect) == (1.5, -1.0)
    by_decoder = EXPERIMENTS["non-shared"].verdicts(loaded(tmp_path, "non-shared"))[-4:-2]
    assert outcomes(by_decoder) == [MISSING, MISSING]


def test_what_the_noise_alone_does_is_no_merit_of_lbe(tmp_path: Path) -> None:
    rows = non_shared_rows(flat, lambda _: 0.4, noise=0.4)
    own = material(tmp_path, "non-shared", rows)
    rc, rc_noise, _, lbe, lbe_infonce, *_ = EXPERIMENTS["non-shared"].verdicts(own)
    assert outcomes([rc, rc_noise, lbe, lbe_infonce]) == [NOT_HELD, OPPOSITE, NOT_HELD, HELD]
    assert lbe.said.startswith("linear retention of non-shared factors of lbe at weight 1 minus noise alone: ")


def test_the_curve_of_lbe_starts_from_noise_and_that_of_rc_from_infonce(tmp_path: Path) -> None:
    own = material(tmp_path, "non-shared", SETS["non-shared"], seeds=1)
    for method, zero in (("rc", "infonce"), ("lbe", "noise")):
        (weight, row), *_ = non_shared.series(own, method)
        assert (weight, row.name) == (0.0, zero)


def test_a_regulariser_without_rows_is_missing_and_the_other_is_judged(tmp_path: Path) -> None:
    rows = [row for row in SETS["non-shared"] if not row.name.startswith("lbe")]
    found = EXPERIMENTS["non-shared"].verdicts(material(tmp_path, "non-shared", rows))
    assert outcomes(found)[:8] == [HELD] * 3 + [MISSING] * 3 + [HELD, MISSING]
    assert found[3].said == "There is no linear retention of non-shared factors of lbe at weight 1."


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
    found = lines(material(tmp_path, "reverse-u", rows))
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
    own = material(tmp_path, "superfluous", superfluous_rows(gain))
    shared, _, shape, *_ = EXPERIMENTS["superfluous"].verdicts(own)
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
    found = EXPERIMENTS["superfluous"].verdicts(material(tmp_path, "superfluous", rows))
    assert outcomes(found) == [HELD] * 6
    _, taken, _, hue, *_ = found
    assert taken.effect == pytest.approx(0.1, abs=0.01)
    assert hue.effect == pytest.approx(0.1, abs=0.01)


def test_every_superfluous_weight_is_compared_with_zero_at_the_default_predictive_weight(tmp_path: Path) -> None:
    rows = superfluous_rows(lambda weight: -0.02 if weight > 0.001 else 0.0)
    found = EXPERIMENTS["superfluous"].verdicts(material(tmp_path, "superfluous", rows))[4:]
    for weight, out, kept in zip((0.001, 0.01, 0.1), found[::2], found[1::2], strict=True):
        assert out.effect == pytest.approx(0.5 * weight, abs=0.005)
        assert kept.outcome == (OPPOSITE if weight > 0.001 else NOT_HELD)
        assert f"of superinfo with weights {weight:g} and 0.1 minus superinfo with weights 0 and 0.1" in kept.said
    assert found[-2].outcome == HELD


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
    assert outcomes(floors) == [HELD] * 4
    assert hue.effect == pytest.approx(taken, abs=0.01)


@pytest.mark.parametrize(
    ("gain", "wanted"),
    [
        (lambda ratio: 0.2 * ratio, [HELD, NOT_HELD, HELD, HELD]),
        (lambda _: 0.1, [HELD, HELD, NOT_HELD, NOT_HELD]),
        (lambda ratio: -0.1 if ratio else 0.0, [OPPOSITE, NOT_HELD, OPPOSITE, OPPOSITE]),
        (lambda ratio: 0.3 if ratio == 0.1 else 0.0, [NOT_HELD, NOT_HELD, HELD, NOT_HELD]),
    ],
    ids=["masking helps", "reconstruction helps", "masking hurts", "another ratio helps"],
)
def test_masking_and_reconstruction_are_judged_together_and_alone_and_every_ratio_beside_none(
    gain: Callable[[float], float], wanted: list[str], tmp_path: Path
) -> None:
    found = EXPERIMENTS["masking"].verdicts(material(tmp_path, "masking", masking_rows(gain)))
    for own in (found[:6], found[6:12], found[12:]):  # retention, AP and mIoU
        assert outcomes(own[:4]) == wanted
        for verdict, ratio in zip(own[2:], (0.1, 0.25, 0.5, 0.75), strict=True):
            assert f"at ratio {ratio:g}, gives more than reconstruction alone" in verdict.claim
            assert verdict.effect == pytest.approx(gain(ratio) - gain(0.0), abs=0.01)


def test_masking_that_does_nothing_is_not_held(tmp_path: Path) -> None:
    found = EXPERIMENTS["masking"].verdicts(material(tmp_path, "masking", masking_rows(nothing)))
    assert HELD not in outcomes(found)
    assert max(abs(verdict.effect) for verdict in found) < 0.01


def test_a_task_that_was_skipped_is_missing_and_the_others_are_judged(tmp_path: Path) -> None:
    own = material(tmp_path / "runs", "masking", SETS["masking"], without=["voc"])
    retention, detection, segmentation = (EXPERIMENTS["masking"].verdicts(own)[place] for place in (0, 6, 12))
    assert outcomes([retention, detection, segmentation]) == [HELD, MISSING, HELD]
    page = written(tmp_path / "runs", "masking", out=tmp_path / "out")
    assert "- voc skipped: " in page
    assert "](masking.svg)" in page


def test_predictors_that_agree_are_held_those_that_do_not_are_not_and_reversed_ones_are_the_opposite(
    tmp_path: Path,
) -> None:
    slopes = {"linear_top1": 0.05, "knn_top1": 0.0, "uniformity_nats": -0.1, "lidar_dims": -0.1}
    found = EXPERIMENTS["predictors"].verdicts(material(tmp_path, "predictors", predictor_rows(slopes)))
    by_claim = {verdict.claim.removesuffix(" orders objectives as voc AP does."): verdict for verdict in found}
    assert by_claim["linear accuracy"].outcome == HELD
    assert by_claim["kNN accuracy"].outcome == NOT_HELD
    assert by_claim["\N{MINUS SIGN}uniformity"].outcome == HELD
    assert by_claim["LiDAR"].outcome == OPPOSITE
    assert by_claim["LiDAR"].effect == pytest.approx(-1.0)
    (alike,) = (verdict for claim, verdict in by_claim.items() if claim.startswith("ade20k mIoU orders"))
    assert alike.outcome == HELD
    assert alike.effect == pytest.approx(1.0)


@pytest.mark.parametrize(("tau", "outcome"), [(0.7, HELD), (-0.7, OPPOSITE)])
def test_the_p_that_is_corrected_for_the_number_of_cheap_numbers_decides(tau: float, outcome: str) -> None:
    found = Agreement(tau=tau, low=min(tau / 2, 1.2 * tau), high=max(tau / 2, 1.2 * tau), p=0.01, n=8)
    one = Prediction("linear_top1", "AP", found, {}, seeds=5)
    assert predictors.judged(one, claim="It does.", adjusted=0.049).outcome == outcome
    verdict = predictors.judged(one, claim="It does.", adjusted=0.051)
    assert verdict.outcome == NOT_HELD
    assert "one-sided p = 0.005" in verdict.said
    assert "after Holm's correction p = 0.051" in verdict.said


def test_one_seed_gives_tau_no_interval_and_tells_nothing(tmp_path: Path) -> None:
    found = EXPERIMENTS["predictors"].verdicts(material(tmp_path, "predictors", SETS["predictors"], seeds=1))
    assert set(outcomes(found)) == {UNKNOWN}


def test_stale_numbers_are_left_out_and_counted(tmp_path: Path) -> None:
    write_rows(tmp_path, SETS["masking"], config="masking", seeds=5)
    gone = {f"masking-mrcl-0-{seed}-voc": "training.lr" for seed in range(5)}
    own = loaded(tmp_path, "masking", stale=gone)
    assert own.stale == 10
    assert outcomes(EXPERIMENTS["masking"].verdicts(own)[2::6]) == [HELD, MISSING, HELD]
