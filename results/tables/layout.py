"""What a table is, whatever it is written as: entries with their footnotes, and the tables that belong to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One field of a table.

    Attributes:
        text: what it says; "" where there is nothing to say.
        notes: numbers of its footnotes, from 1.
        value: the number behind the text in the unit that is shown, to sort by; None for words and where there is none.
        bold: the highest of its column, and separated from the others.
        tie: the highest of its column but not separated from the others, or a row that is not separated from it.
        stale: code or config has changed since.
    """

    text: str
    notes: tuple[int, ...] = ()
    value: float | None = None
    bold: bool = False
    tie: bool = False
    stale: bool = False

    @property
    def marks(self) -> str:
        """What stands behind the text: "(tie) [1]"."""
        return " ".join([*(["(tie)"] if self.tie else []), *(f"[{number}]" for number in self.notes)])

    @property
    def marked(self) -> str:
        """The text with what stands behind it: "41.2 ± 0.3 (n=2) (tie) [1]"."""
        return f"{self.text} {self.marks}".strip()


@dataclass(frozen=True)
class Table:
    """A table on one config.

    Attributes:
        config: name of the config.
        subject: what it is about, for headings: "scores", "costs", "differences to infonce", ...
        caption: what the numbers are.
        header: labels of the columns, the first one of the rows' names.
        objectives: name of the row's objective, for each row; "" where a row is not about one.
        rows: entries, as many per row as there are columns.
        notes: footnotes; note i is marked [i + 1].
        further: tables that belong to this one.
    """

    config: str
    subject: str
    caption: str
    header: list[str]
    objectives: list[str]
    rows: list[list[Entry]]
    notes: list[str]
    further: list[Table]

    def is_text(self, index: int) -> bool:
        """Whether a column holds words, which stand at the left, rather than numbers."""
        return index == 0 or any(row[index].text and row[index].value is None for row in self.rows)


class Footnotes:
    """Footnotes of a table in the order in which they are first needed; the same text is one footnote."""

    def __init__(self) -> None:
        """Begin without any."""
        self.texts: list[str] = []

    def mark(self, text: str) -> tuple[int, ...]:
        """Number a footnote; "" is none."""
        if not text:
            return ()
        if text not in self.texts:
            self.texts.append(text)
        return (self.texts.index(text) + 1,)
