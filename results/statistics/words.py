"""What the statistics of one config say, in sentences."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from results.comparison import columns, comparison, primary, scores
from results.order import REFERENCE, objective_order
from results.statistics.inference import ALPHA, LEVEL, POWER, seeds_needed, smallest_p
from results.statistics.paired import paired
from results.statistics.ranks import Ranks, average_ranks
from results.statistics.rounding import p_text, rounded


def in_words(part: pd.DataFrame) -> list[str]:
    """Say what one config's numbers show, and what they cannot.

    Args:
        part: rows of `results.store.loading.load` with one config; not empty.

    Returns:
        Sentences, one or a few to an item: seeds and tasks; what so many seeds can separate; every objective against
        the reference; mean ranks; stale and missing numbers.
    """
    numbers, summary, tasks = scores(part), comparison(part), primary(columns(part))
    tested = paired(numbers[numbers["column"].isin(tasks)], reference=REFERENCE)
    return [
        _design(part, tasks),
        *_possible(tested),
        *_compared(tested),
        *_ranked(average_ranks(numbers, columns=tasks)),
        *_stale(summary),
        *_missing(summary),
    ]


def _design(part: pd.DataFrame, tasks: Sequence[str]) -> str:
    seeds = sorted(set(part["seed"]))
    what = f"{len(seeds)} seeds ({_list(map(str, seeds))})" if len(seeds) > 1 else f"one seed ({seeds[0]})"
    if not tasks:
        return f"{part['config'].iloc[0]}: {what} and no task with a number yet."
    several = f"{len(tasks)} tasks, each judged by its first column:" if len(tasks) > 1 else "one task, judged by"
    return f"{part['config'].iloc[0]}: {what} and {several} {_list(tasks)}."


def _possible(tested: pd.DataFrame) -> Iterator[str]:
    """Say what the seeds that rows have in common with the reference can separate at all."""
    if tested.empty:
        yield f"No row has numbers beside {REFERENCE}'s, so no differences are tested."
        return
    pairs, family = int(tested["n"].max()), int(tested.groupby("objective")["column"].nunique().max())
    lowest = min(1.0, family * smallest_p(pairs))
    corrected = f", {p_text(lowest)} after Holm's correction over {family} tasks" if family > 1 else ""
    needed = f"At least {seeds_needed(family)} seeds are needed."
    reached = (
        f"the smallest p that an exact two-sided sign-flip test can reach is {p_text(smallest_p(pairs))}{corrected}"
    )
    if pairs == 0:
        yield f"No row has a seed in common with {REFERENCE}, so no differences are tested. {needed}"
    elif pairs == 1:
        yield (
            f"No row has more than one seed in common with {REFERENCE}, and one cannot tell a difference from chance: "
            f"no row is called higher or lower. {needed}"
        )
    elif lowest >= ALPHA:
        yield f"With {pairs} seeds {reached}: no difference, however large, is significant at {ALPHA:g}. {needed}"
    else:
        yield f"With {pairs} seeds {reached}, so differences can be significant at {ALPHA:g}."


def _compared(tested: pd.DataFrame) -> Iterator[str]:
    """Say of every other row where it is higher, lower or neither."""
    if (tested["n"] > 1).any():
        yield (
            f"Differences to {REFERENCE} are means over pairs of the same seed, in points, with their {LEVEL:.0%} "
            "bootstrap interval; p is of the exact sign-flip test after Holm's correction over the tasks. Detectable "
            f"is the true difference that a paired t test at {ALPHA:g} would find in one task with probability "
            f"{POWER:g}, given the spread of these differences."
        )
    elif len(tested):
        yield f"Differences to {REFERENCE} are of the same seed, in points."
    for objective in objective_order(tested["objective"]):
        rows = tested[tested["objective"] == objective]
        clauses = [
            f"{words} {_list(map(_difference, rows[rows['verdict'] == verdict].to_dict('records')))}"
            for verdict, words in _VERDICTS.items()
            if (rows["verdict"] == verdict).any()
        ]
        yield f"{objective} against {REFERENCE}: {'; '.join(clauses)}.{_detectable(rows)}"


_VERDICTS = {
    "higher": "higher in",
    "lower": "lower in",
    "tie": "tie in",
    "too few seeds": "too few seeds to tell in",
}


def _difference(row: Mapping[Hashable, Any]) -> str:
    """Write "shapes linear_top1 (-8.9 [-10.1, -7.8], p = 0.031)"."""
    if not row["n"]:
        return f"{row['column']} (no seed in common)"
    difference, low, high = (rounded(100 * row[name], "{:+.1f}") for name in ("difference", "low", "high"))
    interval = f" [{low}, {high}]" if row["n"] > 1 else ""
    p = "" if row["verdict"] == "too few seeds" else f", {_p(row['p_holm'])}"
    return f"{row['column']} ({difference}{interval}{p})"


def _p(p: float) -> str:
    return f"p {text}" if (text := p_text(p)).startswith("<") else f"p = {text}"


def _detectable(rows: pd.DataFrame) -> str:
    known = 100 * rows["mde"].dropna()
    ends = dict.fromkeys(f"{end:.1f}" for end in (known.min(), known.max()))
    return f" Detectable: {' to '.join(ends)} points." if len(known) else ""


def _ranked(found: Ranks) -> Iterator[str]:
    """Say which rows stand apart over all tasks."""
    if found.left_out:
        yield f"Not ranked, for want of a number in some task: {_list(found.left_out)}."
    if found.critical_difference is None:
        yield "Ranks say nothing below two tasks and two rows that have numbers in all of them."
        return
    ranks = _list(f"{name} {rank:.2f}" for name, rank in found.ranks.items())
    yield (
        f"Mean ranks over {found.tasks} tasks, 1 is best, without floor and ceiling: {ranks}. The tasks share their "
        "backbones and are not independent, so a test over them overstates what it knows."
    )
    difference = f"critical difference {found.critical_difference:.2f} (Nemenyi, {ALPHA:g})"
    if found.p is not None and found.p >= ALPHA:
        yield f"Friedman's test does not tell the rows apart ({_p(found.p)}; {difference})."
        return
    worse = {
        better: [name for name, other in found.ranks.items() if other - rank >= found.critical_difference]
        for better, rank in found.ranks.items()
    }
    friedman = "" if found.p is None else f"Friedman's test tells the rows apart ({_p(found.p)}). "
    apart = [f"{better} from {_list(names)}" for better, names in worse.items() if names]
    told = f"these differ: {'; '.join(apart)}" if apart else "no two rows differ"
    yield f"{friedman}By the {difference} {told}."


def _stale(summary: pd.DataFrame) -> Iterator[str]:
    """Name what has a number that code or config have moved on from."""
    for what, rows in summary[summary["stale"] != ""].groupby("stale", sort=False):
        yield f"Stale, and in no test ({what}): {_places(rows, every=summary['column'].nunique())}."


def _missing(summary: pd.DataFrame) -> Iterator[str]:
    """Name what has no number, or one over fewer seeds."""
    for reason, rows in summary[summary["note"] != ""].groupby("note", sort=False):
        yield f"Missing ({reason}): {_places(rows, every=summary['column'].nunique())}."


def _places(rows: pd.DataFrame, *, every: int) -> str:
    """Write "mrcl and byol in coco AP; infocl everywhere", rows of the same columns together."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for objective, own in rows.groupby("objective", sort=False):
        lacking.setdefault(tuple(own["column"]), []).append(str(objective))
    return "; ".join(
        f"{_list(names)} {'in ' + _list(labels) if len(labels) < every or every == 1 else 'everywhere'}"
        for labels, names in lacking.items()
    )


def _list(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
