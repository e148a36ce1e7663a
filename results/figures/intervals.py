"""What the intervals in a figure are, in words."""

from __future__ import annotations

import pandas as pd

from results.statistics.inference import FEW, interval_name


def interval_label(numbers: pd.DataFrame) -> str:
    """Name the intervals over seeds of a figure's means, by how many seeds they are over; "" if each is over one.

    Args:
        numbers: rows of `results.comparison.scores` with one config, those that the figure shows.
    """
    counts = [int(n) for n in numbers.groupby(["objective", "column"]).size() if n > 1]
    if not counts:
        return ""
    few, many = interval_name(min(counts)), interval_name(max(counts))
    return many if few == many else f"{many} (below {FEW} seeds: {few})"
