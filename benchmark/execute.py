"""Runs cells, each in a process of its own, so that a crash or a kill ends one cell and not the grid."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from benchmark import cells
from benchmark.cells import Cell
from benchmark.environment import describe_environment
from benchmark.processes import INTERRUPTED
from benchmark.worker import Job, run_job

Say = Callable[[str], None]


@dataclass(frozen=True)
class Tally:
    """How many cells were computed now, were there before, failed, and were skipped."""

    computed: int
    kept: int
    failed: int
    skipped: int


Skips = Mapping[tuple[str, str], str]
"""Row and task -> why the evaluation of that row on that task will be skipped."""


def run_chains(chains: Sequence[Sequence[Cell]], template: Job, *, skips: Skips, jobs: int, say: Say) -> Tally:
    """Compute every cell of every chain that is not there yet.

    Args:
        chains: cells in the order in which they depend on each other.
        template: the job of any cell; its `cell` is replaced.
        skips: the evaluations that cannot be computed here.
        jobs: chains computed at the same time.
        say: prints one line.

    Raises:
        KeyboardInterrupt: the user stopped the run; running cells were ended and go on at the next call.
    """
    executor = _Executor(replace(template, live=template.live and jobs == 1), skips, say)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = [pool.submit(executor.run_chain, chain) for chain in chains]
        try:
            outcomes = [outcome for future in futures for outcome in future.result()]
        except BaseException:
            executor.stop()
            pool.shutdown(cancel_futures=True)
            raise
    return Tally(*(outcomes.count(outcome) for outcome in ("computed", "kept", "failed", "skipped")))


class _Executor:
    """Runs chains of cells; `stop` ends those that are running."""

    def __init__(self, template: Job, skips: Skips, say: Say) -> None:
        self.template, self.skips, self.say = template, skips, say
        self.stopping = threading.Event()
        self.running: set[multiprocessing.process.BaseProcess] = set()

    def stop(self) -> None:
        """End the running cells and start no more."""
        self.stopping.set()
        for process in tuple(self.running):
            process.terminate()

    def run_chain(self, chain: Sequence[Cell]) -> list[str]:
        """Run the cells of a row in their order; return "kept", "computed", "failed" or "skipped" for each."""
        outcomes: list[str] = []
        failed: dict[str | None, Cell] = {}
        for cell in chain:
            done = cells.is_done(self.template.places.runs, cell.key)
            reason = self.skips.get((cell.objective, cell.task or ""))
            if reason is not None and not done:
                self._record_skip(cell, reason)
                outcomes.append("skipped")
            elif cell.upstream in failed and not done:
                self._record_failure(cell, f"{failed[cell.upstream].name} failed")
                outcomes.append("failed")
            else:
                outcomes.append(self._run_cell(cell))
            if outcomes[-1] == "failed":
                failed[cell.key] = cell
        return outcomes

    def _run_cell(self, cell: Cell) -> str:
        runs = self.template.places.runs
        if cells.is_done(runs, cell.key):
            return "kept"
        started = time.perf_counter()
        code = self._run_process(replace(self.template, cell=cell))
        if code != 0:
            log = cells.folder(runs, cell.key) / "log.txt"
            how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
            self._record_failure(cell, f"its process {how}; see {log}")
        record = cells.read_record(runs, cell.key)
        assert record is not None
        if record["status"] == "failed":
            self.say(f"{cell.name}: FAILED: {record['reason']}")
            return "failed"
        self.say(f"{cell.name}: done in {time.perf_counter() - started:.0f} s{_summary(record)}")
        return "computed"

    def _run_process(self, job: Job) -> int:
        """Run a job in a process of its own and return its exit status, negative for a signal."""
        if self.stopping.is_set():
            raise KeyboardInterrupt
        process = multiprocessing.get_context("spawn").Process(target=run_job, args=(job,))
        process.start()
        self.running.add(process)
        process.join()
        self.running.discard(process)
        if self.stopping.is_set() or process.exitcode == INTERRUPTED:
            raise KeyboardInterrupt
        assert process.exitcode is not None
        return process.exitcode

    def _record_failure(self, cell: Cell, reason: str) -> None:
        runs, environment = self.template.places.runs, describe_environment(self.template.device)
        cells.write_record(runs, cell, metrics=[], costs={}, environment=environment, reason=reason)

    def _record_skip(self, cell: Cell, reason: str) -> None:
        environment = describe_environment(self.template.device)
        cells.write_skip(self.template.places.runs, cell, environment=environment, reason=reason)


def _summary(record: dict[str, Any]) -> str:
    """The numbers on the test split: what was chosen on validation data, else what stood at the end."""
    tested = [m for m in record["metrics"] if m["split"] == "test" and m["selection"] != "oracle"]
    chosen = {m["metric"] for m in tested if m["selection"] == "selected"}
    shown = [m for m in tested if m["selection"] == "selected" or m["metric"] not in chosen]
    return "".join(f"  {m['metric']} {m['value']:.3f}" for m in shown)
