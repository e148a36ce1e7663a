"""Score against cost: the front, the costs, and names that are in nobody's way."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from one_bench import bench, material, texts

from results.figures.pareto import cost_of, front, pareto
from results.figures.placing import Point, place_names
from results.figures.references import is_near
from results.figures.theme import theme


@pytest.fixture(autouse=True)
def themed() -> Iterator[None]:
    with theme():
        yield


def dominated(name: str, points: dict[str, tuple[float, float]]) -> bool:
    cost, score = points[name]
    return any((c <= cost and s >= score and (c, s) != (cost, score)) for c, s in points.values())


@pytest.mark.parametrize("seed", range(20))
def test_the_pareto_front_is_what_no_loop_finds_dominated(seed: int) -> None:
    random = np.random.default_rng(seed)
    pairs = {
        str(name): (float(cost), float(score)) for name, (cost, score) in enumerate(random.integers(0, 6, (12, 2)))
    }
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


def test_fine_tuning_has_a_panel_and_the_note_says_what_is_shown_and_not_tested() -> None:
    tasks = ("classification", "finetuning", "coco", "ade20k", "cityscapes")
    said = texts(pareto(material(bench("infonce", "mrcl", tasks=tasks))))
    panels = [text for text in said if text.startswith("shapes ")]
    assert panels == ["shapes linear_top1", "shapes 10 % finetune_mean_class", "shapes COCO AP", "shapes ADE20K mIoU"]
    note = " ".join(said)
    assert "The front is that of the means; differences are not tested. Shown: first task of each family." in note


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
