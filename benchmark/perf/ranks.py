"""Two processes that share the batches, over gloo, beside one with as many threads and one with a single thread.

Each turn starts its processes anew, as a pretraining's cell does, and counts images a second from the first step to the
last. Nothing is claimed: two processes on one CPU are how the code for several GPUs is tested, not a way to be fast.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmark.allocator import keep_freed_memory
from benchmark.config import BenchConfig, load
from benchmark.environment import prepare_process
from benchmark.perf.comparison import Comparison, alternate
from benchmark.perf.images import random_images
from benchmark.perf.rates import loop_rate
from benchmark.processes import on_processes
from downstream.tasks import Report
from objectives.registry import load_objectives

_PART = "Two processes"
_OURS = "two processes of one thread"
_STEPS = 15


@dataclass(frozen=True)
class Job:
    """What every process does.

    Attributes:
        config: of the pretraining, with its processes and threads.
        steps: how many.
    """

    config: BenchConfig
    steps: int = _STEPS


def measure() -> Iterator[Comparison]:
    """Images a second of the same batches by two processes and by one."""
    shapes = {_OURS: (2, 1), "one process of two threads": (1, 2), "one process of one thread": (1, 1)}
    configs = {
        name: load("shapes", (f"processes={processes}", f"threads={threads}"))
        for name, (processes, threads) in shapes.items()
    }
    arms: dict[str, Callable[[], float]] = {name: partial(rate, Job(config)) for name, config in configs.items()}
    found = alternate(arms)
    what = f"pretraining of InfoNCE, config shapes, batch {configs[_OURS].training.batch}, over gloo"
    for name in list(shapes)[1:]:
        note = "half of the ratio is the efficiency of scaling" if name.endswith("one thread") else ""
        yield Comparison(_PART, what, "images/s", found[_OURS], found[name], name, note=note)


def rate(job: Job) -> float:
    """Images a second of all processes of a job together, started for it alone."""
    with tempfile.TemporaryDirectory() as folder:
        rates = on_processes(job.config.processes, _train, job, lambda *_: None, folder=Path(folder) / "torchrun")
    return min(float(each) for each in rates)  # all wait for the last at every step


def _train(job: Job, _report: Report) -> float:
    prepare_process("cpu", threads=job.config.threads)
    keep_freed_memory()
    load_objectives()
    config = job.config
    images = random_images(config.training.batch, side=config.data.image_size)
    return loop_rate(config, images, steps=job.steps, device="cpu")
