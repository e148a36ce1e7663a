"""The table of paired differences to the reference: how large, how sure, and what these seeds could have shown."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from results.order import REFERENCE
from results.statistics.inference import ALPHA, FEW, POWER, interval_name
from results.statistics.paired import paired
from results.statistics.rounding import p_text, rounded
from results.tables.contents import Contents
from results.tables.layout import Entry, Table

_HEADER = ["objective", "task", "pairs", "difference", "interval", "p", "verdict", "t-test MDE"]
_UNDETECTED = (
    " Where the verdict is too few seeds, the sign-flip test can detect nothing, and this is only what a t test could."
)


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
            caption=_caption(found, compared),
            header=[interval_name(compared["n"].max()) if name == "interval" else name for name in _HEADER],
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


def _caption(found: Contents, compared: pd.DataFrame) -> str:
    range_ = f"; below {FEW} seeds it is their range" if compared["n"].between(2, FEW - 1).any() else ""
    few = (compared["verdict"] == "too few seeds").any()
    return (
        f"{found.config}: differences to {REFERENCE} in points, in the first column of each task, over pairs of the "
        f"same seed. Interval: percentile bootstrap of the mean over seeds, too narrow for few{range_}. p: exact "
        f"sign-flip test, two-sided, Holm's correction over a row's tasks. Verdict: higher or lower where p < "
        f"{ALPHA:g}; tie where these seeds could have shown a difference and did not; too few seeds where no outcome "
        f"could. t-test MDE: the minimum detectable effect of a paired t test at {ALPHA:g} in one task, the true "
        f"difference that it would find with probability {POWER:g} given this spread; it is not of the test behind p, "
        f"assumes normal differences and is not corrected for several tasks.{_UNDETECTED if few else ''}"
    )
