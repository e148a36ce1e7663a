"""What the figures of one config are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from results.comparison import Column, columns, counting, scores
from results.figures.theme import markers, palette
from results.figures.wrapping import printable
from results.order import CEILING, FLOOR, REFERENCE, objective_label, objective_order
from results.store.units import is_score
from results.sweeps import Sweep


@dataclass(frozen=True)
class Material:
    """One config's results.

    Attributes:
        config: its name.
        frame: its rows of `results.store.loading.load`.
        numbers: its rows of `results.comparison.scores`, scores alone.
        columns: those of the table, in their order, scores alone.
        scalars: its rows of `results.store.loading.load_scalars`.
        sweeps: its sweeps.
        colours: of `results.figures.theme.palette`.
        markers: of `results.figures.theme.markers`.
        derived: objectives to mark as derived.
    """

    config: str
    frame: pd.DataFrame
    numbers: pd.DataFrame
    columns: tuple[Column, ...]
    scalars: pd.DataFrame
    sweeps: tuple[Sweep, ...]
    colours: Mapping[str, Any]
    markers: Mapping[str, str]
    derived: frozenset[str]

    def label(self, objective: str) -> str:
        """Label an objective as every figure shows it: "mrcl (derived)", with an asterisk if it is `unlike`."""
        label = objective_label(objective, derived=self.derived) + ("*" if objective in self.unlike else "")
        return printable(label)

    @cached_property
    def unlike(self) -> frozenset[str]:
        """Objectives that were not trained by the reference's recipe; none where there is no reference."""
        recipes = dict(zip(self.frame["objective"], self.frame["recipe"], strict=True))
        base = recipes.get(REFERENCE)
        return frozenset(name for name, recipe in recipes.items() if base not in (None, recipe) and name != FLOOR)

    @property
    def note_on_stale(self) -> str:
        """A note where a figure of `counting` leaves numbers out; else ""."""
        return "Stale numbers are left out." if len(self.counting) < len(self.numbers) else ""

    @property
    def note_on_recipes(self) -> str:
        """A note on what an asterisk means; "" where there is none."""
        return f"* Not trained by {REFERENCE}'s recipe: see the table." if self.unlike else ""

    @cached_property
    def counting(self) -> pd.DataFrame:
        """The numbers that are not stale."""
        return counting(self.numbers)

    @property
    def seeds(self) -> int:
        """How many seeds the config has anywhere."""
        return int(self.frame["seed"].nunique())

    @property
    def swept(self) -> str:
        """What differs in a config that is a sweep: the parameters; "" for a config that compares objectives.

        It is one if there is nothing to compare but rows of sweeps, beside the reference, as in
        `results.tables.contents.Contents.is_sweep`. Such rows are one objective with several values.
        """
        if not self.sweeps or not {*self.compared} <= {REFERENCE, *(name for own in self.sweeps for name in own.rows)}:
            return ""
        paths = dict.fromkeys(path.removeprefix("arguments.") for sweep in self.sweeps for path in sweep.parameters)
        return " and ".join(paths)

    @cached_property
    def compared(self) -> list[str]:
        """Objectives with a number that is not stale, in their order, without floor and ceiling."""
        return [name for name in objective_order(self.counting["objective"]) if name not in (FLOOR, CEILING)]


Builder = Callable[[Material], Mapping[str, Figure] | str]
"""Draws a figure of one config: end of the file's name -> figure; or says in a few words what is missing for it."""


def materials(
    frame: pd.DataFrame, scalars: pd.DataFrame, *, sweeps: Sequence[Sweep], derived: Collection[str]
) -> Iterator[Material]:
    """Split the results by config; an objective has one colour in all of them.

    Args:
        frame: of `results.store.loading.load`.
        scalars: of `results.store.loading.load_scalars`.
        sweeps: of `results.sweeps.find_sweeps`.
        derived: objectives to mark as derived.

    Yields:
        One per config of the frame, by name.
    """
    objectives = {*frame["objective"], *scalars["objective"]}
    numbers = scores(frame)
    for config, part in frame.groupby("config"):
        shown = tuple(column for column in columns(part) if is_score(column.metric, family=column.family))
        own = (numbers["config"] == config) & numbers["column"].isin([column.label for column in shown])
        yield Material(
            config=str(config),
            frame=part,
            numbers=numbers[own].astype({"value": "float64"}),
            columns=shown,
            scalars=scalars[scalars["config"] == config],
            sweeps=tuple(sweep for sweep in sweeps if sweep.config == config),
            colours=palette(objectives),
            markers=markers(objectives),
            derived=frozenset(derived),
        )
