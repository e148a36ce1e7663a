"""`clbench evaluate --checkpoint`: the evaluations of a config on a backbone that was pretrained elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmark import bench, preflight
from benchmark.bench import Request
from benchmark.cells import Cell
from benchmark.config import BenchConfig, load
from benchmark.data import shapes
from benchmark.environment import choose_device
from benchmark.errors import UserError, blaming_the_user
from benchmark.imported import Checkpoint, examine, import_cell, with_row
from benchmark.plan import choose_seeds, choose_tasks, evaluate_cell
from benchmark.preflight import Places
from benchmark.worker import Job
from downstream.families import family
from objectives.registry import load_objectives


def run(request: Request, checkpoint: Checkpoint) -> int:
    """Import the checkpoint and evaluate it on the tasks of a request, whose objectives do not count.

    Returns:
        0, or 1 if a cell failed.

    Raises:
        UserError: something is wrong with the request or the file; nothing has been computed or overwritten.
    """
    started = time.perf_counter()
    with blaming_the_user():
        load_objectives(request.plugins)
        device = choose_device(request.device)
    if request.jobs < 1:
        raise UserError(f"jobs: must be >= 1, got {request.jobs}")
    config = with_row(load(request.config, request.overrides), checkpoint)
    if config.threads < 1:
        raise UserError(f"threads must be > 0, got {config.threads}")
    seeds, tasks = choose_seeds(request.seeds), choose_tasks(request.tasks, config)
    preflight.check_writable(request.places.runs)
    preflight.check_packages(config, tasks)
    inputs, found = examine(checkpoint)
    print(found, flush=True)
    fingerprints = _check_data(config, tasks, request.places)
    name = Path(request.config).stem
    chains: list[list[Cell]] = []
    for seed in seeds:
        imported = import_cell(inputs, name, row=checkpoint.name, seed=seed)
        evaluations = [evaluate_cell(config, imported, task=task, fingerprint=fingerprints[task]) for task in tasks]
        chains.append([imported, *evaluations])
    live = sys.stdout.isatty()
    template = Job(chains[0][0], config, request.places, device, request.plugins, live=live, checkpoint=checkpoint.file)
    return bench.compute(template, chains, jobs=request.jobs, reporting=True, started=started)


def _check_data(config: BenchConfig, tasks: Sequence[str], places: Places) -> dict[str, str]:
    """Check the data of the tasks alone: what a backbone from elsewhere was trained on is not needed here.

    Raises:
        UserError: a tree is missing or malformed.
    """
    with blaming_the_user():
        if config.data.shapes is not None:
            shapes.ensure(config.data.shapes, places.data_root / config.data.tree)
        return {
            name: family(config.tasks[name].family).check_data(
                config.tasks[name], data_root=places.data_root, store=places.store
            )
            for name in tasks
        }
