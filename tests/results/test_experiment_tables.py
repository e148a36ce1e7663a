"""What the tables of experiments show, from made-up cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from experiment_cells import Planted, crop_rows, factors, reverse_u_rows, shortcut_rows, write_rows
from experiment_sets import Rows, flat, loaded, material
from table_reading import texts

from results.experiments.registry import EXPERIMENTS


def columns(runs: Path, name: str, rows: Rows, *, seeds: int = 2) -> dict[str, list[str]]:
    """Heading -> its entries, in the order of the rows."""
    table = EXPERIMENTS[name].table(material(runs, name, rows, seeds=seeds))
    return dict(zip(table.header, map(list, zip(*texts(table), strict=True)), strict=True))


def test_rows_of_shortcut_differ_in_hue_jitter_and_gray(tmp_path: Path) -> None:
    rows = [replace(row, views={"grayscale_p": 0.3, **row.views}) for row in shortcut_rows(0.2)]
    found = columns(tmp_path, "shortcut", rows)
    shown = dict(zip(found["row"], zip(found["hue jitter"], found["gray probability"], strict=True), strict=True))
    assert shown == {
        "random": ("", ""),
        "infonce": ("0.5", "0.3"),
        "infonce_hue": ("0.2", "0"),
        "infonce_grayscale": ("0.2", "0.3"),
    }


def patch_rows(distances: Sequence[float]) -> list[Planted]:
    """Rows of patches, by the order of the distances."""
    return [
        Planted(
            f"infonce_patch_{distance:g}",
            "infonce",
            {"factors": factors(0.3, 0.3)},
            views={"patch_pair": {"size": 16, "distance": distance}},
        )
        for distance in distances
    ]


def test_rows_stand_in_the_order_of_what_is_swept_and_show_what_acts(tmp_path: Path) -> None:
    rows = [*crop_rows(flat), *patch_rows((16.0, 8.0, 0.0, 12.0, 4.0)), *reversed(reverse_u_rows(flat)[:3])]
    found = columns(tmp_path, "reverse-u", rows)
    assert found["shared"] == ["", "x", "x, hue", *[""] * 9]
    assert found["distance"] == [*[""] * 3, "0", "4", "8", "12", "16", *[""] * 4]
    assert found["crop"] == [*[""] * 8, "0.05", "0.2", "0.5", "0.8"]
    assert found["jitter"] == [*[""] * 3, *["0.4"] * 9]


def test_a_flag_is_counted_over_seeds(tmp_path: Path) -> None:
    planted = [replace(row, tasks={"representation": {"infonce_saturated": 0.0}}) for row in crop_rows(flat)[:2]]
    write_rows(tmp_path, planted, config="reverse-u", seeds=5)
    for seed in range(4):
        path = tmp_path / "cells" / f"reverse-u-infonce-crop=0.2-{seed}-representation" / "cell.json"
        path.write_text(path.read_text().replace('"value": 0.0', '"value": 1.0'))
    table = EXPERIMENTS["reverse-u"].table(loaded(tmp_path, "reverse-u"))
    place = table.header.index("infonce_saturated")
    assert [row[place].text for row in table.rows] == ["0 of 5 seeds", "4 of 5 seeds"]
    assert [row[place].value for row in table.rows] == [0.0, 0.8]


def test_a_bias_stands_beside_its_estimate_and_the_second_estimator_after_both(tmp_path: Path) -> None:
    plane = {"infonce_information_nats": 4.0, "infonce_bias_nats": -0.4, "ksg_information_nats": 2.5}
    rows = [replace(row, tasks={"representation": plane}) for row in crop_rows(flat)[:2]]
    found = columns(tmp_path, "reverse-u", rows)
    assert list(found)[-3:] == list(plane)
    assert found["infonce_bias_nats"] == ["-0.400 ± 0.000 (2)"] * 2
    assert found["ksg_information_nats"] == ["2.500 ± 0.000 (2)"] * 2
    caption = EXPERIMENTS["reverse-u"].table(loaded(tmp_path, "reverse-u")).caption
    assert "The bias of ksg is known of no row: it says more than of any Gaussians." in caption
    assert "A few bias" not in caption


def test_a_second_bias_stands_behind_the_first_and_is_explained(tmp_path: Path) -> None:
    plane = {"ksg_information_nats": 4.0, "ksg_bias_nats": -0.4, "ksg_few_bias_nats": -0.2}
    rows = [replace(row, tasks={"representation": plane}) for row in crop_rows(flat)[:2]]
    assert list(columns(tmp_path, "reverse-u", rows))[-3:] == list(plane)
    caption = EXPERIMENTS["reverse-u"].table(loaded(tmp_path, "reverse-u")).caption
    assert "A few bias is of Gaussians whose information lies in few dimensions." in caption
    assert "known of no row" not in caption


@pytest.mark.parametrize(("name", "plain"), [("reverse-u", crop_rows(flat)), ("shortcut", shortcut_rows(0.1))])
def test_a_clipped_number_is_explained_and_nothing_where_none_is(name: str, plain: Rows, tmp_path: Path) -> None:
    lost = {"factors": {"linear_retention": -0.5, "linear_shape_top1": 0.3}}
    for folder, rows, said in (("plain", plain, False), ("lost", [*plain, Planted("lost", "byol", lost)], True)):
        caption = EXPERIMENTS[name].table(material(tmp_path / folder, name, rows, seeds=2)).caption
        assert ("below 0, of a probe that misleads, count as 0" in caption) == said
