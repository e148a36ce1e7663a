"""Text broken into lines of a width, measured in the font that figures are set in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

FONT = "DejaVu Sans"
"""Comes with matplotlib: the same widths on every machine."""
_NARROW, _WIDE = 1.2, 1.8  # inches of a line of a row's label
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML cannot hold
_BREAKS = re.compile(r"(?<=[_=/])|(?<=-)(?=[a-z])")


def printable(text: str) -> str:
    """Replace control characters and lone surrogates, which no figure can show, by the replacement character."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


@cache
def text_width(text: str, *, size: float, bold: bool = False) -> float:
    """Measure one line.

    Args:
        text: without line breaks.
        size: in points.
        bold: set in bold.

    Returns:
        Inches.
    """
    font = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(printable(text), font, ismath=False)[0]) / 72


def wrapped(text: str, *, inches: float, size: float, bold: bool = False) -> str:
    """Break text into lines: between words, within a longer word after `_`, `=`, `/` or a hyphen, else anywhere.

    Two words with a no-break space between them are one.

    Args:
        text: any; made `printable`.
        inches: width of a line.
        size: of the font in points.
        bold: set in bold.
    """

    def fits(line: str) -> bool:
        return text_width(line.rstrip(), size=size, bold=bold) <= inches

    lines = printable(text).split("\n")
    for pieces in (_words, _BREAKS.split, list):
        lines = [part for line in lines for part in ([line] if fits(line) else _filled(pieces(line), fits))]
    return "\n".join(line.rstrip() for line in lines)


def row_labels(names: Sequence[str], *, size: float) -> tuple[list[str], float, int]:
    """Break the labels of a figure's rows into as few lines as a width between `_NARROW` and `_WIDE` allows.

    Args:
        names: one per row.
        size: of the font in points.

    Returns:
        The labels, the inches of the longest line, and the lines of the highest label.
    """
    labels: list[str] = []
    for inches in (_NARROW, (_NARROW + _WIDE) / 2, _WIDE):
        labels = [wrapped(name, inches=inches, size=size) for name in names]
        if max(label.count("\n") for label in labels) < 2:
            break
    widest = max(text_width(line, size=size) for label in labels for line in label.split("\n"))
    return labels, widest, max(label.count("\n") + 1 for label in labels)


def _words(line: str) -> list[str]:
    return re.findall(r"[^ ]+ *", line)


def _filled(pieces: Iterable[str], fits: Callable[[str], bool]) -> list[str]:
    """Join pieces into lines as long as they fit."""
    lines = [""]
    for piece in pieces:
        if lines[-1] and not fits(lines[-1] + piece):
            lines.append("")
        lines[-1] += piece
    return lines
