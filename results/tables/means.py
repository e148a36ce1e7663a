"""How a mean over seeds is written."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from results.statistics.rounding import rounded
from results.tables.layout import Entry, Footnotes


def mean_text(row: Mapping[Hashable, Any], *, scale: float, digits: int, fewest: int = 2) -> str:
    """Write "41.2 ± 0.3 (n=2)": spread from two seeds on, n where it is not every seed or below `fewest`.

    Args:
        row: of `results.comparison.comparison`.
        scale: what mean and spread are multiplied by.
        digits: behind the point.
        fewest: seeds that need no mention.
    """
    parts = []
    if row["n"] > 0:
        parts.append(rounded(scale * row["mean"], f"{{:.{digits}f}}"))
    if row["n"] > 1:
        parts.append(f"± {scale * row['std']:.{digits}f}")
    if 0 < row["n"] < max(fewest, row["seeds"]):
        parts.append(f"(n={row['n']})")
    return " ".join(parts)


def mean_entry(
    row: Mapping[Hashable, Any],
    *,
    notes: Footnotes,
    scale: float = 1,
    digits: int = 2,
    behind: str = "",
    said: str = "",
) -> Entry:
    """Lay out a mean with the reason where there is none, and what has changed since.

    Args:
        row: of `results.comparison.comparison`.
        notes: the footnotes of the table.
        scale: what mean and spread are multiplied by.
        digits: behind the point.
        behind: what stands behind a number.
        said: a further footnote to a number.
    """
    text = mean_text(row, scale=scale, digits=digits, fewest=1)
    marks = (row["note"], said if text else "", f"stale: {row['stale']}" if row["stale"] else "")
    return Entry(
        text=text + behind if text else "",
        notes=tuple(number for mark in marks for number in notes.mark(mark)),
        value=scale * row["mean"] if text else None,
        stale=bool(row["stale"]),
    )


def spread(seeds: int) -> str:
    """Say what stands behind the means of a table, for its caption."""
    return f"mean ± sample standard deviation over {seeds} seeds" if seeds > 1 else "one seed, so no spread"
