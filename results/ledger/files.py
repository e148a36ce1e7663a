"""One file of the ledger, read strictly: a table of published numbers, or why there are none.

docs/published.md has the form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from results.ledger.protocol import ARGUMENTS, DATA, SECTIONS, SELECTIONS, Protocol, Value
from results.ledger.yaml_fields import YamlFields, read_fields

CONFIDENCES = ("authors", "second-hand")
MISSING = "-"
"""Stands in a row where the table has no number."""

_OF_ABSENCE = ("paper", "arxiv", "objective", "why")
_OF_TABLE = (
    *("paper", "arxiv", "table", "config", "unit", "source", "url", "confidence", "selection"),
    *("protocol", "standing", "notes", "columns", "rows"),
)
_OF_COLUMN = ("dataset", "metric", "selection", "protocol", "notes")
_OF_ROW = ("row", "values", "objective", "method", "source", "url", "confidence", "protocol", "standing", "notes")
_KNOWN: Mapping[str, Mapping[str, str]] = {"data": DATA, **SECTIONS}
_NUMBER = re.compile(r"\d+(\.\d+)?")
_POWER = re.compile(r"\d+e-?\d+")  # which YAML takes for text

Sections = dict[str, dict[str, object] | None]
"""A protocol as it is written: section -> fields, or None where nothing of the section is stated."""


@dataclass(frozen=True)
class Column:
    """A column of a published table; attributes as in `results.ledger.numbers.Published`."""

    label: str
    dataset: str
    metric: str
    selection: str | None
    notes: tuple[str, ...]
    sections: Sections


@dataclass(frozen=True)
class Row:
    """A row of a published table; attributes as in `results.ledger.numbers.Published`."""

    label: str
    objective: str | None
    method: str | None
    config: str | None
    source: str
    url: str | None
    confidence: str
    standing: tuple[str, ...]
    notes: tuple[str, ...]
    sections: Sections
    printed: tuple[str, ...]


@dataclass(frozen=True)
class Number:
    """One number as it is printed, and its protocol: that of the table with what column and row have otherwise."""

    row: Row
    column: Column
    printed: str
    protocol: Protocol


@dataclass(frozen=True)
class Table:
    """A file of the ledger; `objective` and `why` stand where it has no numbers, else both are None."""

    path: Path
    paper: str
    arxiv: str
    name: str
    unit: str
    numbers: tuple[Number, ...]
    objective: str | None
    why: str | None


def read_table(path: Path, *, units: Sequence[str]) -> Table:
    """Read one file.

    Args:
        path: the file.
        units: allowed units of its numbers.

    Raises:
        ValueError: malformed in any way; one line that names the file and the field.
    """
    table = read_fields(path)
    if "why" in table:
        table.only(_OF_ABSENCE)
        own = {name: table.text(name) for name in _OF_ABSENCE}
        return Table(path, own["paper"], own["arxiv"], "", "", (), own["objective"], own["why"])
    table.only(_OF_TABLE)
    numbers, unit = tuple(_numbers(table)), table.choice("unit", units)
    return Table(path, table.text("paper"), table.text("arxiv"), table.text("table"), unit, numbers, None, None)


def _numbers(table: YamlFields) -> Iterator[Number]:
    columns = [
        _column(table.part("columns").part(str(label)), table, label=label) for label in table.mapping("columns")
    ]
    seen: set[str] = set()
    for fields in table.parts("rows"):
        row = _row(fields.only(_OF_ROW), table, columns=len(columns))
        if row.label in seen:
            fields.fail("row", "another label than in the rows before")
        seen.add(row.label)
        for column, printed in zip(columns, row.printed, strict=True):
            if printed != MISSING:
                sections = _merged(_merged(_sections(table), column.sections), row.sections)
                yield Number(row, column, printed, _flat(sections, fields))


def _column(fields: YamlFields, table: YamlFields, *, label: str) -> Column:
    fields.only(_OF_COLUMN)
    selecting = fields if "selection" in fields else table
    return Column(
        label=label,
        dataset=fields.text("dataset"),
        metric=fields.text("metric"),
        selection=None if selecting.is_null("selection") else selecting.choice("selection", SELECTIONS),
        notes=fields.texts("notes"),
        sections=_sections(fields),
    )


def _row(fields: YamlFields, table: YamlFields, *, columns: int) -> Row:
    objective = fields.optional_text("objective") if "objective" in fields else None
    method = fields.optional_text("method") if "method" in fields else None
    if (objective is None) != (method is None):
        fields.fail("method", "given where objective is given, and only there")
    printed = tuple(fields.text("values").split())
    if len(printed) != columns or not all(each == MISSING or _NUMBER.fullmatch(each) for each in printed):
        fields.fail("values", f"{columns} numbers as printed or {MISSING}, separated by spaces")
    own = {name: fields if name in fields else table for name in ("source", "url", "confidence")}
    return Row(
        label=fields.text("row"),
        objective=objective,
        method=method,
        config=None if objective is None else table.text("config"),
        source=own["source"].text("source"),
        url=own["url"].optional_text("url"),
        confidence=own["confidence"].choice("confidence", CONFIDENCES),
        standing=(*table.texts("standing"), *fields.texts("standing")),
        notes=(*table.texts("notes"), *fields.texts("notes")),
        sections=_sections(fields),
        printed=printed,
    )


def _sections(fields: YamlFields) -> Sections:
    """Read the protocol of a table, or what is otherwise in that of a column or a row."""
    if "protocol" not in fields:
        return {}
    protocol = fields.part("protocol").only((*_KNOWN, ARGUMENTS))
    found: Sections = {}
    for section in fields.mapping("protocol"):
        if section in _KNOWN and not protocol.is_null(section):
            protocol.part(section).only(tuple(_KNOWN[section]))
        found[section] = None if protocol.is_null(section) else dict(protocol.mapping(section))
    return found


def _merged(sections: Sections, other: Sections) -> Sections:
    """What a protocol becomes where some of its fields are otherwise; a section that is null is gone."""
    changed = {
        section: None if fields is None else {**(sections.get(section) or {}), **fields}
        for section, fields in other.items()
    }
    return {**sections, **changed}


def _flat(sections: Sections, row: YamlFields) -> Protocol:
    """A protocol with dotted names; of a section of which anything is stated, every field has to be written down."""
    flat: dict[str, Value | None] = {}
    for section, fields in sections.items():
        if fields is not None:
            for name in _KNOWN.get(section, ()):
                if name not in fields:
                    row.refuse(f"protocol.{section}.{name}", "a value, or null for what is not stated", got="nothing")
            flat |= dict(_leaves(fields, f"{section}.", row))
    return flat


def _leaves(fields: Mapping[str, object], prefix: str, row: YamlFields) -> Iterator[tuple[str, Value | None]]:
    for name, value in fields.items():
        if isinstance(value, dict) and prefix.startswith(f"{ARGUMENTS}."):
            yield from _leaves(value, f"{prefix}{name}.", row)
        elif isinstance(value, list) and all(isinstance(each, int | float) for each in value):
            yield f"{prefix}{name}", tuple(value)
        elif isinstance(value, bool | int | float | None) or (isinstance(value, str) and not _POWER.fullmatch(value)):
            yield f"{prefix}{name}", value
        else:
            row.refuse(
                f"protocol.{prefix}{name}", "a number (1.0e-3, not 1e-3), text, numbers or null", got=repr(value)
            )
