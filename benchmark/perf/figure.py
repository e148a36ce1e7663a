"""The ratios of docs/performance.md as one figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmark.perf.comparison import Comparison
from benchmark.perf.stored import Measured
from results.figures.saving import encoded
from results.figures.theme import INK, LABEL, SMALL, TEXT_WIDTH, finish, panels, set_title, theme
from results.figures.wrapping import wrapped
from results.whole_files import write_whole

_ROW = 0.26  # inches
_LABELS = 3.4  # inches left of the axis
_COLOUR = {True: "#0173b2", False: "#d55e00", None: "#7a7a7a"}
_LABEL = {True: "claim held", False: "claim did NOT hold", None: "nothing claimed"}
_COST = "a cost"
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_NOTE = "Dot: median over rounds; line: least and most. Tick: what is claimed at least. Right of 1, ours is better."
_COST_NOTE = "Open dot: how many times as much ours takes; left of 1 is cheaper."


def write_figure(stored: Sequence[Measured], folder: Path) -> list[Path]:
    """Write performance.svg and performance.png; nothing if nothing was measured.

    Returns:
        The files written.
    """
    rows = [each for measured in stored for each in measured.comparisons if not math.isnan(each.ratio)]
    if not rows:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    with theme():
        figure = draw(rows)
        return [write_whole(folder / f"performance.{kind}", encoded(figure, kind)) for kind in ("svg", "png")]


def draw(rows: Sequence[Comparison]) -> Figure:
    """A dot for every comparison, below the name of its part; within `results.figures.theme.theme`.

    Args:
        rows: comparisons that were measured.
    """
    parts = dict.fromkeys(row.part for row in rows)
    lines: list[Comparison | str] = []
    for part in parts:
        lines += [part, *(row for row in rows if row.part == part)]
    figure, (axes,) = panels(1, across=1, width=TEXT_WIDTH, height=_ROW * len(lines) + 0.45)
    set_title(figure, "How many times as good ours is, on a logarithmic axis")
    for place, line in enumerate(lines):
        if isinstance(line, Comparison):
            _draw_row(axes, place, line)
    _label(axes, lines)
    _scale(axes, rows)
    looks = {**{(outcome, False): words for outcome, words in _LABEL.items()}, (None, True): _COST}
    shown = {(row.holds, row.cost) for row in rows}
    dots = [Line2D([], [], ls="", label=words, **_dot(*look)) for look, words in looks.items() if look in shown]
    finish(figure, handles=dots, notes=[_NOTE, *[_COST_NOTE] * any(row.cost for row in rows)])
    return figure


def _draw_row(axes: Axes, place: int, row: Comparison) -> None:
    colour = _COLOUR[row.holds]
    axes.plot([min(row.ratios), max(row.ratios)], [place, place], color=colour, lw=1.6, solid_capstyle="butt")
    axes.plot([row.ratio], [place], **_dot(row.holds, row.cost))
    if row.bar is not None:
        axes.plot([row.bar], [place], marker="|", ms=9, mew=1.2, color=INK)


def _dot(holds: bool | None, cost: bool) -> dict[str, Any]:
    """A full dot says how many times as good ours is, an open one how many times as dear."""
    colour = _COLOUR[holds]
    return {"marker": "o", "ms": 4, "color": colour, "markerfacecolor": "white" if cost else colour}


def _label(axes: Axes, lines: Sequence[Comparison | str]) -> None:
    names = [line if isinstance(line, str) else f"{line.what}; beside {line.other}" for line in lines]
    axes.set_yticks(range(len(lines)), [wrapped(name, inches=_LABELS, size=SMALL) for name in names], size=SMALL)
    for text, line in zip(axes.get_yticklabels(), lines, strict=True):
        if isinstance(line, str):
            text.set(size=LABEL, weight="bold")
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _scale(axes: Axes, rows: Sequence[Comparison]) -> None:
    values = [1.0, *(value for row in rows for value in (*row.ratios, *([] if row.bar is None else [row.bar])))]
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 1.15, max(values) * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(_TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.axvline(1, color=INK, lw=0.6, zorder=0)
    axes.set_xlabel("ratio")
