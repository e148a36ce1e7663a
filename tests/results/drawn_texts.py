"""Where the texts of a figure are drawn."""

from __future__ import annotations

from itertools import combinations

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def texts(figure: Figure) -> dict[Text, Bbox]:
    """All that is written, and its place in pixels."""
    figure.draw_without_rendering()
    found = {text for text in figure.findobj(Text) if text.get_visible() and text.get_text()}
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not low <= tick.get_loc() <= high:  # matplotlib makes them and does not draw them
                found -= {tick.label1, tick.label2}
    return {text: text.get_window_extent() for text in found}


def outside(figure: Figure) -> list[str]:
    """Texts that reach beyond the figure's edges."""
    edge = figure.bbox
    return [
        text.get_text()
        for text, box in texts(figure).items()
        if box.x0 < 0 or box.y0 < 0 or box.x1 > edge.x1 or box.y1 > edge.y1
    ]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts of which one lies on the other."""
    pairs = combinations(texts(figure).items(), 2)
    crossed = [(one, other, Bbox.intersection(first, second)) for (one, first), (other, second) in pairs]
    return [
        (one.get_text(), other.get_text())
        for one, other, both in crossed
        if both is not None and both.width > 1 and both.height > 1
    ]
