"""Where a score lies between floor and ceiling: (value - floor) / (ceiling - floor), of means over seeds."""

from __future__ import annotations

import pandas as pd

from results.order import CEILING, FLOOR
from results.store.units import is_score


def with_positions(summary: pd.DataFrame) -> pd.DataFrame:
    """Add what the references scored in the same column, and the position between them.

    Args:
        summary: frame with config, column, family, metric, objective, mean, stale; what is stale is no floor, no
            ceiling, and has no position.

    Returns:
        The frame with floor and ceiling (fractions; NaN where there is none and for all that is no score), position
        (0 = floor, 1 = ceiling, negative below the floor; NaN where there is none) and position_note (why there is none
        though the config has both rows, else "").
    """
    scores = [is_score(metric, family=of) for metric, of in zip(summary["metric"], summary["family"], strict=True)]
    counts = pd.Series(scores, summary.index, dtype=bool) & (summary["stale"] == "")
    slot, known = ["config", "column"], summary.assign(mean=summary["mean"].where(counts))
    for name, objective in (("floor", FLOOR), ("ceiling", CEILING)):
        rows = known.loc[known["objective"] == objective, [*slot, "mean"]].rename(columns={"mean": name})
        summary = summary.merge(rows, on=slot, how="left", validate="many_to_one")
    span = summary["ceiling"] - summary["floor"]
    position = ((known["mean"] - summary["floor"]) / span).where(span > 0)
    complete = summary.groupby("config")["objective"].transform(lambda names: {FLOOR, CEILING} <= set(names))
    notes = [
        _note(floor, ceiling) if both and mean == mean and place != place else ""  # nan is not equal to itself
        for floor, ceiling, both, mean, place in zip(
            summary["floor"], summary["ceiling"], complete, known["mean"], position, strict=True
        )
    ]
    return summary.assign(position=position, position_note=notes)


def _note(floor: float, ceiling: float) -> str:
    """Why two references give no position."""
    missing = [name for name, value in ((FLOOR, floor), (CEILING, ceiling)) if value != value]
    if missing:
        return f"no position: {' and '.join(missing)} {'has' if len(missing) == 1 else 'have'} no number here"
    return f"no position: {CEILING}, {100 * ceiling:.1f}, is not above {FLOOR}, {100 * floor:.1f}"
