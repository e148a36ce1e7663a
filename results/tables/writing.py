"""Tables objective x task: Markdown, CSV and terminal, one per config."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table as RichTable
from rich.text import Text

from results.comparison import comparison
from results.order import CEILING, FLOOR
from results.tables.layout import Table, lay_out

_HEADER = 12  # characters of a line of a terminal's header; longer words stay whole


def tables(frame: pd.DataFrame, *, derived: Collection[str]) -> list[Table]:
    """Lay out one table per config.

    Args:
        frame: of `results.loading.load`.
        derived: objectives to mark as derived.

    Raises:
        ValueError: there is no cell to compare.
    """
    return [lay_out(part, derived=derived) for _, part in comparison(frame).groupby("config")]


def to_markdown(table: Table) -> str:
    """Write a table as Markdown: caption, table, footnotes; then the tables that belong to it."""
    lines = [
        _markdown_row([_escape(label) for label in table.header]),
        _markdown_row(["---"] + ["---:"] * (len(table.header) - 1)),
    ]
    lines += [_markdown_row([_escape(cell) for cell in row]) for row in table.rows]
    notes = [f"- [{number}] {_escape(note)}" for number, note in enumerate(table.notes, start=1)]
    own = "\n".join([_escape(table.caption), "", *lines, *([""] if notes else []), *notes, ""])
    return "\n".join([own, *map(to_markdown, table.further)])


def to_csv(frame: pd.DataFrame, *, derived: Collection[str]) -> str:
    """Write `comparison` as CSV: one line per config, objective and column, fractions as they are stored.

    Nothing is rounded here; mmdet rounds AP to three decimals and mmseg mIoU to two of percent before they are stored.

    Columns are those of `comparison`, and reference ("floor", "ceiling" or empty) and derived (True, False). The wide
    table is `pivot(index="objective", columns="column", values="mean")` of one config.

    Raises:
        ValueError: there is no cell to compare.
    """
    return _csv(comparison(frame), derived=derived)


def to_terminal(table: Table, *, width: int) -> Group:
    """Lay out a table for `rich.console.Console.print`.

    Args:
        table: the table.
        width: columns of the terminal; a wider table goes on below in a second block, so that no number is cut.
    """
    header = [textwrap.fill(label, _HEADER, break_long_words=False, break_on_hyphens=False) for label in table.header]
    lines = [[line for cell in column for line in cell.split("\n")] for column in zip(header, *table.rows, strict=True)]
    widths = [max(map(len, column)) + 3 for column in lines]
    blocks: list[list[int]] = [[]]
    for index in range(1, len(widths)):
        if blocks[-1] and widths[0] + sum(widths[i] for i in blocks[-1]) + widths[index] > width:
            blocks.append([])
        blocks[-1].append(index)
    notes = [Text(f"[{number}] {note}") for number, note in enumerate(table.notes, start=1)]
    grids = [_grid(header, table.rows, block) for block in blocks]
    further = [to_terminal(replace(other, caption=""), width=width) for other in table.further]
    captions = [Text(f"\n{other.caption}", style="dim") for other in table.further]
    beside = [part for pair in zip(captions, further, strict=True) for part in pair]
    caption = [Text(table.caption, style="dim")] if table.caption else []
    return Group(*grids, *caption, *notes, *beside)


def write_tables(frame: pd.DataFrame, *, out: Path, derived: Collection[str]) -> list[Path]:
    """Write `<config>-table.md` (to read) and `<config>-table.csv` (to compute with) for every config.

    Args:
        frame: of `results.loading.load`.
        out: folder; made if it is not there.
        derived: objectives to mark as derived.

    Returns:
        The files written.

    Raises:
        ValueError: there is no cell to compare; nothing is written then.
    """
    parts = [(str(config), part) for config, part in comparison(frame).groupby("config")]
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for config, part in parts:
        path = out / f"{file_stem(config)}-table.md"
        path.write_text(to_markdown(lay_out(part, derived=derived)), encoding="utf-8")
        path.with_suffix(".csv").write_text(_csv(part, derived=derived), encoding="utf-8")
        written += [path, path.with_suffix(".csv")]
    return written


def file_stem(config: str) -> str:
    """Turn a config's name into one that any file system takes."""
    return re.sub(r"[^\w.-]+", "-", config)


def _grid(header: list[str], rows: list[list[str]], block: list[int]) -> RichTable:
    grid = RichTable(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for index in (0, *block):
        grid.add_column(Text(header[index]), justify="right" if index else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*(Text(row[index]) for index in (0, *block)))
    return grid


def _csv(summary: pd.DataFrame, *, derived: Collection[str]) -> str:
    reference = summary["objective"].map({FLOOR: "floor", CEILING: "ceiling"})
    marked = summary.assign(reference=reference, derived=summary["objective"].isin(list(derived)))
    return marked.to_csv(index=False, lineterminator="\n")


def _markdown_row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")
