"""`clbench gc`: remove what no table shows any more, after saying what it is."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark import cells
from benchmark.errors import UserError, blaming_the_user
from benchmark.states import State, states
from downstream.held_folders import partial_folders

_YOUNG_S = 3600.0  # seconds: no write of a file takes longer


@dataclass(frozen=True)
class Garbage:
    """Something that can go.

    Attributes:
        path: a folder of a cell or of a data set that was not written to its end, or a temporary file.
        what: what it is, one line.
        size: bytes.
    """

    path: Path
    what: str
    size: int


def run(runs: Path, *, yes: bool) -> int:
    """Show what can go, and remove it if the user says so.

    Args:
        runs: results.
        yes: do not ask.

    Returns:
        0.

    Raises:
        UserError: the folder is missing, or a cell is malformed.
    """
    with blaming_the_user():
        standing = states(runs, every=True)
    found = list(garbage(runs, standing))
    for each in found:
        print(f"{each.size / 1e6:9.1f} MB  {each.what}  {each.path}")
    unclear = sum(state.state == "unclear" for state in standing)
    if unclear:
        print(f"left alone: {unclear} cells that cannot be compared here (clbench status says why)")
    total = sum(each.size for each in found) / 1e6
    if not found:
        print("nothing to remove")
    elif yes or _confirmed(f"remove these {len(found)}, {total:.1f} MB? [y/N] "):
        removed = [each for each in found if _remove(each.path, runs)]
        print(f"removed {len(removed)}, {sum(each.size for each in removed) / 1e6:.1f} MB")
    else:
        print(f"nothing removed; {len(found)} could be, {total:.1f} MB (--yes removes them)")
    return 0


def garbage(runs: Path, found: Sequence[State]) -> Iterator[Garbage]:
    """Stale cells on which nothing current stands, what killed computations left of unplanned ones, temporary files.

    Args:
        runs: results.
        found: of `benchmark.states.states`, every one.
    """
    needed = _needed(found, runs)
    for state in found:
        if state.state == "stale" and state.key not in needed:
            yield _garbage(cells.folder(runs, state.key), f"{state.config}: {state.name}: {state.reason}")
    known = {state.key for state in found}
    for folder in sorted((runs / "cells").glob("*/")):
        if folder.name not in known and not (folder / "cell.json").exists() and not cells.is_held(folder):
            yield _garbage(folder, "left by a computation that never ended and is not asked for any more")
    for path in sorted(runs.glob("**/*.tmp")):
        if path.is_file() and not _is_being_written(path, runs):
            yield _garbage(path, "left by a write that never ended")
    for path in sorted(partial_folders(runs)):
        if not cells.is_held(path):
            yield _garbage(path, "left by a write of a data set that never ended")


def _is_being_written(path: Path, runs: Path) -> bool:
    """Whether a temporary file may still be needed: of a cell that is being computed, or young."""
    place = path.relative_to(runs).parts
    if place[0] == "cells" and cells.is_held(runs / "cells" / place[1]):
        return True
    try:
        return time.time() - path.stat().st_mtime < _YOUNG_S
    except FileNotFoundError:
        return True


def _needed(found: Sequence[State], runs: Path) -> set[str]:
    """Keys of the cells from which those that are not stale start, all the way up."""
    needed = {state.key for state in found if state.state != "stale"}
    waiting = list(needed)
    while waiting:
        record = cells.read_record(runs, waiting.pop())
        upstream = None if record is None else record["upstream"]
        if upstream is not None and upstream not in needed:
            needed.add(upstream)
            waiting.append(upstream)
    return needed


def _garbage(path: Path, what: str) -> Garbage:
    return Garbage(path, what, sum(map(_size, [path, *path.rglob("*")])))


def _size(path: Path) -> int:
    """Bytes of a file; none of a folder, nor of what another call has removed."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


def _confirmed(question: str) -> bool:
    """Ask where there is somebody to answer."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input(question).strip().lower() in ("y", "yes")


def _remove(path: Path, runs: Path) -> bool:
    """Remove a file or a folder, unless a process has taken it up meanwhile."""
    try:
        if path.is_file():
            free = not _is_being_written(path, runs)
            if free:
                path.unlink(missing_ok=True)
            return free
        if not path.is_dir() or cells.is_held(path):
            return False
        with cells.lock(path):
            (path / "cell.json").unlink(missing_ok=True)  # first: what has none is no result
            shutil.rmtree(path)
    except OSError as error:
        raise UserError(f"gc: {path} cannot be removed: {error.strerror}") from error
    return True
