r"""Tables as LaTeX, for `\usepackage{booktabs,xcolor}`."""

from __future__ import annotations

import re

from results.tables.layout import Entry, Table

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",  # babel makes it active for some languages
    "[": "{[}",  # behind the end of a row it would be a length
    "*": "{*}",  # likewise, a star
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "²": r"$^2$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{MINUS SIGN}": "$-$",
    "\N{EN DASH}": "--",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
_HEADER = 12  # characters that fit in one line of a header
_LIGATURE = re.compile(r"([-'`,])(?=\1)|([?!])(?=`)")


def to_latex(table: Table) -> str:
    r"""Write a table as a LaTeX float, then those that belong to it.

    It needs `\usepackage{booktabs,xcolor}` and a font encoding of the author's choice. The highest mean that is
    separated is bold, what is stale is grey. Letters beyond Latin-1, which plain LaTeX does not know, are written as
    their code: [U+4E2D].
    """
    aligned = "".join("l" if table.is_text(index) else "r" for index in range(len(table.header)))
    lines = [
        r"\begin{table}",
        r"\centering\setlength{\belowcaptionskip}{4pt}",
        rf"\caption{{{_escape(table.caption)}}}",
        r"\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\begin{{tabular}}{{{aligned}}}",
        r"\toprule",
        _row([_label(label, "l" if table.is_text(index) else "r") for index, label in enumerate(table.header)]),
        r"\midrule",
        *(_row([_entry(entry) for entry in row]) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\raggedright {{[}}{number}] {_escape(note)}" for number, note in enumerate(table.notes, start=1)),
        r"\end{table}",
        "",
    ]
    return "\n".join(["\n".join(lines), *map(to_latex, table.further)])


def _label(label: str, side: str) -> str:
    """Write a long header in two lines, so that the column is no wider than its numbers."""
    first, _, last = label.rpartition(" ")
    if not first or len(label) <= _HEADER:
        return _escape(label)
    return rf"\shortstack[{side}]{{{_escape(first)}\\{_escape(last)}}}"


def _entry(entry: Entry) -> str:
    text = _escape(entry.text) if entry.value is None else _escape(entry.text).replace("-", "$-$")
    if entry.text and entry.stale:
        text = rf"\textcolor{{gray}}{{{text}}}"
    if entry.text and entry.bold:
        text = rf"\textbf{{{text}}}"
    return f"{text} {_escape(entry.marks)}".strip()


def _row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _escape(text: str) -> str:
    return _LIGATURE.sub(r"\1\2{}", "".join(map(_character, " ".join(text.split()))))


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    known = character.isprintable() and (character.isascii() or "\xa1" <= character <= "\xff")
    return character if known else f"{{[}}U+{ord(character):04X}]"
