"""One look for all figures: type, colours, layout of panels, and files that come out the same every time."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from results.order import CEILING, FLOOR, objective_order

GREY = {FLOOR: "#c4c4c4", CEILING: "#8a8a8a"}
INK = "#222222"
_FAINT = (7, 8)  # places of grey, kept for floor and ceiling, and of yellow, too pale for a line on white
_COLOURS = [colour for place, colour in enumerate(sns.color_palette("colorblind")) if place not in _FAINT]
_NARROWEST = 3.6  # inches: the title of a single panel stays within two lines
_RC: dict[str, Any] = {
    **sns.axes_style("ticks"),
    **sns.plotting_context("paper"),
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same widths on every machine
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "figure.titlesize": 10,
    "text.parse_math": False,  # a name with a dollar sign is a name
    "svg.fonttype": "none",
    "svg.hashsalt": "clbench",
    "savefig.dpi": 200,
}


@contextmanager
def theme() -> Iterator[None]:
    """Draw and save within this context; matplotlib's own settings are as before afterwards."""
    with mpl.rc_context(_RC):
        yield


def palette(objectives: Collection[str]) -> dict[str, Any]:
    """Give every objective its colour: grey for floor and ceiling, colour-blind safe ones for the others.

    Args:
        objectives: all objectives of a runs folder, so that a colour means the same in all of its figures.
    """
    compared = [name for name in objective_order(objectives) if name not in GREY]
    return GREY | {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(compared)}


def panels(count: int, *, across: int, size: tuple[float, float], sharey: bool) -> tuple[Figure, list[Axes]]:
    """Make a figure of equal panels, row by row.

    Args:
        count: number of panels.
        across: most panels in a row.
        size: width and height of a panel in inches.
        sharey: panels share the vertical axis; its labels stand at the left of each row only.

    Returns:
        The figure and its `count` axes.
    """
    assert count > 0
    across = min(across, count)
    down = -(-count // across)
    figure = Figure(figsize=(max(_NARROWEST, size[0] * across), size[1] * down), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(down, across, squeeze=False, sharey=sharey)
    axes = [axis for row in grid for axis in row]
    for spare in axes[count:]:
        spare.remove()
    return figure, axes[:count]


def set_title(figure: Figure, text: str) -> None:
    """Set the title of a whole figure, broken into lines that fit its width."""
    letters = int(12 * figure.get_figwidth())  # at the title's size, an inch takes about twelve
    figure.suptitle(textwrap.fill(text, letters))


def save(figure: Figure, *, out: Path, name: str) -> list[Path]:
    """Write a figure as SVG (with text as text) and PNG, without a date: the same numbers give the same bytes.

    Returns:
        The files written.
    """
    metadata: Mapping[str, Mapping[str, None]] = {"svg": {"Date": None}, "png": {"Software": None}}
    files = [out / f"{name}.{kind}" for kind in metadata]
    for path in files:
        figure.savefig(path, metadata=metadata[path.suffix[1:]])
    return files
