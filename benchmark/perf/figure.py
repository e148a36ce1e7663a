"""The claims of docs/performance.md as one figure: a ratio for each, and what is claimed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
_COLOUR = {True: "#0173b2", False: "#d55e00"}
_LABEL = {True: "claim held", False: "claim did NOT hold"}
_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_NOTE = "Dot: median over rounds; line: least and most. Tick: what is claimed at least. Right of 1, ours is better."


def write_figure(stored: Sequence[Measured], folder: Path) -> list[Path]:
    """Write performance.svg and performance.png; nothing if nothing was measured of which something is claimed.

    Returns:
        The files written.
    """
    rows = [each for measured in stored for each in measured.comparisons if each.holds is not None]
    if not rows:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    with theme():
        figure = draw(rows)
        return [write_whole(folder / f"performance.{kind}", encoded(figure, kind)) for kind in ("svg", "png")]


def draw(rows: Sequence[Comparison]) -> Figure:
    """A dot for every comparison, below the name of its part; within `results.figures.theme.theme`.

    Args:
        rows: comparisons that were measured, with a claim each.
    """
    parts = dict.fromkeys(row.part for row in rows)
    lines: list[Comparison | str] = []
    for part in parts:
        lines += [part, *(row for row in rows if row.part == part)]
    figure, (axes,) = panels(1, across=1, width=TEXT_WIDTH, height=_ROW * len(lines) + 0.45)
    set_title(figure, "How many times as good ours is, where something is claimed")
    for place, line in enumerate(lines):
        if isinstance(line, Comparison):
            _draw_row(axes, place, line)
    _label(axes, lines)
    _scale(axes, rows)
    shown = [outcome for outcome in _LABEL if any(row.holds is outcome for row in rows)]
    dots = [Line2D([], [], marker="o", ms=4, ls="", color=_COLOUR[each], label=_LABEL[each]) for each in shown]
    finish(figure, handles=dots, notes=[_NOTE])
    return figure


def _draw_row(axes: Axes, place: int, row: Comparison) -> None:
    assert row.bar is not None
    assert row.holds is not None
    colour = _COLOUR[row.holds]
    axes.plot([min(row.ratios), max(row.ratios)], [place, place], color=colour, lw=1.6, solid_capstyle="butt")
    axes.plot([row.ratio], [place], marker="o", ms=4, color=colour)
    axes.plot([row.bar], [place], marker="|", ms=9, mew=1.2, color=INK)


def _label(axes: Axes, lines: Sequence[Comparison | str]) -> None:
    names = [line if isinstance(line, str) else f"{line.what}; beside {line.other}" for line in lines]
    axes.set_yticks(range(len(lines)), [wrapped(name, inches=_LABELS, size=SMALL) for name in names], size=SMALL)
    for text, line in zip(axes.get_yticklabels(), lines, strict=True):
        if isinstance(line, str):
            text.set(size=LABEL, weight="bold")
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _scale(axes: Axes, rows: Sequence[Comparison]) -> None:
    values = [1.0, *(value for row in rows for value in (*row.ratios, row.bar or 1.0))]
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 1.15, max(values) * 1.15)
    axes.xaxis.set_major_locator(FixedLocator(_TICKS))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.axvline(1, color=INK, lw=0.6, zorder=0)
    axes.set_xlabel("ratio")
