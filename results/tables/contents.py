"""What the tables of one config are laid out from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from results.comparison import comparison, scores
from results.costs import costs
from results.known import known_of_views, shared_factors
from results.order import CEILING, FLOOR, REFERENCE, objective_label
from results.statistics.leading import Lead, leads
from results.store.units import is_detail, is_score
from results.sweeps import Sweep
from results.tables.views import unequal


@dataclass(frozen=True)
class Contents:
    """One config's results.

    Attributes:
        config: its name.
        summary: its rows of `results.comparison.comparison`; those that the view leaves out have no numbers and say
            why.
        numbers: its rows of `results.comparison.scores` in that view.
        known: what is known of the views of the pretrainings: row -> metric -> mean over seeds.
        shared: row -> the factors that both views of its pretraining had in common; only rows of which it is known.
        costs: of `results.costs.costs`; of all rows.
        derived: objectives to mark as derived.
        view: one of `results.tables.views.VIEWS`, or None for all rows.
        swept: rows of sweeps.
    """

    config: str
    summary: pd.DataFrame
    numbers: pd.DataFrame
    known: Mapping[str, Mapping[str, float]]
    shared: Mapping[str, tuple[str, ...]]
    costs: pd.DataFrame
    derived: Collection[str]
    view: str | None
    swept: Collection[str]

    def label(self, objective: str) -> str:
        """Label an objective as every table shows it."""
        return objective_label(objective, derived=self.derived)

    @property
    def columns(self) -> list[str]:
        """Labels of the columns of the main table in their order."""
        return list(dict.fromkeys(self.main["column"]))

    @cached_property
    def main(self) -> pd.DataFrame:
        """Those rows of `summary` that are in the main table."""
        metrics, families = self.summary["metric"], self.summary["family"]
        details = [is_detail(metric, family=family) for metric, family in zip(metrics, families, strict=True)]
        return self.summary[~pd.Series(details, self.summary.index, dtype=bool)]

    @cached_property
    def scored(self) -> pd.DataFrame:
        """Those rows of `summary` that are about scores, in which higher is better."""
        metrics, families = self.summary["metric"], self.summary["family"]
        scores = [is_score(metric, family=family) for metric, family in zip(metrics, families, strict=True)]
        return self.summary[pd.Series(scores, self.summary.index, dtype=bool)]

    @property
    def scores(self) -> pd.DataFrame:
        """Those of `numbers` that are scores."""
        return self.numbers[self.numbers["column"].isin(set(self.scored["column"]))]

    @property
    def objectives(self) -> list[str]:
        """All rows in their order."""
        return list(dict.fromkeys(self.summary["objective"]))

    @property
    def compared(self) -> list[str]:
        """The rows between floor and ceiling."""
        return [name for name in self.objectives if name not in (FLOOR, CEILING)]

    @property
    def is_sweep(self) -> bool:
        """Whether there is nothing to compare but rows of sweeps, beside the reference."""
        return bool(self.swept) and {*self.compared} <= {*self.swept, REFERENCE}

    @property
    def leads(self) -> Mapping[str, Lead]:
        """The highest test mean of each primary column; none in a sweep, whose value is chosen on validation data."""
        return {} if self.is_sweep else leads(self.scores)


def contents(
    part: pd.DataFrame, *, derived: Collection[str], view: str | None, sweeps: Collection[Sweep] = ()
) -> Contents:
    """Gather what the tables of one config say.

    Args:
        part: rows of `results.store.loading.load` with one config.
        derived: objectives to mark as derived.
        view: one of `results.tables.views.VIEWS`, or None for all rows.
        sweeps: of `results.sweeps.find_sweeps`; of other configs too.
    """
    config = str(part["config"].iloc[0])
    spent = costs(part)
    left_out = unequal(spent, view=view)
    shown = part.assign(value=part["value"].mask(part["objective"].isin(list(left_out))))
    summary = comparison(shown)
    notes = summary["objective"].map(left_out)
    return Contents(
        config=config,
        summary=summary.assign(note=notes.where(notes.notna(), summary["note"])),
        numbers=scores(shown),
        known=known_of_views(part),
        shared=shared_factors(part),
        costs=spent,
        derived=derived,
        view=view,
        swept=[row for sweep in sweeps if sweep.config == config for row in sweep.rows],
    )
