"""Tables in a terminal, by rich."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Group
from rich.table import Table as RichTable
from rich.text import Text

from results.tables.layout import Entry, Table

_HEADER = 12  # characters of a line of a header; longer words stay whole


def to_terminal(table: Table, *, width: int) -> Group:
    """Lay out a table for `rich.console.Console.print`; the highest mean that is separated is bold, what is stale dim.

    Args:
        table: the table.
        width: columns of the terminal; a wider table goes on below in a second block, so that no number is cut.
    """
    header = [textwrap.fill(label, _HEADER, break_long_words=False, break_on_hyphens=False) for label in table.header]
    notes = [Text(f"[{number}] {note}") for number, note in enumerate(table.notes, start=1)]
    columns = [_aligned(table, label, index) for index, label in enumerate(header)]
    rows = [list(row) for row in zip(*columns, strict=True)]
    grids = [_grid(table, header, rows, block) for block in _blocks(header, rows, width=width)]
    further = [to_terminal(replace(other, caption=""), width=width) for other in table.further]
    captions = [Text(f"\n{other.caption}", style="dim") for other in table.further]
    beside = [part for pair in zip(captions, further, strict=True) for part in pair]
    caption = [Text(table.caption, style="dim")] if table.caption else []
    return Group(*grids, *caption, *notes, *beside)


def _blocks(header: list[str], rows: list[list[Text]], *, width: int) -> list[list[int]]:
    """Split the columns behind the first into blocks that fit beside it."""
    columns = zip(header, *([text.plain for text in row] for row in rows), strict=True)
    widths = [max(cell_len(line) for text in column for line in text.split("\n")) + 3 for column in columns]
    blocks: list[list[int]] = [[]]
    for index in range(1, len(widths)):
        if blocks[-1] and widths[0] + sum(widths[i] for i in blocks[-1]) + widths[index] > width:
            blocks.append([])
        blocks[-1].append(index)
    return blocks


def _grid(table: Table, header: list[str], rows: list[list[Text]], block: list[int]) -> RichTable:
    grid = RichTable(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for index in (0, *block):
        justify: Literal["left", "right"] = "left" if table.is_text(index) else "right"
        grid.add_column(Text(header[index], justify=justify), justify=justify, no_wrap=True)
    for row in rows:
        grid.add_row(*(row[index] for index in (0, *block)))
    return grid


def _aligned(table: Table, header: str, index: int) -> list[Text]:
    """Write a column: numbers end at the same place, and what is marked behind them begins there.

    A row that has the same name as the one above has it left out.
    """
    entries = [row[index] for row in table.rows]
    if table.is_text(index):
        above = ["", *(entry.marked for entry in entries)]
        return [
            _text("" if index == 0 and entry.marked == last else entry.marked, entry)
            for entry, last in zip(entries, above, strict=False)
        ]
    marks = max(cell_len(entry.marks) for entry in entries)
    behind = [f" {entry.marks:<{marks}}" if marks else "" for entry in entries]
    widest = max(
        *(cell_len(entry.text + end) for entry, end in zip(entries, behind, strict=True)),
        *map(cell_len, header.split("\n")),
    )
    return [
        _text(" " * (widest - cell_len(entry.text + end)) + entry.text + end, entry)
        for entry, end in zip(entries, behind, strict=True)
    ]


def _text(line: str, entry: Entry) -> Text:
    # What stands behind a number is padded, and rich strips the end of what it moves to the right itself.
    return Text(line, justify="left", style="bold" if entry.bold else "dim" if entry.stale else "")
