"""One look for all figures: sizes, type, colours, layout of panels, title, legend and notes."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from results.figures.wrapping import FONT, text_width, wrapped
from results.order import CEILING, FLOOR, objective_order

TEXT_WIDTH = 7.0
"""Inches: no figure is wider."""
COLUMN_WIDTH = 3.4
"""Inches: small figures are as wide as one of two columns."""
SMALL = 6.0
"""Points: no text is smaller."""
LABEL = 6.5
"""Points: names of rows and ticks."""
TITLE = 8.0
"""Points: title of a figure."""

GREY = {FLOOR: "#b4b4b4", CEILING: "#7a7a7a"}
INK = "#222222"
FAINT = "#e4e4e4"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
_PALE = (6, 7, 8)  # places of pink and yellow, too pale for a line on white, and of grey, kept for floor and ceiling
_COLOURS = [colour for place, colour in enumerate(sns.color_palette("colorblind")) if place not in _PALE]
_EDGE = 0.08  # inches around legend and notes
_NOTE = 0.105  # inches: a line of notes
_TITLE_LINE = 0.135  # inches
_PASSES = 2  # of the layout, which starts from the one before: a further pass moves nothing that can be seen
_ENTRY = 0.145  # inches: a row of the legend
_RC: dict[str, Any] = {
    **sns.axes_style("ticks"),
    **sns.plotting_context("paper", font_scale=0.8),
    "font.family": "sans-serif",
    "font.sans-serif": [FONT],
    "font.size": LABEL,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 7,
    "axes.titleweight": "bold",
    "axes.labelsize": 7,
    "xtick.labelsize": LABEL,
    "ytick.labelsize": LABEL,
    "legend.fontsize": LABEL,
    "legend.title_fontsize": LABEL,
    "figure.titlesize": TITLE,
    **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width", "hatch.linewidth"), 0.6),
    **dict.fromkeys(("xtick.major.size", "ytick.major.size"), 2.5),
    **dict.fromkeys(("xtick.minor.size", "ytick.minor.size"), 0),
    **dict.fromkeys(("xtick.major.pad", "ytick.major.pad"), 2),
    "axes.labelpad": 2,
    "axes.titlepad": 4,
    "legend.frameon": False,
    "legend.loc": "lower center",
    "legend.borderaxespad": 0.0,
    "legend.borderpad": 0.1,
    "legend.handlelength": 1.6,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.2,
    "legend.labelspacing": 0.35,
    "text.parse_math": False,  # a name with a dollar sign is a name
    "svg.fonttype": "none",
    "svg.hashsalt": "clbench",
    "pdf.fonttype": 42,  # TrueType: publishers refuse Type 3
    "savefig.dpi": 200,
}


@contextmanager
def theme() -> Iterator[None]:
    """Draw and save within this context; matplotlib's own settings are as before afterwards.

    A character that the font lacks is drawn as a box, without a warning; in an SVG it stays text, for which there may
    be another font where it is read.
    """
    with mpl.rc_context(_RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def palette(objectives: Collection[str]) -> dict[str, Any]:
    """Give every objective its colour: grey for floor and ceiling, colour-blind safe ones for the others.

    There are fewer colours than there may be objectives: where a colour alone tells who is who, `markers` go with it.

    Args:
        objectives: all objectives of a runs folder, so that a colour means the same in all of its figures.
    """
    return GREY | {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(_compared(objectives))}


def markers(objectives: Collection[str]) -> dict[str, str]:
    """Give every objective its marker; no two of the first 56 share both colour and marker."""
    places = {name: place for place, name in enumerate(_compared(objectives))}
    return dict.fromkeys(GREY, "o") | {name: MARKERS[place % len(MARKERS)] for name, place in places.items()}


def _compared(objectives: Collection[str]) -> list[str]:
    return [name for name in objective_order(objectives) if name not in GREY]


def panels(
    count: int, *, across: int, width: float, height: float, sharex: bool = False, sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    """Make a figure of equal panels, row by row.

    Args:
        count: number of panels.
        across: most panels in a row.
        width: of the figure in inches.
        height: of a row of panels in inches.
        sharex: panels share the horizontal axis.
        sharey: panels share the vertical axis; its labels stand at the left of each row only.

    Returns:
        The figure and its `count` axes.
    """
    assert count > 0
    assert width <= TEXT_WIDTH
    across = min(across, count)
    down = -(-count // across)
    figure = Figure(figsize=(width, height * down), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(down, across, squeeze=False, sharex=sharex, sharey=sharey)
    axes = [axis for row in grid for axis in row]
    for spare in axes[count:]:
        spare.remove()
    return figure, axes[:count]


def set_title(figure: Figure, text: str) -> None:
    """Set the title of a whole figure, broken into lines that fit its width; further lines make the figure higher."""
    title = wrapped(text, inches=figure.get_figwidth() - 0.2, size=TITLE)
    figure.set_figheight(figure.get_figheight() + _TITLE_LINE * title.count("\n"))
    figure.suptitle(title)


def finish(figure: Figure, *, handles: Sequence[Artist], notes: Sequence[str]) -> None:
    """Add legend and notes below the panels, by whose height the figure grows, and lay all out for good.

    Args:
        figure: with title and panels.
        handles: entries of the legend, row by row; each with a label.
        notes: sentences on how to read the figure; "" is none.
    """
    width, panels_height = figure.get_size_inches()
    text = wrapped(" ".join(note for note in notes if note), inches=width - 2 * _EDGE, size=SMALL)
    columns = _entries_in_a_row(handles, inches=width - 2 * _EDGE)
    below = _EDGE + (_NOTE * (text.count("\n") + 1) + _EDGE / 2 if text else 0.0)
    legend = _ENTRY * -(-len(handles) // columns)
    height = panels_height + below + legend
    figure.set_figheight(height)
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, (below + legend) / height, 1, panels_height / height))
    if text:
        figure.text(_EDGE / width, _EDGE / height, text, size=SMALL, va="bottom", linespacing=1.25)
    if handles:
        ordered = [handle for column in range(columns) for handle in handles[column::columns]]
        figure.legend(handles=ordered, ncols=columns, bbox_to_anchor=(0.5, below / height))
    for _ in range(_PASSES):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")


def _entries_in_a_row(handles: Sequence[Artist], *, inches: float) -> int:
    """As many as fit, and then as few as fill the same number of rows."""
    widest = [text_width(str(handle.get_label()), size=LABEL) + 0.42 for handle in handles]
    fitting = [n for n in range(1, len(handles) + 1) if sum(max(widest[c::n]) for c in range(n)) <= inches]
    most = max(fitting, default=1)
    return max(1, -(-len(handles) // max(1, -(-len(handles) // most))))
