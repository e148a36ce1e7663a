"""Folders that a process holds against others, and folders that appear under their name when they are complete."""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

PARTIAL = ".partial-"
"""In the name of a folder that is being written, or that a killed process has left."""

_HELD: set[TextIO] = set()


def _let_go() -> None:
    """Close the locks that a forked child has inherited: else they would outlive the process that took them."""
    for file in _HELD:
        file.close()
    _HELD.clear()


os.register_at_fork(after_in_child=_let_go)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold a folder against other processes; the system lets go of it when its holder ends, however it ends."""
    while True:
        with _open(path) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_file_at(file.fileno(), path / "lock"):  # not removed with its folder while this one waited
                _HELD.add(file)
                try:
                    yield
                finally:
                    _HELD.discard(file)
                return


def is_held(path: Path) -> bool:
    """Whether a process holds the folder now."""
    try:
        with (path / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two that look do not see each other
    except FileNotFoundError:  # nobody ever held it
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def partial_folder(out: Path) -> Iterator[Path]:
    """An empty folder to write into, beside `out`, for the caller to rename to it when complete.

    It is held as long as it is written, and removed at the end where it was not renamed. A killed process leaves it
    behind, for `remove_abandoned`.

    Args:
        out: what is to be written; its parent is there.
    """
    partial = out.with_name(f"{out.name}{PARTIAL}{uuid.uuid4().hex}")
    with lock(partial):
        try:
            (partial / out.name).mkdir()
            yield partial / out.name
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def partial_folders(folder: Path) -> Iterator[Path]:
    """Those anywhere below a folder."""
    return (path for path in folder.glob(f"**/*{PARTIAL}*") if path.is_dir())


def remove_abandoned(folder: Path, *, name: str = "") -> None:
    """Remove partial folders in `folder` that no living process is writing; with a name, only those of that one."""
    for path in folder.glob(f"{glob.escape(name) or '*'}{PARTIAL}*"):
        with suppress(OSError), (path / "lock").open("a") as file:  # held, gone meanwhile, or another user's
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_file_at(file.fileno(), path / "lock"):
                shutil.rmtree(path, ignore_errors=True)


def _open(path: Path) -> TextIO:
    while True:
        path.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # the folder was removed in between
            return (path / "lock").open("a")


def _is_file_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
