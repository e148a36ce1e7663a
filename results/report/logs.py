"""The end of a cell's log, and other texts of a machine, fit to be shown to anybody."""

from __future__ import annotations

import re
from pathlib import Path

LINES = 40
"""Most lines of a log that are shown."""
LETTERS = 4000
"""Most letters of them."""
_BYTES = 64 * 1024  # of the end of the file; a progress bar can make a line long
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PATH = re.compile(r"(?<![\w.:/~-])(?:file://)?(?:~|[A-Za-z]:)?((?:[/\\][^\s/\\:'\"<>|()]+){2,})")


def log_tail(folder: Path) -> str:
    """Read the end of a cell's log.txt.

    Args:
        folder: of the cell.

    Returns:
        At most `LINES` lines and `LETTERS` letters, paths shortened (`without_folders`); "" where there is no log.
    """
    path = folder / "log.txt"
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _BYTES))
        text = file.read().decode("utf-8", "replace")
    lines = [_plain(line) for line in text.split("\n")]
    kept = "\n".join(lines).rstrip().split("\n")[-LINES:]
    return without_folders("\n".join(kept))[-LETTERS:].lstrip("\n")


def without_folders(text: str) -> str:
    """Shorten absolute paths to their end, so that a page does not tell whose machine it was made on.

    "/home/jane/clbench/benchmark/worker.py" becomes "…/benchmark/worker.py", "/home/jane/file" becomes "…/file";
    addresses and relative paths stay.
    """
    return _PATH.sub(lambda found: _end(found[1]), text)


def _end(path: str) -> str:
    parts = re.split(r"(?=[/\\])", path)[1:]
    return "".join(["…", *parts[max(len(parts) - 2, min(3, len(parts) - 1)) :]])


def _plain(line: str) -> str:
    """What a terminal would show of a line in the end: no colours, and of a progress bar its last state."""
    return _CONTROL.sub("", _COLOURS.sub("", line.rstrip("\r")).rpartition("\r")[2])
