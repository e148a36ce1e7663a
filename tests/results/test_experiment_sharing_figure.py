"""The figure of reverse-u: points say what was swept, and are open where the measured information has a ceiling."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from drawn_texts import outside, overlapping, texts
from experiment_cells import Planted, crop_rows, factors, write_rows
from experiment_sets import Rows, flat, loaded, material
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from results.experiments.registry import EXPERIMENTS
from results.figures.theme import theme

METHODS = ("infonce", "barlow_twins", "byol", "mrcl", "superinfo")


def drawn(runs: Path, rows: Rows, *, seeds: int = 5) -> Figure:
    """The figure, which the tests look at inside the theme."""
    figure = EXPERIMENTS["reverse-u"].draw(material(runs, "reverse-u", rows, seeds=seeds))
    assert isinstance(figure, Figure)
    return figure


def named(axis: Axes) -> list[str]:
    return sorted(text.get_text() for text in axis.texts if text.get_text())


def notes(figure: Figure) -> str:
    return " ".join(figure.texts[-1].get_text().split())


def patch_rows(*, measured: dict[float, float], scores: dict[float, float]) -> list[Planted]:
    """Rows of patches by their distance."""
    return [
        Planted(
            f"infonce_patch_{distance:g}",
            "infonce",
            {
                "factors": factors(scores[distance], scores[distance]),
                "representation": {"infonce_information_nats": nats, "infonce_saturated": 0.0},
            },
            views={"patch_pair": {"size": 16, "distance": distance}},
        )
        for distance, nats in measured.items()
    ]


def test_points_say_what_was_swept_and_those_on_one_spot_share_a_text(tmp_path: Path) -> None:
    measured = {0.0: 7.0, 4.0: 2.6, 8.0: 1.55, 12.0: 1.54, 16.0: 1.58}
    rows = patch_rows(measured=measured, scores={0.0: 0.5, 4.0: 0.4, 8.0: 0.3, 12.0: 0.3, 16.0: 0.3})
    with theme():
        figure = drawn(tmp_path, rows)
        assert [named(axis) for axis in figure.axes] == [["0", "4", "8, 12, 16"]] * 2
        assert "Numbers by the points: distance in px." in notes(figure)


def test_points_that_lie_apart_in_score_are_named_one_by_one(tmp_path: Path) -> None:
    rows = patch_rows(measured={0.0: 7.0, 8.0: 1.55, 16.0: 1.55}, scores={0.0: 0.3, 8.0: 0.5, 16.0: 0.3})
    with theme():
        assert [named(axis) for axis in drawn(tmp_path, rows).axes] == [["0", "16", "8"]] * 2


def bumpy(crop: float, *, by: float) -> float:
    return by + {0.05: 0.3, 0.2: 0.31, 0.5: 0.5, 0.8: 0.4}[crop]


@pytest.mark.parametrize("methods", [METHODS[:1], METHODS])
def test_names_of_points_lie_on_no_text_and_inside_their_panel(methods: tuple[str, ...], tmp_path: Path) -> None:
    rows = [
        row for place, method in enumerate(methods) for row in crop_rows(partial(bumpy, by=0.02 * place), method=method)
    ]
    with theme():
        figure = drawn(tmp_path, rows)
        assert outside(figure) == []
        assert overlapping(figure) == []
        boxes = texts(figure)
        for axis in figure.axes:
            own = [text for text in axis.texts if text.get_text()]
            assert named(axis) == ["0.05", "0.2", "0.5", "0.8"]
            assert all(axis.get_window_extent().count_contains(boxes[text].corners()) == 4 for text in own)


def open_markers(axis: Axes) -> Counter[float]:
    """Places of markers with a white face, along the axis of information; the ring of what is chosen has none."""
    faces = [(line.get_markerfacecolor(), np.asarray(line.get_xdata())) for line in axis.get_lines()]
    return Counter(round(float(x[0]), 2) for face, x in faces if face != "none" and to_hex(face) == "#ffffff")


def test_what_is_at_the_ceiling_in_most_seeds_is_open_for_every_method_and_the_note_says_so(tmp_path: Path) -> None:
    with theme():
        figure = drawn(tmp_path, [*crop_rows(flat), *crop_rows(flat, method="byol")])
        assert [open_markers(axis) for axis in figure.axes] == [{4.2: 2}] * 2
        assert "Open: the bound exceeds nine tenths of its ceiling log K in most seeds" in notes(figure)
        assert "crop=" not in notes(figure)


def test_a_row_at_the_ceiling_in_few_seeds_is_named_and_not_open(tmp_path: Path) -> None:
    plane = {"infonce_saturated": 0.0}
    rows = [
        replace(row, tasks={**row.tasks, "representation": {**row.tasks["representation"], **plane}})
        for row in crop_rows(flat)
    ]
    write_rows(tmp_path, rows, config="reverse-u", seeds=5)
    path = tmp_path / "cells" / "reverse-u-infonce-crop=0.5-3-representation" / "cell.json"
    path.write_text(path.read_text().replace('"value": 0.0', '"value": 1.0'))
    with theme():
        figure = EXPERIMENTS["reverse-u"].draw(loaded(tmp_path, "reverse-u"))
        assert isinstance(figure, Figure)
        assert [open_markers(axis) for axis in figure.axes] == [{}] * 2
        assert notes(figure).endswith("There in fewer seeds: infonce crop=0.5.")
