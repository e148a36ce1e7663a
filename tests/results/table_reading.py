"""What a reader sees of a table."""

from __future__ import annotations

from results.tables.layout import Table


def texts(table: Table) -> list[list[str]]:
    """Entries as text, marks included."""
    return [[entry.marked for entry in row] for row in table.rows]


def subjects(table: Table) -> list[str]:
    return [other.subject for other in table.further]


def beside(table: Table, subject: str) -> Table:
    """The one table that belongs to this one and is about that."""
    (found,) = (other for other in table.further if other.subject == subject)
    return found
