"""What the tables of experiments show, from made-up cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from experiment_cells import shortcut_rows
from experiment_sets import Rows, material
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
