"""What the figures say: each against the numbers they are drawn from."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from itertools import product
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from many_results import OBJECTIVES, many_results, one_parameter, two_parameters
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from results.comparison import scores
from results.figures.bars import bars
from results.figures.differences import heat_map
from results.figures.material import Material, materials
from results.figures.pareto import cost_of, front, pareto
from results.figures.placing import Point, place_names
from results.figures.prediction import prediction
from results.figures.ranks import ranks
from results.figures.references import is_near
from results.figures.saving import encoded
from results.figures.sweep import sweep
from results.figures.theme import theme
from results.loading import CURVE_COLUMNS
from results.ranks import average_ranks
from results.sweeps import Sweep, choose

NO_CURVES = pd.DataFrame(columns=CURVE_COLUMNS)
MINUS = "\N{MINUS SIGN}"


@pytest.fixture(autouse=True)
def themed() -> Iterator[None]:
    with theme():
        yield


def material(frame: pd.DataFrame, *sweeps: Sweep) -> Material:
    (found,) = materials(frame, NO_CURVES, sweeps=sweeps, derived=())
    return found


def bench(
    *objectives: str, seeds: int = 3, tasks: tuple[str, ...] = ("classification", "voc", "ade20k")
) -> pd.DataFrame:
    frame = many_results(objectives=list(objectives), seeds=seeds, config="bench")
    return frame[frame["task"].isin(tasks)]


def texts(figures: dict[str, Figure] | str) -> list[str]:
    """What a single figure says, line by line."""
    assert not isinstance(figures, str), figures
    (figure,) = figures.values()
    root = ElementTree.parse(io.BytesIO(encoded(figure, "svg")))
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def mean(frame: pd.DataFrame, objective: str, column: str) -> float:
    numbers = scores(frame)
    return float(numbers.loc[(numbers["objective"] == objective) & (numbers["column"] == column), "value"].mean())


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
    assert f"CD = {expected.critical_difference:.2f}" in said
    assert "mean rank over 6 tasks" in said
    for name, rank in expected.ranks.items():
        assert name.split("_")[0] in said
        assert f"({rank:.2f})" in said
    assert "random" not in said
    assert not isinstance(found, str)
    bars = [line for line in found["ranks"].axes[0].get_lines() if line.get_linewidth() == 2.5]
    assert len(bars) == len(expected.cliques)


def test_without_a_critical_difference_ranks_stand_alone_with_the_reason() -> None:
    said = " ".join(texts(ranks(material(bench("infonce", "mrcl", "byol", tasks=("classification",))))))
    assert "One task gives no critical difference" in said
    assert "CD =" not in said


def dominated(name: str, points: dict[str, tuple[float, float]]) -> bool:
    cost, score = points[name]
    return any((c <= cost and s >= score and (c, s) != (cost, score)) for c, s in points.values())


@pytest.mark.parametrize("seed", range(20))
def test_the_pareto_front_is_what_no_loop_finds_dominated(seed: int) -> None:
    random = np.random.default_rng(seed)
    points = {str(place): tuple(map(float, random.integers(0, 6, 2))) for place in range(12)}
    pairs = {name: (cost, score) for name, (cost, score) in points.items()}
    expected = {name for name in pairs if not dominated(name, pairs)}
    found = front(pairs)
    assert set(found) == expected
    assert [pairs[name][0] for name in found] == sorted(pairs[name][0] for name in found)


def test_cost_is_flops_or_seconds_where_more_objectives_have_those() -> None:
    frame = bench("random", "infonce", "mrcl")
    cost = cost_of(material(frame))
    assert cost is not None
    assert cost.label == "pretraining (PFLOPs)"
    flops = frame.groupby("objective")["pretrain_flops"].first()
    assert dict(cost.of) == pytest.approx({name: flops[name] / 1e15 for name in ("infonce", "mrcl")})
    unknown = frame.assign(pretrain_flops=frame["pretrain_flops"].where(frame["objective"] != "mrcl"))
    cost = cost_of(material(unknown))
    assert cost is not None
    assert cost.label == "pretraining (s)"
    assert set(cost.of) == {"infonce", "mrcl"}
    nothing = frame.assign(pretrain_flops=math.nan, pretrain_wall_s=math.nan)
    assert cost_of(material(nothing)) is None
    assert pareto(material(nothing)) == "no score with a pretraining cost"


def test_one_task_of_every_family_has_a_panel_with_its_objectives_named() -> None:
    found = pareto(material(bench("random", "infonce", "mrcl", "supervised", tasks=("classification", "voc", "coco"))))
    said = texts(found)
    assert [text for text in said if text.startswith("shapes ")] == ["shapes linear_top1", "shapes COCO AP"]
    assert said.count("mrcl") == said.count("infonce") == 2
    assert "random" not in said


def test_a_reference_far_from_the_others_is_named_at_the_edge_with_its_score() -> None:
    frame = bench("random", "infonce", "mrcl", "supervised", tasks=("classification",))
    frame.loc[frame["objective"] == "supervised", "value"] = 0.985
    assert "\N{UPWARDS ARROW} ceiling 98.5" in texts(pareto(material(frame)))


@pytest.mark.parametrize(
    ("value", "near"),
    [(0.5, True), (0.0, True), (1.0, True), (-0.59, True), (1.59, True), (-0.61, False), (1.61, False)],
)
def test_a_reference_is_near_within_the_span_of_the_others_and_some_room(value: float, near: bool) -> None:
    assert is_near(value, [0.0, 0.3, 1.0]) == near


@pytest.mark.parametrize("seed", range(5))
def test_names_lie_neither_on_each_other_nor_on_points_nor_outside(seed: int) -> None:
    random = np.random.default_rng(seed)
    figure = Figure(figsize=(3.4, 2.4))
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    points = [Point(float(x), float(y), name=f"objective_{n}") for n, (x, y) in enumerate(random.random((10, 2)))]
    axis.plot([point.x for point in points], [point.y for point in points], "o", markersize=4)
    place_names(axis, points)
    names = [text.get_window_extent() for text in axis.texts if text.get_text()]
    assert sorted(text.get_text() for text in axis.texts if text.get_text()) == [point.name for point in points]
    for place, box in enumerate(names):
        assert not any(box.overlaps(other) for other in names[place + 1 :])
        for point in points:
            assert not box.contains(*axis.transData.transform((point.x, point.y)))
        assert Bbox.intersection(box, axis.get_window_extent()) is not None
        assert axis.get_window_extent().count_contains(box.corners()) == 4


def test_prediction_shows_tau_of_the_compared_objectives_alone() -> None:
    frame = bench("random", "a", "b", "c", "d", "supervised", tasks=("classification", "ade20k")).copy()
    values = {"random": (0.1, 0.1), "a": (0.2, 0.5), "b": (0.3, 0.4), "c": (0.4, 0.3), "d": (0.5, 0.2)}
    for name, (cheap, dear) in (values | {"supervised": (0.9, 0.9)}).items():
        for task, value in (("classification", cheap), ("ade20k", dear)):
            frame.loc[(frame["objective"] == name) & (frame["task"] == task), "value"] = value
    said = texts(prediction(material(frame)))
    tau = (
        f"\N{GREEK SMALL LETTER TAU} = {MINUS}1.00 [{MINUS}1.00, {MINUS}1.00], n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}4"
    )
    assert said.count(tau) == 2
    assert "shapes knn_top1 (%)" in said


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
