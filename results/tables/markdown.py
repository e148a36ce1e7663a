"""Tables as GitHub-flavoured Markdown."""

from __future__ import annotations

import re

from results.tables.layout import Entry, Table

_ESCAPES = {"\\": r"\\", "|": r"\|", "*": r"\*", "`": r"\`", "~": r"\~", "&": "&amp;", "<": "&lt;"}
_OUTER_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # within a word it is no markup
_LINK = re.compile(r"\](?=[(:\[])")
_BLOCK = re.compile(r"^(\d*)([#>+=.)-])")  # would make a heading, a quotation or a list of a line


def to_markdown(table: Table) -> str:
    """Write a table as Markdown: caption, table, footnotes; then the tables that belong to it.

    The highest mean that is separated is bold, what is stale is in italics.
    """
    lines = [
        _row([escaped(label) for label in table.header]),
        _row(["---" if table.is_text(index) else "---:" for index in range(len(table.header))]),
        *(_row([_entry(entry) for entry in row]) for row in table.rows),
    ]
    notes = [f"- [{number}] {escaped(note)}" for number, note in enumerate(table.notes, start=1)]
    caption = _BLOCK.sub(r"\1\\\2", escaped(table.caption))
    own = "\n".join([caption, "", *lines, *([""] if notes else []), *notes, ""])
    return "\n".join([own, *map(to_markdown, table.further)])


def _entry(entry: Entry) -> str:
    mark = "**" if entry.bold else "*" if entry.stale else ""
    text = f"{mark}{escaped(entry.text)}{mark}" if entry.text else ""
    return f"{text} {entry.marks}".strip()


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    """Write text, on one line, so that Markdown shows it as it is."""
    marked = "".join(_ESCAPES.get(character, character) for character in " ".join(text.split()))
    return _LINK.sub(r"\\]", _OUTER_UNDERSCORE.sub(r"\\_", marked))
