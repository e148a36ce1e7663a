"""Tables of a runs folder as text and as files."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from results.sweeps import Sweep
from results.tables.assembly import gathered, lay_out, tables
from results.tables.csv_text import as_csv, lines, to_csv
from results.tables.latex import to_latex
from results.tables.layout import Table
from results.tables.markdown import to_markdown
from results.whole_files import write_whole

FORMATS: Mapping[str, Callable[[Table], str]] = {"markdown": to_markdown, "latex": to_latex}
"""How a `Table` is written; CSV is written from what lies behind it."""


def tables_text(
    frame: pd.DataFrame,
    *,
    form: str,
    derived: Collection[str],
    view: str | None = None,
    further: Mapping[str, Sequence[Table]] | None = None,
    sweeps: Collection[Sweep] = (),
) -> str:
    """Write the tables of every config in one format, to print.

    Args:
        frame: of `results.store.loading.load`.
        form: "markdown", "csv" or "latex".
        derived: objectives to mark as derived.
        view: one of `results.tables.views.VIEWS`, or None for all rows.
        further: config -> tables behind those of its own; a CSV has none.
        sweeps: as for `results.tables.assembly.tables`.

    Raises:
        ValueError: there is no cell to compare, no such view or no such format.
    """
    if form == "csv":
        return to_csv(frame, derived=derived, view=view, sweeps=sweeps)
    if form not in FORMATS:
        raise ValueError(f"format: csv, {' or '.join(FORMATS)} is expected, got {form!r}")
    found = tables(frame, derived=derived, view=view, further=further, sweeps=sweeps)
    return "\n".join(map(FORMATS[form], found))


def write_tables(
    frame: pd.DataFrame,
    *,
    out: Path,
    derived: Collection[str],
    view: str | None = None,
    further: Mapping[str, Sequence[Table]] | None = None,
    sweeps: Collection[Sweep] = (),
) -> list[Path]:
    """Write `<config>-table.md` (to read), `.csv` (to compute with) and `.tex` (for a paper) for every config.

    A view has files of its own: `<config>-equal-compute-table.md`. Each file is complete whenever it is there.

    Args:
        frame: of `results.store.loading.load`.
        out: folder; made if it is not there.
        derived: objectives to mark as derived.
        view: one of `results.tables.views.VIEWS`, or None for all rows.
        further: config -> tables behind those of its own; a CSV has none.
        sweeps: as for `results.tables.assembly.tables`.

    Returns:
        The files written.

    Raises:
        ValueError: there is no cell to compare, or no such view; nothing is written then.
    """
    parts = gathered(frame, derived=derived, view=view, sweeps=sweeps)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for found in parts:
        own = lay_out(found)
        table = replace(own, further=[*own.further, *(further or {}).get(found.config, ())])
        path = out / "-".join([file_stem(found.config), *([view] if view else []), "table.md"])
        texts = {".md": to_markdown(table), ".csv": as_csv(lines(found)), ".tex": to_latex(table)}
        for suffix, text in texts.items():
            written.append(write_whole(path.with_suffix(suffix), text.encode("utf-8", "backslashreplace")))
    return written


def file_stem(config: str) -> str:
    """Turn a config's name into one that any file system takes."""
    return re.sub(r"[^\w.-]+", "-", config)
