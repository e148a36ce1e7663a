"""Tables as CSV: one line per config, objective and column, to compute with."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from results.order import CEILING, FLOOR, REFERENCE
from results.statistics.inference import interval
from results.statistics.paired import paired
from results.sweeps import Sweep
from results.tables.assembly import gathered
from results.tables.contents import Contents

_LATER = ("primary", "stale")  # columns of `comparison` that came after those below them here
_PAIRED = {"n": "pairs", "low": "difference_low", "high": "difference_high"}
_COSTS = {
    "images": "pretrain_images",
    "images_per_s": "pretrain_images_per_s",
    "flops": "pretrain_flops",
    "flops_ratio": "pretrain_flops_ratio",
    "wall_s": "pretrain_wall_s",
    "peak_memory_bytes": "pretrain_peak_memory_bytes",
    "evaluations_s": "evaluations_s",
    "devices": "devices",
}


def to_csv(
    frame: pd.DataFrame, *, derived: Collection[str], view: str | None = None, sweeps: Collection[Sweep] = ()
) -> str:
    """Write every config's `results.comparison.comparison` as CSV, fractions as they are stored.

    Nothing is rounded here; mmdet rounds AP to three decimals and mmseg mIoU to two of percent before they are stored.

    Columns are those of `comparison`; reference ("floor", "ceiling" or empty) and derived (True, False); primary and
    stale; low and high (interval of the mean); best ("best", "tie" or empty, `results.statistics.leading`; empty in a
    sweep); those of `results.statistics.paired.paired` against `infonce` (n as pairs); those of `results.costs.costs`.
    The wide table is `pivot(index="objective", columns="column", values="mean")` of one config.

    Raises:
        ValueError: there is no cell to compare, or no such view.
    """
    found = gathered(frame, derived=derived, view=view, sweeps=sweeps)
    return as_csv(pd.concat([lines(each) for each in found], ignore_index=True))


def as_csv(found: pd.DataFrame) -> str:
    """Write lines of `lines`."""
    return found.to_csv(index=False, lineterminator="\n")


def lines(found: Contents) -> pd.DataFrame:
    """Gather the lines of one config, with the columns of `to_csv`."""
    summary, slot = found.summary, ["objective", "column"]
    compared = paired(found.scores, reference=REFERENCE).astype({"n": "Int64"}).rename(columns=_PAIRED)
    spent = found.costs[list(_COSTS)].rename(columns=_COSTS).reset_index(names="objective")
    first = summary.drop(columns=list(_LATER)).assign(
        reference=summary["objective"].map({FLOOR: "floor", CEILING: "ceiling"}),
        derived=summary["objective"].isin(list(found.derived)),
    )
    marked = (
        first.join(summary[list(_LATER)])
        .merge(_intervals(found), on=slot, how="left")
        .merge(_best(found), on=slot, how="left")
    )
    return marked.merge(compared, on=slot, how="left").merge(spent, on="objective", how="left")


def _intervals(found: Contents) -> pd.DataFrame:
    """Interval of the mean of every objective and column that has one."""
    groups = found.numbers.groupby(["objective", "column"])["value"]
    known = [(*names, *ends) for names, values in groups if (ends := interval(list(values)))]
    return pd.DataFrame(known, columns=["objective", "column", "low", "high"])


def _best(found: Contents) -> pd.DataFrame:
    """The highest means of primary columns: "best" if separated from every other row's, else "tie" as in the table."""
    known = [
        (objective, column, "best" if lead.separated else "tie")
        for column, lead in found.leads.items()
        for objective in lead.ties or lead.objectives
    ]
    return pd.DataFrame(known, columns=["objective", "column", "best"])
