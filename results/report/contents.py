"""What the page says, gathered from the cells of a runs folder; the templates only lay it out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from results.comparison import Column, columns
from results.confounds import confounds
from results.order import objective_order
from results.report.listing import Aside, Line, asides, lines
from results.report.pictures import Picture, pictures
from results.report.provenance import provenance
from results.report.quantities import moment
from results.report.scores import Mean, Row, with_cells
from results.statistics.words import in_words
from results.store.cells import Cell, read_cells
from results.store.current import current
from results.store.loading import load, load_scalars
from results.sweeps import find_sweeps
from results.tables.assembly import tables
from results.tables.layout import Table

_COUNTS = ("objectives", "seeds", "tasks", "cells", "done", "failed", "skipped", "stale")


@dataclass(frozen=True)
class Part:
    """What the page says of one config.

    Attributes:
        config: its name.
        anchor: id of its section.
        counts: how many of each of `_COUNTS`; all but "stale" are of the cells that count, "stale" is of its asides.
        table: of the scores; those that belong to it stand in `beside`, `differences` and `costs`.
        rows: of the scores, with the cells behind them.
        columns: label -> column of the scores; further columns of the table are costs.
        beside: positions, gaps, published numbers.
        differences: to the reference.
        costs: means over seeds.
        pretrainings: the cells, in the order of the table.
        sentences: statistics in words.
        pictures: figures, and why one is left out.
        confounds: label of a row -> in what it differs from the reference beside its objective.
    """

    config: str
    anchor: str
    counts: Mapping[str, int]
    table: Table
    rows: list[Row]
    columns: Mapping[str, Column]
    beside: list[Table]
    differences: list[Table]
    costs: list[Table]
    pretrainings: list[Cell]
    sentences: list[str]
    pictures: list[Picture]
    confounds: Mapping[str, list[str]]


@dataclass(frozen=True)
class Contents:
    """What the page says.

    Attributes:
        name: of the runs folder.
        facts: name -> text, of all configs together.
        parts: one per config.
        lines: every number, and every cell that failed or was skipped.
        asides: stale cells.
        provenance: of `results.report.provenance.provenance`, and "means": what a click on a field shows first.
    """

    name: str
    facts: Mapping[str, str]
    parts: list[Part]
    lines: list[Line]
    asides: list[Aside]
    provenance: Mapping[str, object]

    @property
    def missing(self) -> list[Line]:
        """The lines of cells that failed or were skipped."""
        return [line for line in self.lines if line.number is None]


def gather(
    runs: Path,
    *,
    keys: Collection[str] | None,
    stale: Mapping[str, str],
    derived: Collection[str],
    further: Mapping[str, Sequence[Table]],
) -> Contents:
    """Gather what the page says; arguments and errors are those of `results.report.writing.write_report`."""
    cells, frame = read_cells(runs), load(runs, keys=keys, stale=stale)
    if frame.empty:
        raise ValueError("report: at least one stored result is expected, got none")
    counted = current(cells, keys=keys, stale=stale)
    sweeps = find_sweeps(counted)
    drawn = pictures(frame, load_scalars(runs, keys=keys), sweeps=sweeps, derived=derived)
    aside = asides(cells, stale=stale, shown={cell.key for cell in counted})
    parts = [
        _part(
            table,
            frame[frame["config"] == table.config],
            counted,
            anchor=f"config-{place}",
            drawn=drawn,
            stale=sum(found.cell.config == table.config for found in aside),
            derived=derived,
        )
        for place, table in enumerate(tables(frame, derived=derived, further=further, sweeps=sweeps), start=1)
    ]
    told = _told(cells, shown=set(frame["key"]) | set(stale))
    return Contents(
        name=runs.resolve().name,
        facts=dict(_facts(told, frame)),
        parts=parts,
        lines=lines(frame),
        asides=aside,
        provenance={
            **provenance(told, stale=stale, confounds=confounds(counted)),
            "means": {name: asdict(mean) for part in parts for name, mean in means(part).items()},
        },
    )


def means(part: Part) -> dict[str, Mean]:
    """Name what a click on each field of the scores shows: "config-1-0-2" is the first row's third number."""
    return {
        f"{part.anchor}-{down}-{across}": field.mean
        for down, row in enumerate(part.rows)
        for across, field in enumerate(row.fields)
        if field.mean is not None
    }


def _part(
    table: Table,
    part: pd.DataFrame,
    cells: Collection[Cell],
    *,
    anchor: str,
    drawn: Collection[Picture],
    stale: int,
    derived: Collection[str],
) -> Part:
    order = objective_order(part["objective"])
    own = [cell for cell in cells if cell.config == table.config and cell.kind == "pretrain"]
    found = confounds([cell for cell in cells if cell.config == table.config])
    return Part(
        config=table.config,
        anchor=anchor,
        counts=_counts(part, stale=stale),
        table=table,
        rows=with_cells(table, part),
        columns={column.label: column for column in columns(part) if column.label in table.header},
        beside=[other for other in table.further if not _is_difference(other) and other.subject != "costs"],
        differences=[other for other in table.further if _is_difference(other)],
        costs=[other for other in table.further if other.subject == "costs"],
        pretrainings=sorted(own, key=lambda cell: (order.index(cell.objective), cell.seed)),
        sentences=in_words(part, derived=derived),
        pictures=[picture for picture in drawn if picture.config == table.config],
        confounds={name: said for name in order if (said := found.get(table.config, {}).get(name))},
    )


def _is_difference(table: Table) -> bool:
    return table.subject.startswith("differences")


def _counts(part: pd.DataFrame, *, stale: int) -> dict[str, int]:
    cells = part.drop_duplicates("key")
    states = cells["status"].value_counts()
    tasks = cells.loc[cells["kind"] == "evaluate", "task"]
    counts = (cells["objective"].nunique(), cells["seed"].nunique(), tasks.nunique(), len(cells))
    done, failed, skipped = (int(states.get(state, 0)) for state in ("done", "failed", "skipped"))
    return dict(zip(_COUNTS, (*counts, done, failed, skipped, stale), strict=True))


def _told(cells: Collection[Cell], *, shown: Collection[str]) -> list[Cell]:
    """The cells that the page shows, and all that they start from."""
    by_key, wanted = {cell.key: cell for cell in cells}, list(shown)
    kept: set[str] = set()
    while wanted:
        cell = by_key.get(wanted.pop())
        if cell is not None and cell.key not in kept:
            kept.add(cell.key)
            wanted += [cell.upstream] if cell.upstream else []
    return [cell for cell in cells if cell.key in kept]


def _facts(cells: Collection[Cell], frame: pd.DataFrame) -> Iterable[tuple[str, str]]:
    """When, where and from which code the results are."""
    times = [cell.environment.created for cell in cells]
    yield "Written", " to ".join(dict.fromkeys(moment(time) for time in (min(times), max(times))))
    for name, values in (("Commit", frame["commit"]), ("Device", frame["device"])):
        found = sorted(set(values))
        yield f"{name}s" if len(found) > 1 else name, ", ".join(found)
