"""Experiments as files, from made-up cells: what a page says is what the cells say."""

from __future__ import annotations

import json
import math
import re
import statistics
from dataclasses import replace
from pathlib import Path

import pytest
from drawn_texts import outside, overlapping
from experiment_cells import write_rows
from experiment_sets import SETS, material, outcomes, written

from results.experiments.experiment import Experiment
from results.experiments.ran import Wanted
from results.experiments.registry import EXPERIMENTS
from results.experiments.verdict import MISSING, UNKNOWN
from results.figures.saving import FORMATS
from results.figures.theme import theme
from results.statistics.inference import interval
from results.tables.markdown import escaped


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_every_experiment_writes_a_figure_and_a_page(name: str, tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS[name], config=name, seeds=2)
    page = written(tmp_path / "runs", name, out=tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.{kind}" for kind in (*FORMATS, "md")}
    assert f"]({name}.svg)\n\n{escaped(EXPERIMENTS[name].shown)}\n" in page
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


@pytest.mark.parametrize("name", ["non-shared", "masking"])
def test_numbers_on_the_page_are_those_of_the_cells(name: str, tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS[name], config=name, seeds=5)
    page = written(tmp_path / "runs", name, out=tmp_path / "out")
    numbers = page.partition("## Numbers")[2]
    header, _, *lines = [line.strip("| ").split(" | ") for line in numbers.splitlines() if line.startswith("|")]
    place = header.index("factors linear_retention_non_shared")
    shown = {line[0].removesuffix(" (derived)"): line[place] for line in lines}
    for row in SETS[name]:
        values = [100 * value for value in stored(tmp_path / "runs", f"{name}-{row.name}", seeds=5)]
        bounds = interval(values) or (math.nan, math.nan)
        between = f"[{bounds[0]:.1f}, {bounds[1]:.1f}]"
        assert shown[row.name] == f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f} {between} (5)"


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


def test_a_seed_that_is_missing_is_named(tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS["masking"][:-1], config="masking", seeds=5)
    write_rows(tmp_path / "runs", SETS["masking"][-1:], config="masking", seeds=4)
    assert "mrcl 0.75 has no numbers for seed 4." in written(tmp_path / "runs", "masking", out=tmp_path / "out")


def test_cells_that_were_asked_for_and_never_computed_are_named(tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS["masking"], config="masking", seeds=5)
    asked = [Wanted("mrcl 0.5", seed, task) for seed in range(5) for task in (None, "factors")]
    assert "## What is missing\n\nNothing.\n" in written(
        tmp_path / "runs", "masking", out=tmp_path / "out", wanted=asked
    )
    asked += [Wanted("mrcl 0.9", seed, task) for seed in range(5) for task in (None, "factors", "voc")]
    asked += [Wanted("mrcl 0.5", seed, "coco") for seed in range(5)]
    asked += [Wanted("mrcl 0.25", seed, "coco") for seed in (3, 4)]
    part = written(tmp_path / "runs", "masking", out=tmp_path / "out", wanted=asked)
    for item in (
        "10 of the 32 cells that were asked for are there.",
        "Not computed: anything of mrcl 0.9, with any seed.",
        "Not computed: coco of mrcl 0.5, with any seed.",
        "Not computed: coco of mrcl 0.25, with seed 3 and 4.",
    ):
        assert f"- {item}\n" in part
    assert "asked for is not known here." in written(tmp_path / "runs", "masking", out=tmp_path / "out")


def test_a_page_of_cells_as_they_are_stored_says_so(tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS["shortcut"], config="shortcut", seeds=1)
    said = "The page is of stored cells; whether the code of today would compute them so was not asked."
    assert said in written(tmp_path / "runs", "shortcut", out=tmp_path / "out", as_stored=True)
    assert said not in written(tmp_path / "runs", "shortcut", out=tmp_path / "out")


def test_a_row_that_is_told_shapes_is_not_called_a_ceiling_of_other_factors(tmp_path: Path) -> None:
    own = material(tmp_path, "non-shared", SETS["non-shared"], seeds=1)
    with theme():
        figure = EXPERIMENTS["non-shared"].draw(own)
        assert not isinstance(figure, str)
        labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert "supervised by shape" in labels
    assert not any("ceiling" in label for label in labels)


def test_a_row_that_is_told_every_factor_is_the_ceiling(tmp_path: Path) -> None:
    rows = [
        replace(row, arguments={"targets": "factors"}) if row.name == "supervised" else row
        for row in SETS["non-shared"]
    ]
    own = material(tmp_path, "non-shared", rows, seeds=1)
    assert own.label_of("supervised") == "supervised (ceiling)"
    assert not own.tells_labels_alone


def test_a_page_counts_both_directions_of_chance_and_says_the_two_sided_p(tmp_path: Path) -> None:
    write_rows(tmp_path / "runs", SETS["masking"], config="masking", seeds=5)
    page = written(tmp_path / "runs", "masking", out=tmp_path / "out")
    assert "one-sided exact p = 0.031 (two-sided p = 0.062), 5 seeds." in page
    assert "up to about 1.8 would be called held or the opposite by chance." in page
    assert "the smallest two-sided p is 0.062" in page
    assert "before any number" not in page


def test_a_page_whose_rule_corrects_for_the_number_of_claims_does_not_say_that_they_are_uncorrected(
    tmp_path: Path,
) -> None:
    write_rows(tmp_path / "runs", SETS["predictors"], config="predictors", seeds=5)
    page = written(tmp_path / "runs", "predictors", out=tmp_path / "out")
    assert "after Holm's correction" in page
    assert "uncorrected" not in page


def test_an_unknown_experiment_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown experiment 'reverse'.*Known: .*predictors"):
        written(tmp_path, "reverse", out=tmp_path)


@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=list(EXPERIMENTS))
def test_claims_name_their_source(experiment: Experiment) -> None:
    assert "arXiv" in experiment.source or "of this project" in experiment.source
    if experiment.name in ("superfluous", "masking"):
        assert "derived" in experiment.source
