"""The table of paired differences to the reference: how large, how sure, and what these seeds could have shown."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from results.order import REFERENCE
from results.statistics.inference import ALPHA, LEVEL, POWER
from results.statistics.paired import paired
from results.statistics.rounding import p_text, rounded
from results.tables.contents import Contents
from results.tables.layout import Entry, Table

_HEADER = ["objective", "task", "pairs", "difference", f"{LEVEL:.0%} interval", "p", "verdict", "detectable"]


def differences(found: Contents) -> list[Table]:
    """The table of differences in the tasks' primary columns; none where no row has two pairs with the reference."""
    compared = paired(found.numbers[found.numbers["primary"].astype(bool)], reference=REFERENCE)
    if not (compared["n"] > 1).any():
        return []
    records = compared.to_dict("records")
    return [
        Table(
            config=found.config,
            subject=f"differences to {REFERENCE}",
            caption=_caption(found),
            header=_HEADER,
            objectives=[str(row["objective"]) for row in records],
            rows=[[Entry(found.label(row["objective"])), *_entries(row)] for row in records],
            notes=[],
            further=[],
        )
    ]


def _entries(row: Mapping[Hashable, Any]) -> list[Entry]:
    interval = "" if pd.isna(row["low"]) else _interval(row)
    return [
        Entry(row["column"]),
        Entry(str(row["n"]), value=row["n"]),
        _number(row["difference"], "{:+.1f}"),
        Entry(interval, value=100 * row["low"] if interval else None),
        Entry(p_text(row["p_holm"]), value=None if pd.isna(row["p_holm"]) else row["p_holm"]),
        Entry(row["verdict"]),
        _number(row["mde"], "{:.1f}"),
    ]


def _interval(row: Mapping[Hashable, Any]) -> str:
    low, high = (rounded(100 * row[end], "{:+.1f}") for end in ("low", "high"))
    return f"[{low}, {high}]"


def _number(value: float, form: str) -> Entry:
    return Entry("") if pd.isna(value) else Entry(rounded(100 * value, form), value=100 * value)


def _caption(found: Contents) -> str:
    return (
        f"{found.config}: differences to {REFERENCE} in points, in the first column of each task, over pairs of the "
        "same seed. Interval: percentile bootstrap of the mean over seeds, too narrow for few. p: exact sign-flip "
        f"test, two-sided, Holm's correction over a row's tasks. Verdict: higher or lower where p < {ALPHA:g}; tie "
        "where these seeds could have shown a difference and did not; too few seeds where no outcome could. "
        f"Detectable: the true difference that a paired t test at {ALPHA:g} would find with probability {POWER:g}, "
        "given this spread."
    )
