"""Runs cells, each in a process of its own, so that a crash or a kill ends one cell and not the grid."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Any

from benchmark import cells
from benchmark.cells import Cell
from benchmark.environment import describe_environment
from benchmark.job import Job
from benchmark.processes import FOUND, INTERRUPTED
from benchmark.rerun import Rerun
from benchmark.worker import run_job
from results.store.units import is_detail

_SECONDS_BETWEEN_LOOKS = 0.2  # at a cell that another process computes


@dataclass(frozen=True)
class Tally:
    """How many cells were computed now, were there before, failed, were skipped, and were left stale or missing."""

    computed: int
    kept: int
    failed: int
    skipped: int
    stale: int
    missing: int


Skips = Mapping[tuple[str, str], str]
"""Row and task -> why the evaluation of that row on that task will be skipped."""


@dataclass(frozen=True)
class Policy:
    """Which of the planned cells are computed.

    Attributes:
        skips: the evaluations that cannot be computed here.
        rerun: what is computed of that which failed, is stale, or is done.
    """

    skips: Skips
    rerun: Rerun


def run_chains(
    chains: Sequence[Sequence[Cell]], template: Job, *, policy: Policy, jobs: int, say: Callable[[str], None]
) -> Tally:
    """Compute every cell of every chain that is not there yet, or as the policy has it.

    Args:
        chains: cells in the order in which they depend on each other.
        template: the job of any cell; its `cell` is replaced.
        policy: which cells are computed.
        jobs: chains computed at the same time.
        say: prints one line.

    Raises:
        KeyboardInterrupt: the user stopped the run; running cells were ended and go on at the next call.
    """
    live = template.live and jobs == 1
    executor = _Executor(replace(template, live=live, since=time.time()), policy, say)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = [pool.submit(executor.run_chain, chain) for chain in chains]
        try:
            outcomes = [outcome for future in futures for outcome in future.result()]
        except BaseException:
            executor.stop()
            pool.shutdown(cancel_futures=True)
            raise
    return Tally(*(outcomes.count(field.name) for field in fields(Tally)))


class _Executor:
    """Runs chains of cells; `stop` ends those that are running."""

    def __init__(self, template: Job, policy: Policy, say: Callable[[str], None]) -> None:
        self.template, self.policy, self.say = template, policy, say
        self.stopping = threading.Event()
        self.running: set[multiprocessing.process.BaseProcess] = set()

    def stop(self) -> None:
        """End the running cells and start no more."""
        self.stopping.set()
        for process in tuple(self.running):
            process.terminate()

    def run_chain(self, chain: Sequence[Cell]) -> list[str]:
        """Run the cells of a row in their order; return the name of a field of `Tally` for each."""
        outcomes: dict[str, str] = {}
        names = {cell.key: cell.name for cell in chain}
        for cell in chain:
            above = cell.upstream or ""
            outcomes[cell.key] = self._settle(cell, above=names.get(above, ""), outcome=outcomes.get(above, "kept"))
        return list(outcomes.values())

    def _settle(self, cell: Cell, *, above: str, outcome: str) -> str:
        """Compute a cell or leave it, given the name of the one that it starts from and what became of that."""
        runs, rerun = self.template.places.runs, self.policy.rerun
        reason = self.policy.skips.get((cell.objective, cell.task or ""))
        done = cells.is_done(runs, cell.key)
        if done and (not rerun.anew(cell) or reason is not None or outcome == "failed"):
            return "kept"
        if reason is not None:
            self._record_skip(cell, reason)
            return "skipped"
        left = "" if done else rerun.leaves(runs, cell)
        if left:
            return left
        if outcome == "failed":
            self._record_failure(cell, f"{above} failed")
            return "failed"
        return outcome if outcome in ("stale", "missing") else self._run_cell(cell)

    def _run_cell(self, cell: Cell) -> str:
        """Compute a cell in a process of its own, unless another call is at it: then wait for what that one makes."""
        runs, started = self.template.places.runs, time.perf_counter()
        self._wait(cell)
        code = FOUND
        if not self._is_settled(cell):
            code = self._run_process(replace(self.template, cell=cell, anew=self.policy.rerun.anew(cell)))
        if code not in (0, FOUND):
            log = cells.folder(runs, cell.key) / "log.txt"
            how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
            self._record_failure(cell, f"its process {how}; see {log}")
        record = cells.read_record(runs, cell.key)
        assert record is not None
        if record["status"] == "failed":
            self.say(f"{cell.name}: FAILED: {record['reason']}")
            return "failed"
        if code == FOUND:
            return "kept"
        self.say(f"{cell.name}: done in {time.perf_counter() - started:.0f} s{_summary(record)}")
        return "computed"

    def _is_settled(self, cell: Cell) -> bool:
        job, anew = self.template, self.policy.rerun.anew(cell)
        return cells.is_settled(job.places.runs, cell.key, since=job.since, anew=anew)

    def _wait(self, cell: Cell) -> None:
        """Wait until no other process holds the cell.

        Raises:
            KeyboardInterrupt: the user stopped the run meanwhile.
        """
        folder = cells.folder(self.template.places.runs, cell.key)
        if cells.is_held(folder):
            self.say(f"{cell.name}: another process computes it; waiting")
        while cells.is_held(folder):
            if self.stopping.wait(_SECONDS_BETWEEN_LOOKS):
                raise KeyboardInterrupt

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
        """Write that a cell failed, unless another call has settled it meanwhile."""
        runs, environment = self.template.places.runs, describe_environment(self.template.device)
        self._wait(cell)
        with cells.lock(cells.folder(runs, cell.key)):
            if not self._is_settled(cell):
                cells.write_record(runs, cell, cells.Outcome([], {}, environment, {}, reason))

    def _record_skip(self, cell: Cell, reason: str) -> None:
        """Write that a cell is skipped here, unless another call is computing it at this moment."""
        if cells.is_held(cells.folder(self.template.places.runs, cell.key)):
            return
        environment = describe_environment(self.template.device)
        cells.write_skip(self.template.places.runs, cell, environment=environment, reason=reason)


def _summary(record: dict[str, Any]) -> str:
    """The numbers on the test split: what was chosen on validation data, else what stood at the end; no details."""
    tested = [m for m in record["metrics"] if m["split"] == "test" and m["selection"] != "oracle"]
    tested = [m for m in tested if not is_detail(m["metric"], family=record["family"] or "")]
    chosen = {m["metric"] for m in tested if m["selection"] == "selected"}
    shown = [m for m in tested if m["selection"] == "selected" or m["metric"] not in chosen]
    return "".join(f"  {m['metric']} {m['value']:.3f}" for m in shown)
