import json
from pathlib import Path

import pytest

from downstream.selection import Series, select, write_choices
from downstream.tasks import Metric

BIRDS = Series("knn_top1", "k", (200, 20, 5, 1), [0.2, 0.8, 0.8, 0.1], [0.9, 0.5, 0.6, 0.3])


@pytest.mark.parametrize(
    ("validated", "place"), [([0.1, 0.4, 0.3, 0.4], 1), ([0.5], 0), ([0.0, 0.0], 0), ([0.1, 0.2], 1)]
)
def test_the_earliest_of_the_best_is_chosen(validated: list[float], place: int) -> None:
    assert Series("knn_top1", "k", range(len(validated)), validated, validated).chosen == place


def test_of_losses_the_earliest_of_the_lowest_is_chosen() -> None:
    assert Series("nats", "penalty", (1, 2, 3, 4), [0.3, 0.1, 0.2, 0.1], (), lowest=True).chosen == 1


def test_choices_at_edges_are_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = {"a": [0.1, 0.2, 0.3], "b": [0.1, 0.3, 0.2], "c": [0.3, 0.2, 0.1]}
    found = [Series(name, "penalty", (1.0, 0.1, 0.01), each, ()) for name, each in scores.items()]
    write_choices(tmp_path, found, images={})
    assert capsys.readouterr().out == "the chosen penalty is at the edge of its grid: a (0.01), c (1)\n"


def test_last_selected_and_oracle_are_kept_apart() -> None:
    assert select("birds", BIRDS) == [
        Metric("birds", "knn_top1", "val", "selected", 0.8),
        Metric("birds", "knn_top1", "test", "last", 0.3),
        Metric("birds", "knn_top1", "test", "selected", 0.5),
        Metric("birds", "knn_top1", "test", "oracle", 0.9),
    ]


@pytest.mark.parametrize(
    ("of", "validated", "edge"),
    [
        ("penalty", [0.1, 0.2, 0.1], False),
        ("penalty", [0.3, 0.2, 0.1], True),
        ("penalty", [0.1, 0.2, 0.3], True),
        ("penalty", [0.1], False),  # there was no choice
        ("epoch", [0.1, 0.2, 0.3], False),
    ],
)
def test_a_choice_at_the_edge_of_its_grid_is_noted(
    of: str, validated: list[float], edge: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = Series("linear_top1", of, [0.1, 1.0, 10.0][: len(validated)], validated, validated)
    write_choices(tmp_path, [series], images={})
    assert json.loads((tmp_path / "choices.json").read_text())["series"]["linear_top1"]["at_edge"] is edge
    assert bool(capsys.readouterr().out) is edge


def test_every_setting_and_score_can_be_read_again(tmp_path: Path) -> None:
    write_choices(tmp_path / "kept", [BIRDS], images={"fit": 30, "test": 10})
    assert json.loads((tmp_path / "kept/choices.json").read_text()) == {
        "images": {"fit": 30, "test": 10},
        "series": {
            "knn_top1": {
                "of": "k",
                "settings": [200, 20, 5, 1],
                "validation": [0.2, 0.8, 0.8, 0.1],
                "test": [0.9, 0.5, 0.6, 0.3],
                "chosen": 20,
                "at_edge": False,
            }
        },
    }
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["choices.json"]
