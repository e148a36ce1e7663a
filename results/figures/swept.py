"""What the figure of one sweep shows."""

from __future__ import annotations

from dataclasses import dataclass

from results.comparison import Column
from results.figures.material import Material
from results.sweeps import Choice, Sweep, choose, seeds_in_words


@dataclass(frozen=True)
class Swept:
    """One sweep of a config.

    Attributes:
        sweep: its rows and their values.
        columns: in which some of its rows have a number.
        choice: what validation data choose; None if no two rows have a validation score for the same seed.
    """

    sweep: Sweep
    columns: tuple[Column, ...]
    choice: Choice | None

    @property
    def parameters(self) -> list[str]:
        """Names of the parameters, an objective's arguments without what they are part of."""
        return [path.removeprefix("arguments.") for path in self.sweep.parameters]

    @property
    def title(self) -> str:
        """Title of the figure, without the config."""
        return f"{self.sweep.objective}, sweep of {' and '.join(self.parameters)}"

    @property
    def note(self) -> str:
        """How the choice was made."""
        if self.choice is None:
            return "No value is chosen: no two rows have a validation score for the same seed."
        chosen = self.choice
        values = ", ".join(f"{name} = {value:g}" for name, value in zip(self.parameters, chosen.values, strict=True))
        left_out = f"; not compared, for want of seeds: {', '.join(chosen.left_out)}" if chosen.left_out else ""
        over = f"{seeds_in_words(chosen)}{left_out}"
        return f"Chosen: {values}, by {chosen.dataset} {chosen.metric} on validation data ({over})."


def swept(sweep: Sweep, material: Material) -> Swept:
    """Gather what the figure of a sweep shows."""
    there = set(material.counting.loc[material.counting["objective"].isin(list(sweep.rows)), "column"])
    try:
        choice = choose(material.frame, sweep)
    except ValueError:  # too few validation scores
        choice = None
    return Swept(sweep, tuple(column for column in material.columns if column.label in there), choice)
