"""What happens inside the process of one cell."""

from __future__ import annotations

import shutil
import sys
import time
import traceback
from typing import Any, TextIO

from benchmark import cells
from benchmark.environment import describe_environment, peak_memory_bytes, prepare_process
from benchmark.job import Job
from benchmark.kinds import KINDS
from benchmark.output import output_to
from benchmark.processes import FOUND, INTERRUPTED, end_with_parent
from benchmark.progress import CellProgress
from benchmark.source_of_cells import check_source, modules_of
from objectives.registry import load_objectives


def run_job(job: Job) -> None:
    """Compute the cell unless it is there; leave `cell.json` behind, whether it went well or not.

    Everything that libraries print goes to `log.txt` in the cell's folder; progress goes to the caller's output. The
    process ends with status `FOUND` where another one has settled the cell meanwhile.
    """
    runs, cell = job.places.runs, job.cell
    end_with_parent()
    with cells.lock(job.folder):
        if cells.is_settled(runs, cell.key, since=job.since, anew=job.anew):
            sys.exit(FOUND)
        _clear(job)
        with output_to(job.folder / "log.txt") as shown:
            prepare_process(job.device, threads=job.config.threads)
            outcome = _compute(job, shown)
        cells.write_record(runs, cell, outcome)
        if outcome.reason is None:
            (job.folder / "checkpoint.pth").unlink(missing_ok=True)


def _clear(job: Job) -> None:
    """Take away what would pass for a result; with `anew` all of it, so that nothing is resumed either."""
    (job.folder / "cell.json").unlink(missing_ok=True)  # first: what has none is no result
    if job.anew:
        for path in job.folder.iterdir():
            if path.name != "lock":
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _compute(job: Job, shown: TextIO) -> cells.Outcome:
    """Compute the cell; what goes wrong is its outcome."""
    cell, started, resumed = job.cell, time.perf_counter(), _is_begun(job)
    metrics: list[dict[str, Any]] = []
    costs: dict[str, Any] = {}
    modules: dict[str, str] = {}
    reason = None
    try:
        load_objectives(job.plugins)
        check_source(cell)
        modules = modules_of(cell)
        with CellProgress(cell.name, shown, live=job.live) as report:
            metrics, costs = KINDS[cell.kind](job, report)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:  # whatever stops one cell must not stop the others
        traceback.print_exc()
        reason = _reason(error, job)
    wall_s = None if resumed else time.perf_counter() - started
    costs = {"wall_s": wall_s, "peak_memory_bytes": peak_memory_bytes(job.device), **costs}
    return cells.Outcome(metrics, costs, describe_environment(job.device), modules, reason)


def _is_begun(job: Job) -> bool:
    """Whether a process that was killed has left something to go on from: the time that it took is not known."""
    return any((job.folder / name).exists() for name in ("checkpoint.pth", "work"))


def _reason(error: Exception, job: Job) -> str:
    """One line on why the cell failed."""
    text = " ".join(str(error).split()) or type(error).__name__
    checkpoint = job.folder / "checkpoint.pth"
    if isinstance(error, FloatingPointError):
        kept = f"last checkpoint kept at {checkpoint}" if checkpoint.exists() else "no checkpoint had been written"
        return f"{text}; {kept}"
    known = isinstance(error, ValueError | RuntimeError | OSError)
    return f"{text if known else f'{type(error).__name__}: {text}'} (see {job.folder / 'log.txt'})"
