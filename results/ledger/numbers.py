"""The ledger of published numbers: what papers print, by which protocol, and where it stands.

It lies in `results/published/*.yaml`, one file per paper and table, read by `results.ledger.files`. Nothing in it is
ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from results.ledger.files import Table, read_table
from results.ledger.protocol import Protocol

PUBLISHED = Path(__file__).parents[1] / "published"
"""The ledger that comes with the project."""
UNITS = {"percent": 2}
"""Unit in which a table prints its numbers -> decimal places from there to a fraction."""


@dataclass(frozen=True)
class Published:
    """One published number.

    Attributes:
        paper: short name, "InfoCL".
        arxiv: its number there.
        table: which of the paper's tables.
        row: label of the row in the table.
        column: label of the column in the table.
        printed: the number as it stands there, "85.80".
        unit: a key of `UNITS`.
        objective: our row of the same method; None where no config has it.
        method: objective that this row of ours is made of, as the registry names it; None likewise.
        config: the bench config that has this row and the paper's protocol for it; None likewise.
        dataset: the data set, in our spelling where a task of ours has it.
        metric: likewise.
        selection: "last", "selected" or "oracle" (best on the test data); None = not stated.
        protocol: `results.ledger.protocol.Protocol`, with `data.name` and `data.images`; what is not stated is None or
            absent.
        standing: differences that no setting shows, in words: what our code does otherwise than theirs.
        source: where the number stands.
        url: address of the source, None where none is known.
        confidence: "authors" or "second-hand".
        notes: what else has to be known of it.
        file: name of the file in the ledger.
    """

    paper: str
    arxiv: str
    table: str
    row: str
    column: str
    printed: str
    unit: str
    objective: str | None
    method: str | None
    config: str | None
    dataset: str
    metric: str
    selection: str | None
    protocol: Protocol
    standing: tuple[str, ...]
    source: str
    url: str | None
    confidence: str
    notes: tuple[str, ...]
    file: str

    @property
    def exact(self) -> Decimal:
        """The number as an exact fraction in [0, 1]."""
        return Decimal(self.printed).scaleb(-UNITS[self.unit])

    @property
    def value(self) -> float:
        """The number as a fraction in [0, 1]."""
        return float(self.exact)

    @property
    def digits(self) -> int:
        """Decimal places as printed."""
        return len(self.printed.partition(".")[2])

    @property
    def rounding(self) -> float:
        """Half a unit of the last printed digit, as a fraction: how far the number may be from what was measured."""
        return float(Decimal(5).scaleb(-self.digits - UNITS[self.unit] - 1))


@dataclass(frozen=True)
class Absence:
    """An objective of which nothing is published that belongs to ours.

    Attributes:
        paper: short name.
        arxiv: its number there.
        objective: the objective, as the registry names it.
        why: why there is no number.
        file: name of the file in the ledger.
    """

    paper: str
    arxiv: str
    objective: str
    why: str
    file: str


@dataclass(frozen=True)
class Ledger:
    """All that is known of published numbers.

    Attributes:
        numbers: the numbers, in the order of the files, rows and columns.
        absences: objectives that have none, and why.
    """

    numbers: tuple[Published, ...]
    absences: tuple[Absence, ...]


def read_ledger(folder: Path = PUBLISHED) -> Ledger:
    """Read every `*.yaml` of a folder.

    Raises:
        ValueError: the folder has none, a file is malformed, or a number or an absence stands there twice; one line
            that names file and field.
    """
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise ValueError(f"{folder}: a folder with *.yaml is expected, got none")
    tables = [read_table(path, units=tuple(UNITS)) for path in paths]
    numbers = [number for table in tables for number in _numbers(table)]
    absences = [
        Absence(table.paper, table.arxiv, table.objective, table.why, table.path.name)
        for table in tables
        if table.objective is not None and table.why is not None
    ]
    _refuse_twice(((number.paper, number.table, number.row, number.column), number.file) for number in numbers)
    _refuse_twice(((absence.objective,), absence.file) for absence in absences)
    return Ledger(tuple(numbers), tuple(absences))


def _numbers(table: Table) -> Iterable[Published]:
    for number in table.numbers:
        row, column = number.row, number.column
        yield Published(
            paper=table.paper,
            arxiv=table.arxiv,
            table=table.name,
            row=row.label,
            column=column.label,
            printed=number.printed,
            unit=table.unit,
            objective=row.objective,
            method=row.method,
            config=row.config,
            dataset=column.dataset,
            metric=column.metric,
            selection=column.selection,
            protocol=number.protocol,
            standing=row.standing,
            source=row.source,
            url=row.url,
            confidence=row.confidence,
            notes=(*column.notes, *row.notes),
            file=table.path.name,
        )


def _refuse_twice(places: Iterable[tuple[tuple[str, ...], str]]) -> None:
    first: dict[tuple[str, ...], str] = {}
    for place, file in places:
        if place in first:
            raise ValueError(f"{file}: {', '.join(place)} must stand in the ledger once, got it in {first[place]} too")
        first[place] = file
