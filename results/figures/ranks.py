"""Critical-difference diagram: mean ranks over tasks, and which of them are too close to tell apart.

Source: Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7, 2006, figure 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from results.comparison import primary
from results.figures.material import Material
from results.figures.theme import COLUMN_WIDTH, INK, LABEL, TEXT_WIDTH, finish, set_title
from results.figures.wrapping import text_width, wrapped
from results.statistics.inference import ALPHA
from results.statistics.ranks import Ranks, average_ranks
from results.statistics.rounding import p_text

_LONGEST = 2.25  # inches of a line of a label
_LINE = 0.105  # inches between lines of a label


@dataclass(frozen=True)
class _Layout:
    """Where things stand, in inches; heights count down from the axis of ranks.

    Attributes:
        width: of the figure.
        beside: room for labels at each side.
        last: right end of the axis of ranks, a rank.
        rows: rank's name -> depth of its label.
        depth: of the lowest label.
    """

    width: float
    beside: float
    last: float
    rows: Mapping[str, float]
    depth: float

    def x(self, rank: float) -> float:
        """Where a rank lies."""
        return self.beside + (rank - 1) / (self.last - 1) * (self.width - 2 * self.beside)


def ranks(material: Material) -> dict[str, Figure] | str:
    """Draw the diagram over the tasks' primary columns, best at the left; inside `results.figures.theme.theme`."""
    if material.swept:
        return f"rows that are values of {material.swept}, no objectives of their own"
    ranked = set(material.counting.loc[material.counting["objective"].isin(material.compared), "column"])
    tasks = [label for label in primary(material.columns) if label in ranked]
    found = average_ranks(material.numbers, columns=tasks)
    if len(found.ranks) < 2:
        return "fewer than two objectives with a number in every task"
    labels = {name: f"{material.label(name)} ({rank:.2f})" for name, rank in found.ranks.items()}
    bars = _bars(found)
    layout, labels = _lay_out(found, labels, bars=len(bars))
    top = 0.25 if _shown_difference(found) is None else 0.5
    figure = Figure(figsize=(layout.width, layout.depth + top + 0.45), layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    axis.set(xlim=(0, layout.width), ylim=(-layout.depth - 0.08, top))
    axis.axis("off")
    _scale(axis, layout, found)
    for place, (name, rank) in enumerate(found.ranks.items()):
        left = place < -(-len(labels) // 2)
        _objective(axis, layout, label=labels[name], rank=rank, depth=layout.rows[name], left=left)
        axis.plot([layout.x(rank)], [0], marker="o", markersize=3.5, color=material.colours[name], zorder=3)
    for place, clique in enumerate(bars):
        ends = [layout.x(found.ranks[clique[0]]) - 0.04, layout.x(found.ranks[clique[-1]]) + 0.04]
        axis.plot(ends, [-_bar(place)] * 2, color=INK, linewidth=2.5, solid_capstyle="butt")
    counted = f"{found.tasks} tasks" if found.tasks > 1 else "one task"
    set_title(figure, f"{material.config}: mean rank over {counted} (1 is best)")
    finish(figure, handles=[], notes=[*_notes(found), f"Ranked by: {', '.join(tasks)}.", material.note_on_recipes])
    return {"ranks": figure}


def _alike(found: Ranks) -> bool:
    """Tell whether Friedman's test does not reject that all rank alike, so that Nemenyi's is not to be asked."""
    return found.p is not None and found.p >= ALPHA


def _bars(found: Ranks) -> list[tuple[str, ...]]:
    """The groups that a bar joins: all of them where all may rank alike."""
    return [tuple(found.ranks)] if _alike(found) else found.cliques


def _bar(place: int) -> float:
    """Depth of the bar of a clique."""
    return 0.09 + 0.07 * place


def _lay_out(found: Ranks, labels: Mapping[str, str], *, bars: int) -> tuple[_Layout, dict[str, str]]:
    """Place the labels, the better half at the left from the best down, the others at the right from the worst down."""
    widest = max(text_width(label, size=LABEL) for label in labels.values())
    small = len(labels) <= 8 and widest <= 1.0
    beside = min(widest, _LONGEST) + 0.12
    broken = {name: wrapped(label, inches=_LONGEST, size=LABEL) for name, label in labels.items()}
    names, half = list(labels), -(-len(labels) // 2)
    rows: dict[str, float] = {}
    for side in (names[:half], names[half:][::-1]):
        depth = _bar(bars) + 0.06
        for name in side:
            height = _LINE * (broken[name].count("\n") + 1) + 0.06
            rows[name] = depth + height / 2
            depth += height
    last = max(len(names), 1 + (_shown_difference(found) or 0))
    width = COLUMN_WIDTH if small else TEXT_WIDTH
    return _Layout(width=width, beside=beside, last=last, rows=rows, depth=max(rows.values()) + 0.06), broken


def _scale(axis: Axes, layout: _Layout, found: Ranks) -> None:
    """Draw the axis of ranks, and the critical difference above it."""
    axis.plot([layout.x(1), layout.x(len(found.ranks))], [0, 0], color=INK, linewidth=0.8)
    for rank in range(1, len(found.ranks) + 1):
        axis.plot([layout.x(rank)] * 2, [0, 0.05], color=INK, linewidth=0.8)
        axis.text(layout.x(rank), 0.07, str(rank), ha="center", va="bottom", fontsize=LABEL)
    difference = _shown_difference(found)
    if difference is not None:
        start, end = layout.x(1), layout.x(1 + difference)
        axis.plot([start, end], [0.3, 0.3], color=INK, linewidth=0.8)
        for x in (start, end):
            axis.plot([x, x], [0.27, 0.33], color=INK, linewidth=0.8)
        text = f"CD = {difference:.3f}"
        axis.text((start + end) / 2, 0.34, text, ha="center", va="bottom", fontsize=LABEL)


def _shown_difference(found: Ranks) -> float | None:
    """The critical difference, where it is asked for."""
    return None if _alike(found) else found.critical_difference


def _objective(axis: Axes, layout: _Layout, *, label: str, rank: float, depth: float, left: bool) -> None:
    edge = layout.beside if left else layout.width - layout.beside
    axis.plot([layout.x(rank), layout.x(rank), edge], [0, -depth, -depth], color=INK, linewidth=0.6)
    offset, side = (-0.04, "right") if left else (0.04, "left")
    axis.text(edge + offset, -depth, label, ha=side, va="center", fontsize=LABEL, linespacing=1.1)


def _notes(found: Ranks) -> list[str]:
    """Say what is separated, or why nothing can be, and what the tests assume in vain."""
    notes = []
    if found.critical_difference is None:
        notes.append("One task gives no critical difference: ranks alone.")
    elif _alike(found):
        notes.append(f"Not separated at {ALPHA}: Friedman's test does not reject equal ranks, so one bar joins all.")
    elif found.critical_difference > len(found.ranks) - 1:
        notes.append("CD is longer than the axis: over so few tasks no two can be told apart.")
    else:
        notes.append(f"Joined by a bar: closer than CD, not separated at {ALPHA} (Nemenyi's test).")
    if found.p is not None:
        p = p_text(found.p)
        notes.append(f"Friedman's test of equal ranks: p {'' if p.startswith('<') else '= '}{p}.")
    if found.tasks > 1:
        notes.append("The tasks share their backbones and are not independent, so the tests overstate the evidence.")
    if found.left_out:
        notes.append(
            f"Without a number of today's code and config in every task, so not ranked: {', '.join(found.left_out)}."
        )
    return notes
