"""Progress of one cell: a live bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 10.0


class CellProgress:
    """Shows steps, terms and the time left; use as a context manager.

    Args:
        name: what the cell is called.
        stream: where to show it.
        live: a bar that is redrawn; False for lines.
    """

    def __init__(self, name: str, stream: TextIO, *, live: bool) -> None:
        self.name, self.stream, self.live = name, stream, live
        self.started = self.shown = time.monotonic()
        self.first: int | None = None
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[terms]}"),
        )
        console = Console(file=stream, force_terminal=live or None)
        self.bar = Progress(*columns, console=console, transient=True, disable=not live)
        self.task = self.bar.add_task(name, total=None, terms="")

    def __enter__(self) -> CellProgress:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def __call__(self, step: int, total: int, terms: dict[str, float]) -> None:
        """Report `step` of `total` and the named terms of the moment."""
        shown = "  ".join(_show(name, value) for name, value in terms.items() if name != "learning_rate")
        if self.live:
            self.bar.update(self.task, completed=step, total=total, terms=shown)
            return
        now = time.monotonic()
        if self.first is None:
            self.first, self.started = step, now
        if step < total and now - self.shown < SECONDS_BETWEEN_LINES:
            return
        done, self.shown = step - self.first, now
        left = f"left {(now - self.started) / done * (total - step):.0f} s  " if done else ""
        print(f"  {self.name}: {step}/{total}  {left}{shown}", file=self.stream, flush=True)


def _show(name: str, value: float) -> str:
    return f"{value:.0f} images/s" if name == "images_per_s" else f"{name} {value:.3g}"


@contextmanager
def progress_lines(name: str, say: Callable[[str], None]) -> Iterator[Callable[[int, int], None]]:
    """Say every ten seconds that what happens in this context still goes on.

    Yield what may be told how many of how many are done, so that lines have it.
    """
    over, started, told = threading.Event(), time.monotonic(), [""]

    def tell(done: int, total: int) -> None:
        told[0] = f"{done}/{total}  "

    def watch() -> None:
        while not over.wait(SECONDS_BETWEEN_LINES):
            say(f"  {name}: {told[0]}{time.monotonic() - started:.0f} s")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield tell
    finally:
        over.set()
        watcher.join()
