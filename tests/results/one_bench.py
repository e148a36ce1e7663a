"""One bench of made-up results, and what a figure of it says."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import pandas as pd
from many_results import many_results
from matplotlib.figure import Figure

from results.comparison import scores
from results.figures.material import Material, materials
from results.figures.saving import encoded
from results.store.loading import CURVE_COLUMNS
from results.sweeps import Sweep

NO_CURVES = pd.DataFrame(columns=CURVE_COLUMNS)


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
