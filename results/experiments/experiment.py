"""What an experiment is: a claim, and how its cells are drawn, tabulated and judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from results.experiments.material import Material
from results.experiments.verdict import Verdict
from results.tables.layout import Table


@dataclass(frozen=True)
class Experiment:
    """One question.

    Attributes:
        name: as commands and files name it.
        title: of page and figure.
        claim: what is claimed, in this project's words.
        source: whose claim it is, and how much of it is known.
        measured: what is compared, and in which numbers.
        shown: what panels, axes and marks of the figure are, in sentences.
        rule: by which claims are judged, an item each.
        pooled: whether configs whose names begin with that of the experiment belong to it too.
        draw: draws the figure, inside `results.figures.theme.theme`; or says in a few words what is missing for it.
        table: the numbers behind it.
        verdicts: what the cells say of each claim, those included of which they say nothing.
        corrected: its rule corrects for the number of claims.
    """

    name: str
    title: str
    claim: str
    source: str
    measured: str
    shown: str
    rule: tuple[str, ...]
    pooled: bool
    draw: Callable[[Material], Figure | str]
    table: Callable[[Material], Table]
    verdicts: Callable[[Material], Sequence[Verdict]]
    corrected: bool = False
