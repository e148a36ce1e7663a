"""Experiments as files, from made-up cells whose effects are planted."""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from drawn_texts import outside, overlapping
from experiment_cells import (
    Planted,
    crop_rows,
    factors,
    masking_rows,
    non_shared_rows,
    predictor_rows,
    reverse_u_rows,
    superfluous_rows,
    write_rows,
)

from results.experiments.experiment import Experiment
from results.experiments.material import Material, load_material
from results.experiments.registry import EXPERIMENTS
from results.experiments.verdict import HELD, MISSING, NOT_HELD, OPPOSITE, UNKNOWN, Verdict
from results.experiments.writing import write_experiment
from results.figures.saving import FORMATS
from results.figures.theme import theme

Rows = Sequence[Planted]


def flat(_: float) -> float:
    return 0.3


def hump(weight: float) -> float:
    return 0.3 + 0.2 * max(0.0, 1 - abs(math.log10(weight)) / 2)


def nothing(_: float) -> float:
    return 0.0


SETS: Mapping[str, Rows] = {
    "non-shared": non_shared_rows(hump, flat),
    "reverse-u": reverse_u_rows(lambda nats: 0.7 - 0.05 * abs(nats - 4.5), methods=("infonce", "byol")),
    "superfluous": superfluous_rows(lambda weight: 0.05 if weight == 0.01 else 0.0),
    "masking": masking_rows(lambda ratio: 0.4 * ratio * (1 - ratio)),
    "predictors": predictor_rows({"linear_top1": 0.05, "knn_top1": 0.0, "lidar_dims": -0.1}),
}


def material(runs: Path, name: str, rows: Rows, *, seeds: int = 5, without: Sequence[str] = ()) -> Material:
    write_rows(runs, rows, config=name, seeds=seeds, without=without)
    return loaded(runs, name)


def loaded(runs: Path, name: str, *, stale: Mapping[str, str] | None = None) -> Material:
    pooled = EXPERIMENTS[name].pooled
    return load_material(runs, label=name, pooled=pooled, keys=None, stale=stale or {}, derived={"mrcl 0.5"})


def written(runs: Path, name: str, *, out: Path) -> str:
    paths = write_experiment(
        name, runs, label=name, keys=None, stale={}, derived=(), command=f"clbench experiment {name}", out=out
    )
    assert paths[-1] == out / f"{name}.md"
    return paths[-1].read_text()


def outcomes(found: Sequence[Verdict]) -> list[str]:
    return [verdict.outcome for verdict in found]


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_every_experiment_writes_a_figure_and_a_page(name: str, tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS[name], config=name, seeds=2)
    page = written(tmp_path / "runs", name, out=tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.{kind}" for kind in (*FORMATS, "md")}
    assert f"]({name}.svg)" in page
    assert f"Command: `clbench experiment {name}`" in page
    assert "Seeds: 0 and 1." in page
    assert "nan" not in page.replace("dominant", "")
    assert EXPERIMENTS[name].title in page.splitlines()[0]


@pytest.mark.parametrize("seeds", [1, 5])
@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_figures_are_readable(name: str, seeds: int, tmp_path: Path) -> None:
    own = material(tmp_path, name, SETS[name], seeds=seeds)
    with theme():
        figure = EXPERIMENTS[name].draw(own)
        if isinstance(figure, str):
            pytest.fail(figure)
        assert outside(figure) == []
        assert overlapping(figure) == []


@pytest.mark.parametrize("name", [name for name in EXPERIMENTS if name != "predictors"])
def test_three_seeds_tell_nothing(name: str, tmp_path: Path) -> None:
    found = EXPERIMENTS[name].verdicts(material(tmp_path / "runs", name, SETS[name], seeds=3))
    assert set(outcomes(found)) == {UNKNOWN}
    assert "Cannot be told with 3 seeds" in written(tmp_path / "runs", name, out=tmp_path / "out")


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_no_cell_gives_a_page_that_says_so(name: str, tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS["masking"][:1], config="other", seeds=1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"{name}.svg").write_text("of before")
    page = written(tmp_path / "runs", name, out=tmp_path / "out")
    assert f"No cell of config {name} is stored." in page
    assert "No figure: " in page
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{name}.md"]


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_rows_without_numbers_give_a_page_that_says_so(name: str, tmp_path: Path) -> None:
    tasks = ("factors", "representation", "classification", "voc", "ade20k")
    found = EXPERIMENTS[name].verdicts(material(tmp_path / "runs", name, SETS[name], seeds=2, without=tasks))
    assert set(outcomes(found)) == {MISSING}
    page = written(tmp_path / "runs", name, out=tmp_path / "out")
    assert "skipped: " in page
    assert ": no data of " in page
    assert "has no numbers." in page


def test_a_regulariser_that_keeps_more_is_held_and_one_that_does_nothing_is_not(tmp_path: Path) -> None:
    own = material(tmp_path, "non-shared", SETS["non-shared"])
    rc, lbe, best_rc, best_lbe, mib, noise = EXPERIMENTS["non-shared"].verdicts(own)
    assert outcomes([rc, lbe, best_rc, best_lbe, mib, noise]) == [HELD, NOT_HELD, HELD, NOT_HELD, HELD, NOT_HELD]
    assert rc.effect == pytest.approx(hump(1.0) - 0.3, abs=0.01)
    assert rc.n == 5
    assert rc.p == pytest.approx(1 / 32)


def test_a_regulariser_that_keeps_less_is_called_the_opposite(tmp_path: Path) -> None:
    rows = non_shared_rows(lambda weight: 0.3 - (hump(weight) - 0.3), flat, noise=0.2)
    rc, _, best_rc, _, _, noise = EXPERIMENTS["non-shared"].verdicts(material(tmp_path, "non-shared", rows))
    assert outcomes([rc, best_rc, noise]) == [OPPOSITE, OPPOSITE, OPPOSITE]
    assert rc.effect == pytest.approx(-0.2, abs=0.01)


def test_a_regulariser_without_rows_is_missing_and_the_other_is_judged(tmp_path: Path) -> None:
    rows = [row for row in SETS["non-shared"] if not row.name.startswith("lbe")]
    found = EXPERIMENTS["non-shared"].verdicts(material(tmp_path, "non-shared", rows))
    assert outcomes(found)[:4] == [HELD, MISSING, HELD, MISSING]
    assert found[1].said == "There is no linear_retention_non_shared of lbe at weight 1."


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
    assert outcomes(EXPERIMENTS["reverse-u"].verdicts(material(tmp_path, "reverse-u", rows))) == [outcome, outcome]


def test_axes_of_several_configs_are_told_apart_and_quick_cells_are_left_out(tmp_path: Path) -> None:
    write_rows(tmp_path, reverse_u_rows(lambda nats: 0.7 - 0.05 * abs(nats - 4.5)), config="reverse-u", seeds=5)
    write_rows(tmp_path, crop_rows(lambda nats: 0.3 + 0.05 * nats), config="reverse-u_crop", seeds=5)
    write_rows(tmp_path, reverse_u_rows(flat), config="reverse-u-quick", seeds=5)
    own = loaded(tmp_path, "reverse-u")
    assert {row.config for row in own.rows} == {"reverse-u", "reverse-u_crop"}
    shared, crop = EXPERIMENTS["reverse-u"].verdicts(own)
    assert shared.claim.startswith("infonce, shared factors: ")
    assert crop.claim.startswith("infonce, crop: ")
    assert outcomes([shared, crop]) == [HELD, NOT_HELD]


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
    shared, _, _ = EXPERIMENTS["superfluous"].verdicts(material(tmp_path, "superfluous", superfluous_rows(gain)))
    assert shared.outcome == outcome


def test_what_is_taken_out_of_the_features_is_judged_by_the_non_shared_factors(tmp_path: Path) -> None:
    rows = [
        Planted("infonce", "infonce", {"factors": factors(0.4, 0.6)}),
        *(
            Planted(f"superinfo {weight:g}", "superinfo", {"factors": factors(0.4 - 2 * weight, 0.6 + 3 * weight)}, own)
            for weight in (0.0, 0.05)
            if (own := {"superfluous_weight": weight, "predictive_weight": 0.1, "bound": "rate"})
        ),
    ]
    shared, everything, taken = EXPERIMENTS["superfluous"].verdicts(material(tmp_path, "superfluous", rows))
    assert outcomes([shared, everything, taken]) == [HELD, HELD, HELD]
    assert taken.effect == pytest.approx(0.1, abs=0.01)


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


@pytest.mark.parametrize("name", ["non-shared", "masking"])
def test_numbers_on_the_page_are_those_of_the_cells(name: str, tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS[name], config=name, seeds=5)
    page = written(tmp_path / "runs", name, out=tmp_path / "out")
    header, _, *lines = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("|")]
    place = header.index("factors linear_retention_non_shared")
    shown = {line[0].removesuffix(" (derived)"): line[place] for line in lines}
    for row in SETS[name]:
        values = [100 * value for value in stored(tmp_path / "runs", f"{name}-{row.name}", seeds=5)]
        assert shown[row.name] == f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f} (5)"


def stored(runs: Path, stem: str, *, seeds: int) -> list[float]:
    """Retention of non-shared factors on test data, as the cells' files have it."""
    found = []
    for seed in range(seeds):
        path = runs / "cells" / f"{stem}-{seed}-factors".replace(" ", "-") / "cell.json"
        metrics = json.loads(path.read_text())["metrics"]
        wanted = ("linear_retention_non_shared", "test")
        found += [metric["value"] for metric in metrics if (metric["metric"], metric["split"]) == wanted]
    return found


def test_the_effect_on_the_page_is_the_mean_difference_of_the_cells(tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS["non-shared"], config="non-shared", seeds=5)
    page = written(tmp_path / "runs", "non-shared", out=tmp_path / "out")
    pairs = zip(*(stored(tmp_path / "runs", f"non-shared-{row}", seeds=5) for row in ("rc_1", "infonce")), strict=True)
    expected = 100 * statistics.fmean(own - other for own, other in pairs)
    found = re.search(r"of rc at weight 1 minus infonce: \+([\d.]+) points", page)
    assert found is not None
    assert float(found[1]) == pytest.approx(expected, abs=0.051)


def test_costs_on_the_page_are_the_sums_over_the_cells(tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS["superfluous"], config="superfluous", seeds=2)
    page = written(tmp_path / "runs", "superfluous", out=tmp_path / "out")
    records = [json.loads(path.read_text()) for path in (tmp_path / "runs").glob("cells/*/cell.json")]
    minutes = sum(record["costs"]["wall_s"] * record["environment"]["threads"] for record in records) / 60
    assert f"Cost: {minutes:,.1f} CPU minutes (wall time of {len(records)} cells" in page
    assert "Pretraining: 100 steps, 10 epochs, batches of 256 images, learning rate 0.004." in page


def test_stale_numbers_are_left_out_and_counted(tmp_path: Path) -> None:
    write_rows(tmp_path, SETS["masking"], config="masking", seeds=5)
    gone = {f"masking-mrcl-0-{seed}-voc": "training.lr" for seed in range(5)}
    own = loaded(tmp_path, "masking", stale=gone)
    assert own.stale == 10
    assert outcomes(EXPERIMENTS["masking"].verdicts(own)) == [HELD, MISSING, HELD]


def test_a_seed_that_is_missing_is_named(tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS["masking"][:-1], config="masking", seeds=5)
    write_rows(tmp_path / "runs", SETS["masking"][-1:], config="masking", seeds=4)
    assert "mrcl 0.75 has no numbers for seed 4." in written(tmp_path / "runs", "masking", out=tmp_path / "out")


def test_an_unknown_experiment_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown experiment 'reverse'.*Known: .*predictors"):
        written(tmp_path, "reverse", out=tmp_path)


@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=list(EXPERIMENTS))
def test_claims_name_their_source(experiment: Experiment) -> None:
    assert "arXiv" in experiment.source or "of this project" in experiment.source
    if experiment.name in ("superfluous", "masking"):
        assert "derived" in experiment.source
