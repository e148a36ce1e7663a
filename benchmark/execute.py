"""Runs cells, each in a process of its own, so that a crash or a kill ends one cell and not the grid."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from benchmark import cells
from benchmark.cells import Cell
from benchmark.environment import describe_environment
from benchmark.worker import Job, run_job

Say = Callable[[str], None]


@dataclass(frozen=True)
class Tally:
    """How many cells were computed now, were there before, and failed."""

    computed: int
    kept: int
    failed: int


def run_chains(chains: Sequence[Sequence[Cell]], template: Job, *, jobs: int, say: Say) -> Tally:
    """Compute every cell of every chain that is not there yet.

    Args:
        chains: cells in the order in which they depend on each other.
        template: the job of any cell; its `cell` is replaced.
        jobs: chains computed at the same time; the CPU threads are shared out among them.
        say: prints one line.
    """
    threads = max(1, (os.cpu_count() or 1) // jobs)
    template = replace(template, threads=threads, live=template.live and jobs == 1)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        outcomes = list(pool.map(lambda chain: _run_chain(chain, template, say=say), chains))
    flat = [outcome for chain in outcomes for outcome in chain]
    return Tally(*(flat.count(outcome) for outcome in ("computed", "kept", "failed")))


def _run_chain(chain: Sequence[Cell], template: Job, *, say: Say) -> list[str]:
    outcomes: list[str] = []
    pretrained, *evaluations = chain
    outcomes.append(_run_cell(pretrained, template, say=say))
    for cell in evaluations:
        if outcomes[0] == "failed":
            _record_failure(cell, template, f"{pretrained.name} failed")
            outcomes.append("failed")
        else:
            outcomes.append(_run_cell(cell, template, say=say))
    return outcomes


def _run_cell(cell: Cell, template: Job, *, say: Say) -> str:
    """Return "kept", "computed" or "failed"."""
    runs = template.places.runs
    if cells.is_done(runs, cell.key):
        return "kept"
    (cells.folder(runs, cell.key) / "cell.json").unlink(missing_ok=True)
    started = time.perf_counter()
    process = multiprocessing.get_context("spawn").Process(target=run_job, args=(replace(template, cell=cell),))
    process.start()
    try:
        process.join()
    finally:
        if process.is_alive():
            process.terminate()
            process.join()
    record = cells.read_record(runs, cell.key)
    if record is None:
        code = process.exitcode or 0
        how = f"killed by signal {-code}" if code < 0 else f"ended with status {code}"
        record = _record_failure(
            cell, template, f"its process was {how}; see {cells.folder(runs, cell.key) / 'log.txt'}"
        )
    if record["status"] == "failed":
        say(f"{cell.name}: FAILED: {record['reason']}")
        return "failed"
    say(f"{cell.name}: done in {time.perf_counter() - started:.0f} s{_summary(record)}")
    return "computed"


def _record_failure(cell: Cell, template: Job, reason: str) -> dict[str, object]:
    environment = describe_environment(template.device)
    cells.write_record(template.places.runs, cell, metrics=[], costs={}, environment=environment, reason=reason)
    record = cells.read_record(template.places.runs, cell.key)
    assert record is not None
    return record


def _summary(record: dict[str, object]) -> str:
    metrics = record["metrics"]
    assert isinstance(metrics, list)
    shown = [f"{m['metric']} {m['value']:.3f}" for m in metrics if m["split"] == "test" and m["selection"] != "oracle"]
    return "  " + "  ".join(shown) if shown else ""
