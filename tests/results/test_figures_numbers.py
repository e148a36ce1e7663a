"""What the figures say: each against the numbers they are drawn from."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from many_results import OBJECTIVES, many_results, one_parameter, two_parameters
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from one_bench import bench, material, mean, texts

from results.figures.bars import bars
from results.figures.differences import heat_map
from results.figures.pareto import pareto
from results.figures.prediction import prediction
from results.figures.ranks import ranks
from results.figures.sweep import sweep
from results.figures.theme import theme
from results.statistics.ranks import average_ranks
from results.sweeps import choose

MINUS = "\N{MINUS SIGN}"


@pytest.fixture(autouse=True)
def themed() -> Iterator[None]:
    with theme():
        yield


def test_a_bar_with_a_stale_number_is_hatched_and_the_legend_says_so() -> None:
    frame = bench("infonce", "mrcl")
    stale = (frame["objective"] == "mrcl") & (frame["task"] == "voc") & (frame["seed"] == 1)
    for part, hatched in ((frame, 0), (frame.assign(stale=stale.map({True: "lr", False: ""})), 3)):
        found = bars(material(part))
        assert not isinstance(found, str)
        panels = [axis.patches for axis in found["bars"].axes]
        assert sum(bool(patch.get_hatch()) for patches in panels for patch in patches) == hatched
        assert ("stale: code or config has changed" in texts(found)) == bool(hatched)


def test_bars_end_at_the_means() -> None:
    frame = bench("infonce", "mrcl")
    found = bars(material(frame))
    assert not isinstance(found, str)
    axis = found["bars"].axes[0]
    lengths = [patch.get_width() for patch in axis.patches if isinstance(patch, Rectangle)]
    assert lengths == pytest.approx([100 * mean(frame, name, "shapes linear_top1") for name in ("infonce", "mrcl")])


def test_a_separated_difference_is_bold_and_a_tie_is_not() -> None:
    frame = bench("infonce", "tied", "better", seeds=8, tasks=("classification",)).copy()
    for seed in range(8):
        base = frame[(frame["objective"] == "infonce") & (frame["seed"] == seed)]["value"].to_numpy()
        for name, change in (("tied", 0.01 * (-1) ** seed), ("better", 0.05)):
            frame.loc[(frame["objective"] == name) & (frame["seed"] == seed), "value"] = base + change
    found = heat_map(material(frame))
    assert not isinstance(found, str)
    weights = {text.get_text(): text.get_fontweight() for text in found["differences"].axes[0].texts}
    assert set(weights) == {"+5.0", "+0.0"}
    bold = [text for text in found["differences"].axes[0].texts if text.get_fontweight() == "bold"]
    assert [text.get_text() for text in bold] == ["+5.0"]  # linear_top1; kNN is not tested
    assert any("Bold number: separated from infonce" in text for text in texts(found))


def test_with_too_few_seeds_the_title_says_so_and_nothing_is_bold() -> None:
    found = heat_map(material(bench("infonce", "mrcl", seeds=3)))
    assert not isinstance(found, str)
    assert {text.get_fontweight() for text in found["differences"].axes[0].texts} == {"normal"}
    assert "n=3: too few seeds to separate any" in found["differences"].get_suptitle()
    assert any("the smallest p of so few seeds is 0.25" in text for text in texts(found))


def test_a_rank_diagram_shows_mean_ranks_cliques_and_the_critical_difference() -> None:
    frame = bench(*OBJECTIVES, tasks=("classification", "finetuning", "voc", "coco", "ade20k", "cityscapes"))
    own = material(frame)
    columns = list(own.numbers.loc[own.numbers["primary"], "column"].unique())
    expected = average_ranks(own.numbers, columns=columns)
    found = ranks(own)
    said = " ".join(texts(found))
    assert expected.critical_difference is not None
    assert f"CD = {expected.critical_difference:.3f}" in said
    assert "mean rank over 6 tasks" in said
    for name, rank in expected.ranks.items():
        assert name.split("_")[0] in said
        assert f"({rank:.2f})" in said
    assert "random" not in said
    assert not isinstance(found, str)
    assert expected.p is not None
    assert expected.p < 0.05
    assert len(joined(found)) == len(expected.cliques)
    assert "closer than CD, not separated at 0.05 (Nemenyi's test)" in said
    assert "The tasks share their backbones and are not independent, so the tests overstate the evidence." in said
    assert "p < 0.05" not in said


def test_a_rank_diagram_names_the_tasks_that_were_ranked_alone() -> None:
    frame = bench(*OBJECTIVES, tasks=("classification", "voc", "ade20k"))
    of_floor = (frame["task"] == "voc") & (frame["objective"] == "random")
    old = (frame["task"] == "ade20k") | ((frame["task"] == "voc") & ~of_floor)
    said = " ".join(texts(ranks(material(frame.assign(stale=old.map({True: "training.lr", False: ""}))))))
    assert "mean rank over one task" in said
    assert "Ranked by: shapes linear_top1." in said


def joined(found: dict[str, Figure]) -> list[Line2D]:
    """The bars of a rank diagram."""
    return [line for line in found["ranks"].axes[0].get_lines() if line.get_linewidth() == 2.5]


def test_where_friedman_s_test_does_not_reject_one_bar_joins_all_and_no_pair_is_tested() -> None:
    names = ("a", "b", "c", "d", "e")
    frame = bench(*names, tasks=("voc", "coco", "ade20k", "cityscapes")).copy()
    for turn, task in enumerate(("voc", "coco", "ade20k", "cityscapes")):
        for place, name in enumerate(names):
            frame.loc[(frame["task"] == task) & (frame["objective"] == name), "value"] = (place + turn) % 5 / 10
    own = material(frame)
    expected = average_ranks(own.numbers, columns=list(own.numbers.loc[own.numbers["primary"], "column"].unique()))
    assert expected.p is not None
    assert expected.p > 0.05
    found = ranks(own)
    assert not isinstance(found, str)
    said = " ".join(texts(found))
    assert "Friedman's test does not reject equal ranks, so one bar joins all" in said
    assert "CD" not in said
    (bar,) = joined(found)
    dots = [
        float(np.asarray(line.get_xdata())[0])
        for line in found["ranks"].axes[0].get_lines()
        if line.get_marker() == "o"
    ]
    assert len(dots) == 5
    assert float(np.min(bar.get_xdata())) < min(dots)
    assert float(np.max(bar.get_xdata())) > max(dots)


def test_without_a_critical_difference_ranks_stand_alone_with_the_reason() -> None:
    said = " ".join(texts(ranks(material(bench("infonce", "mrcl", "byol", tasks=("classification",))))))
    assert "One task gives no critical difference" in said
    assert "CD =" not in said


def test_prediction_shows_tau_of_the_compared_objectives_alone() -> None:
    frame = bench("random", "a", "b", "c", "d", "e", "supervised", tasks=("classification", "ade20k")).copy()
    values = {"random": (0.1, 0.1), "a": (0.2, 0.5), "b": (0.3, 0.4), "c": (0.4, 0.3), "d": (0.5, 0.2)}
    values |= {"e": (0.6, 0.1)}
    for name, (cheap, dear) in (values | {"supervised": (0.9, 0.9)}).items():
        for task, value in (("classification", cheap), ("ade20k", dear)):
            frame.loc[(frame["objective"] == name) & (frame["task"] == task), "value"] = value
    said = texts(prediction(material(frame)))
    tau = (
        f"\N{GREEK SMALL LETTER TAU} = {MINUS}1.00 [{MINUS}1.00, {MINUS}1.00], n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}5"
    )
    assert said.count(tau) == 2
    assert "shapes knn_top1 (%)" in said


@pytest.mark.parametrize(("objectives", "seeds", "why"), [("abcd", 2, "too few"), ("abcde", 1, "one seed")])
def test_prediction_says_why_tau_has_no_interval(objectives: str, seeds: int, why: str) -> None:
    frame = bench(*objectives, tasks=("classification", "ade20k"), seeds=seeds)
    said = [" ".join(text.split()) for text in texts(prediction(material(frame)))]
    titles = [text for text in said if text.startswith("\N{GREEK SMALL LETTER TAU} =")]
    assert len(titles) == 2
    assert all(text.endswith(f"n = {len(objectives)}, {why}: no interval") for text in titles)


def test_prediction_needs_a_cheap_and_a_dear_task() -> None:
    own = material(bench("infonce", "mrcl", tasks=("classification",)))
    assert prediction(own) == "no task of detection or segmentation with a number"
    assert prediction(material(bench("infonce", "mrcl", tasks=("voc",)))) == "no task of classification with a number"


def test_a_sweep_shows_every_value_zero_included_and_marks_the_chosen_one() -> None:
    one = one_parameter(config="bench")
    frame = many_results(objectives=["infonce", *one.rows], seeds=2, config="bench")
    frame = frame[frame["task"] == "classification"]
    found = sweep(material(frame, one))
    said = texts(found)
    assert {
        "0",
        "0.001",
        "0.01",
        "0.1",
        "1",
        "superfluous_weight",
        "infonce",
        "chosen value",
        "validation, mean",
    } <= set(said)
    assert not isinstance(found, str)
    axis = found["sweep"].axes[0]
    spots = axis.transData.transform([(value, 0.0) for (value,) in one.rows.values()])[:, 0]
    assert (np.diff(spots) > 0).all()
    chosen = choose(frame, one)
    assert any(
        list(np.unique(line.get_xdata())) == [chosen.values[0]]
        for line in axis.get_lines()
        if line.get_linestyle() == ":"
    )
    assert any(f"Chosen: superfluous_weight = {chosen.values[0]:g}" in text for text in said)


def test_validation_scores_of_a_sweep_that_are_stale_are_not_drawn() -> None:
    one = one_parameter(config="bench")
    frame = many_results(objectives=list(one.rows), seeds=2, config="bench")
    frame = frame[frame["metric"] == "linear_top1"]
    first, *others = one.rows
    old = (frame["objective"] == first) | ((frame["objective"] == others[0]) & (frame["seed"] == 0))
    found = sweep(material(frame.assign(stale=old.map({True: "training.lr", False: ""})), one))
    assert not isinstance(found, str)
    (dashed,) = (line for line in found["sweep"].axes[0].get_lines() if line.get_linestyle() == "--")
    kept = frame[~old & (frame["split"] == "val")]
    expected = {
        one.rows[name][0]: 100 * statistics.fmean(kept.loc[kept["objective"] == name, "value"]) for name in others
    }
    assert dict(np.asarray(dashed.get_xydata(), dtype=np.float64).tolist()) == pytest.approx(expected)


@pytest.mark.parametrize(("others", "skipped"), [([], True), (["infonce"], True), (["infonce", "byol"], False)])
def test_values_of_a_coefficient_are_neither_ranked_nor_tested_for_agreement(others: list[str], skipped: bool) -> None:
    one = one_parameter(config="bench")
    names = ["random", *others, *one.rows, "supervised"]
    own = material(bench(*names, seeds=1, tasks=("classification", "ade20k")), one)
    said = "rows that are values of superfluous_weight, no objectives of their own"
    for draw in (ranks, prediction):
        assert (draw(own) == said) == skipped


@pytest.mark.parametrize(
    ("seeds", "said"),
    [(2, "range of the seeds"), (3, "range of the seeds"), (4, "95% bootstrap interval")],
)
def test_intervals_are_called_what_they_are(seeds: int, said: str) -> None:
    one = one_parameter(config="bench")
    frame = bench(*one.rows, seeds=seeds, tasks=("classification",))
    for draw in (bars, pareto, sweep):
        found = " ".join(texts(draw(material(frame, one))))
        assert said in found
        assert ("bootstrap" in found) == (seeds == 4)


def test_intervals_over_few_and_many_seeds_are_both_named() -> None:
    frame = bench("infonce", "mrcl", seeds=5, tasks=("classification",))
    frame = frame[(frame["objective"] == "infonce") | (frame["seed"] < 3)]
    said = texts(bars(material(frame)))
    assert "95% bootstrap interval (below 4 seeds: range of the seeds)" in said


def test_a_sweep_of_two_parameters_is_a_grid_of_means_with_the_chosen_field_in_a_box() -> None:
    two = two_parameters(config="bench")
    frame = many_results(objectives=list(two.rows), seeds=2, config="bench")
    frame = frame[frame["metric"] == "linear_top1"]
    found = sweep(material(frame, two))
    assert not isinstance(found, str)
    (axis,) = found["sweep"].axes
    written = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axis.texts}
    temperatures, weights = (sorted({values[place] for values in two.rows.values()}) for place in (0, 1))
    names = {values: name for name, values in two.rows.items()}
    for (y, temperature), (x, weight) in product(enumerate(temperatures), enumerate(weights)):
        expected = 100 * mean(frame, names[temperature, weight], "shapes linear_top1")
        assert float(written[y + 0.5, x + 0.5]) == pytest.approx(expected, abs=0.051)
    chosen = choose(frame, two)
    (box,) = (patch for patch in axis.patches if isinstance(patch, Rectangle))
    assert box.get_xy() == (weights.index(chosen.values[1]), temperatures.index(chosen.values[0]))


def test_several_sweeps_of_a_config_have_figures_of_their_own_names() -> None:
    one, two = one_parameter(config="bench"), two_parameters(config="bench")
    frame = many_results(objectives=[*one.rows, *two.rows], seeds=1, config="bench")
    found = sweep(material(frame[frame["task"] == "classification"], one, two))
    assert not isinstance(found, str)
    assert set(found) == {"sweep-superinfo-superfluous_weight", "sweep-superinfo-base.temperature-superfluous_weight"}


def test_stale_numbers_are_in_no_figure_that_compares_and_a_note_says_so() -> None:
    frame = bench("infonce", "mrcl", "byol", tasks=("classification", "voc"))
    stale = frame.assign(stale=(frame["objective"] == "byol").map({True: "training.lr", False: ""}))
    for draw in (pareto, prediction):
        assert "byol" in texts(draw(material(frame)))
        said = texts(draw(material(stale)))
        assert "byol" not in said
        assert any("Stale numbers are left out." in text for text in said)


def test_an_objective_of_another_recipe_has_an_asterisk() -> None:
    frame = bench("random", "infonce", "mrcl", "byol", tasks=("classification",))
    recipes = {"random": "", "infonce": "aa", "mrcl": "aa", "byol": "bb"}
    said = texts(bars(material(frame.assign(recipe=frame["objective"].map(recipes)))))
    assert {"byol*", "mrcl", "random (floor)", "infonce"} <= set(said)
    assert "* Not trained by infonce's recipe: see the table." in said
