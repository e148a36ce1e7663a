"""Tables objective x task: Markdown, CSV and terminal, one per config."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table as RichTable
from rich.text import Text

from results.comparison import comparison
from results.order import CEILING, FLOOR, REFERENCE, objective_label

_SELECTIONS = {"selected": "chosen on validation data", "last": "as at the end of training"}


@dataclass(frozen=True)
class Table:
    """What is shown of one config.

    Attributes:
        config: name of the config.
        caption: what the numbers are.
        header: labels of the columns, the objective first.
        rows: labels and numbers; "" or a footnote mark where there is no number.
        notes: footnotes; note i is marked [i + 1].
    """

    config: str
    caption: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str]


def tables(frame: pd.DataFrame, *, derived: Collection[str]) -> list[Table]:
    """Lay out one table per config.

    Args:
        frame: of `results.load.load`.
        derived: objectives to mark as derived.

    Raises:
        ValueError: there is no cell to compare.
    """
    return [_table(part, derived=derived) for _, part in comparison(frame).groupby("config")]


def to_markdown(table: Table) -> str:
    """Write a table as Markdown: caption, table, footnotes."""
    lines = [
        _markdown_row([_escape(label) for label in table.header]),
        _markdown_row(["---"] + ["---:"] * (len(table.header) - 1)),
    ]
    lines += [_markdown_row([_escape(cell) for cell in row]) for row in table.rows]
    notes = [f"- [{number}] {_escape(note)}" for number, note in enumerate(table.notes, start=1)]
    return "\n".join([_escape(table.caption), "", *lines, *([""] if notes else []), *notes, ""])


def to_csv(frame: pd.DataFrame, *, derived: Collection[str]) -> str:
    """Write `comparison` as CSV: one line per config, objective and column, fractions at full precision.

    Added columns: reference ("floor", "ceiling" or empty) and derived (True, False). The wide table is
    `pivot(index="objective", columns="column", values="mean")` of one config.

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
    widths = [max(map(len, column)) + 3 for column in zip(table.header, *table.rows, strict=True)]
    blocks: list[list[int]] = [[]]
    for index in range(1, len(widths)):
        if blocks[-1] and widths[0] + sum(widths[i] for i in blocks[-1]) + widths[index] > width:
            blocks.append([])
        blocks[-1].append(index)
    notes = [Text(f"[{number}] {note}") for number, note in enumerate(table.notes, start=1)]
    return Group(*(_grid(table, block) for block in blocks), Text(table.caption, style="dim"), *notes)


def write_tables(frame: pd.DataFrame, *, out: Path, derived: Collection[str]) -> list[Path]:
    """Write `<config>-table.md` (to read) and `<config>-table.csv` (to compute with) for every config.

    Args:
        frame: of `results.load.load`.
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
        path.write_text(to_markdown(_table(part, derived=derived)), encoding="utf-8")
        path.with_suffix(".csv").write_text(_csv(part, derived=derived), encoding="utf-8")
        written += [path, path.with_suffix(".csv")]
    return written


def file_stem(config: str) -> str:
    """Turn a config's name into one that any file system takes."""
    return re.sub(r"[^\w.-]+", "-", config)


def _grid(table: Table, block: list[int]) -> RichTable:
    grid = RichTable(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for index in (0, *block):
        grid.add_column(Text(table.header[index]), justify="right" if index else "left", no_wrap=True)
    for row in table.rows:
        grid.add_row(*(Text(row[index]) for index in (0, *block)))
    return grid


def _csv(summary: pd.DataFrame, *, derived: Collection[str]) -> str:
    reference = summary["objective"].map({FLOOR: "floor", CEILING: "ceiling"})
    marked = summary.assign(reference=reference, derived=summary["objective"].isin(list(derived)))
    return marked.to_csv(index=False, lineterminator="\n")


def _table(summary: pd.DataFrame, *, derived: Collection[str]) -> Table:
    notes = list(dict.fromkeys(note for note in summary["note"] if note))
    header = list(dict.fromkeys(summary["column"]))
    cells = {(row["objective"], row["column"]): _number(row, notes=notes) for row in summary.to_dict("records")}
    rows = []
    for objective, differences in dict(zip(summary["objective"], summary["confounds"], strict=True)).items():
        label = objective_label(objective, derived=derived)
        if differences:
            notes.append(f"{objective} differs from {REFERENCE} in more than its objective: {differences}")
            label += f" [{len(notes)}]"
        rows.append([label, *(cells[objective, column] for column in header)])
    return Table(
        config=str(summary["config"].iloc[0]),
        caption=_caption(summary, derived=derived),
        header=["objective", *header],
        rows=rows,
        notes=notes,
    )


def _number(row: Mapping[Hashable, Any], *, notes: list[str]) -> str:
    """Write "41.2 ± 0.3 (n=2) [1]": percent, spread from two seeds on, n where it is not every seed or below two."""
    parts = []
    if row["n"] > 0:
        parts.append(f"{100 * row['mean']:.1f}")
    if row["n"] > 1:
        parts.append(f"± {100 * row['std']:.1f}")
    if 0 < row["n"] < max(2, row["seeds"]):
        parts.append(f"(n={row['n']})")
    if row["note"]:
        parts.append(f"[{notes.index(row['note']) + 1}]")
    return " ".join(parts)


def _caption(summary: pd.DataFrame, *, derived: Collection[str]) -> str:
    seeds = int(summary["seeds"].iloc[0])
    spread = f"mean ± sample standard deviation over {seeds} seeds" if seeds > 1 else "one seed, so no spread"
    sentences = [f"{summary['config'].iloc[0]}: scores in % (fractions times 100), {spread}."]
    for selection, meaning in _SELECTIONS.items():
        metrics = dict.fromkeys(summary.loc[summary["selection"] == selection, "metric"])
        if metrics:
            sentences.append(f"{', '.join(metrics)}: {meaning}.")
    present = set(summary["objective"])
    sentences += [
        f"{name} is the {role}." for name, role in ((FLOOR, "floor"), (CEILING, "ceiling")) if name in present
    ]
    if present & set(derived):
        sentences.append("(derived): built after a paper's idea, not the paper's own method.")
    return " ".join(sentences)


def _markdown_row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")
