"""What the statistics of one config say, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from results.comparison import columns, comparison, primary, scores
from results.order import REFERENCE, objective_label, objective_order
from results.statistics.inference import ALPHA, FEW, LEVEL, POWER, seeds_needed, smallest_p
from results.statistics.paired import paired
from results.statistics.ranks import Ranks, average_ranks
from results.statistics.rounding import p_text, rounded
from results.store.units import is_detail

_Label = Callable[[str], str]


def in_words(part: pd.DataFrame, *, derived: Collection[str] = ()) -> list[str]:
    """Say what one config's numbers show, and what they cannot.

    Args:
        part: rows of `results.store.loading.load` with one config; not empty.
        derived: objectives to mark as derived.

    Returns:
        Sentences, one or a few to an item: seeds and tasks; what so many seeds can separate; every objective against
        the reference; mean ranks; stale and missing numbers.
    """
    label = partial(objective_label, derived=derived)
    numbers, summary, tasks = scores(part), _without_details(comparison(part)), primary(columns(part))
    tested = paired(numbers[numbers["column"].isin(tasks)], reference=REFERENCE)
    return [
        _design(part, tasks),
        *_possible(tested),
        *_compared(tested, label=label),
        *_ranked(average_ranks(numbers, columns=tasks), label=label),
        *_stale(summary, label=label),
        *_missing(summary, label=label),
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
    pairs, family = min(_families(tested), key=lambda one: (one[1] * smallest_p(one[0]), -one[0]))
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


def _families(tested: pd.DataFrame) -> Iterator[tuple[int, int]]:
    """For every other row, its most seeds and the number of its tests, of those that have a seed."""
    for _, own in tested.groupby("objective"):
        yield int(own["n"].max()), max(1, int((own["n"] > 0).sum()))


def _compared(tested: pd.DataFrame, *, label: _Label) -> Iterator[str]:
    """Say of every other row where it is higher, lower or neither."""
    if (tested["n"] > 1).any():
        yield _explained(tested)
    elif len(tested):
        yield f"Differences to {REFERENCE} are of the same seed, in points."
    for objective in objective_order(tested["objective"]):
        rows = tested[tested["objective"] == objective]
        clauses = [
            f"{words} {_list(map(_difference, rows[rows['verdict'] == verdict].to_dict('records')))}"
            for verdict, words in _VERDICTS.items()
            if (rows["verdict"] == verdict).any()
        ]
        yield f"{label(objective)} against {REFERENCE}: {'; '.join(clauses)}.{_detectable(rows)}"


def _explained(tested: pd.DataFrame) -> str:
    """Say what the numbers beside a difference are."""
    few = tested["n"].between(2, FEW - 1)
    some = "with so few seeds" if few.sum() == (tested["n"] > 1).sum() else f"below {FEW} seeds"
    said = (
        f"Differences to {REFERENCE} are means over pairs of the same seed, in points, with their {LEVEL:.0%} "
        f"bootstrap interval{f' ({some} the interval is their range)' if few.any() else ''}; p is of the exact "
        "sign-flip test after Holm's correction over the tasks. t-test MDE is the minimum detectable effect of another "
        f"test, a paired t test at {ALPHA:g} in one task: the true difference that it would find with probability "
        f"{POWER:g}, given the spread of these differences. It assumes that they are normal and is not corrected "
        "for several tasks."
    )
    undecided = (tested["verdict"] == "too few seeds").any()
    return f"{said} {_UNDETECTED}" if undecided else said


_UNDETECTED = (
    "Where there are too few seeds, the sign-flip test can detect nothing, and this is only what a t test could."
)


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
    return f" t-test MDE: {' to '.join(ends)} points." if len(known) else ""


def _ranked(found: Ranks, *, label: _Label) -> Iterator[str]:
    """Say which rows stand apart over all tasks."""
    if found.left_out:
        yield f"Not ranked, for want of a number in some task: {_list(map(label, found.left_out))}."
    if found.critical_difference is None:
        yield "Ranks say nothing below two tasks and two rows that have numbers in all of them."
        return
    ranks = _list(f"{label(name)} {rank:.2f}" for name, rank in found.ranks.items())
    yield (
        f"Mean ranks over {found.tasks} tasks, 1 is best, without floor and ceiling: {ranks}. The tasks share their "
        "backbones and are not independent, so a test over them overstates what it knows. Ranks do not replace the "
        "paired tests where these can decide nothing."
    )
    yield _apart(found, label=label)


def _apart(found: Ranks, *, label: _Label) -> str:
    """Say what the tests over tasks would tell apart if the tasks were independent."""
    assert found.critical_difference is not None
    difference = f"critical difference {found.critical_difference:.3f} (Nemenyi, {ALPHA:g})"
    start = "If the tasks were independent, which they are not,"
    if found.p is not None and found.p >= ALPHA:
        return f"{start} Friedman's test would not tell the rows apart at {ALPHA:g} ({_p(found.p)}; {difference})."
    worse = {
        better: [label(name) for name, other in found.ranks.items() if other - rank >= found.critical_difference]
        for better, rank in found.ranks.items()
    }
    friedman = "" if found.p is None else f" Friedman's test would tell the rows apart ({_p(found.p)}), and"
    apart = [f"{label(better)} from {_list(names)}" for better, names in worse.items() if names]
    told = f"these would differ: {'; '.join(apart)}" if apart else "no two rows would differ"
    return f"{start}{friedman} by the {difference} {told}."


def _without_details(summary: pd.DataFrame) -> pd.DataFrame:
    pairs = zip(summary["metric"], summary["family"], strict=True)
    details = [is_detail(metric, family=family) for metric, family in pairs]
    return summary[~pd.Series(details, summary.index, dtype=bool)]


def _stale(summary: pd.DataFrame, *, label: _Label) -> Iterator[str]:
    """Name what has a number that code or config have moved on from."""
    for what, rows in summary[summary["stale"] != ""].groupby("stale", sort=False):
        yield f"Stale, and in no test ({what}): {_places(rows, every=summary['column'].nunique(), label=label)}."


def _missing(summary: pd.DataFrame, *, label: _Label) -> Iterator[str]:
    """Name what has no number, or one over fewer seeds."""
    for reason, rows in summary[summary["note"] != ""].groupby("note", sort=False):
        yield f"Missing ({reason}): {_places(rows, every=summary['column'].nunique(), label=label)}."


def _places(rows: pd.DataFrame, *, every: int, label: _Label) -> str:
    """Write "mrcl and byol in coco AP; infocl everywhere", rows of the same columns together."""
    lacking: dict[tuple[str, ...], list[str]] = {}
    for objective, own in rows.groupby("objective", sort=False):
        lacking.setdefault(tuple(own["column"]), []).append(label(str(objective)))
    return "; ".join(
        f"{_list(names)} {'in ' + _list(labels) if len(labels) < every or every == 1 else 'everywhere'}"
        for labels, names in lacking.items()
    )


def _list(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
