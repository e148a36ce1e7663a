"""`clbench evaluate --checkpoint`: the evaluations of a config on a backbone that was pretrained elsewhere."""

from __future__ import annotations

import sys
import time

from benchmark import bench, preflight, rerun
from benchmark.bench import Prepared
from benchmark.budget import BUDGETS
from benchmark.cells import Cell
from benchmark.environment import choose_device
from benchmark.errors import UserError, blaming_the_user
from benchmark.findings import Findings
from benchmark.imported import Checkpoint, examine, import_cell, with_row
from benchmark.job import Job
from benchmark.plan import choose_seeds, choose_tasks, evaluate_cell
from benchmark.plans import Asked
from benchmark.request import Request
from benchmark.sharing_checks import check_factors
from objectives.registry import load_objectives


def run(request: Request, checkpoint: Checkpoint) -> int:
    """Import the checkpoint and evaluate it on the tasks of a request, whose objectives do not count.

    Returns:
        0, also where tasks were skipped, or 1 if a cell failed.

    Raises:
        UserError: something is wrong with the request or the file; nothing has been computed or overwritten.
    """
    started = time.perf_counter()
    findings = Findings(lambda line: print(line, flush=True), every=False)
    prepared = bench.rehearsed(_prepare(request, checkpoint, findings), findings, strict=request.strict, done=False)
    return bench.compute(prepared, request, stages=("evaluate", "report"), started=started)


def _prepare(request: Request, checkpoint: Checkpoint, findings: Findings) -> Prepared:
    """Check the file and everything the request names, and lay out its cells."""
    rerun.choose(request.rerun)
    if request.budget != BUDGETS[0]:
        raise UserError(f"evaluate: --budget {request.budget} and --checkpoint exclude each other")
    with blaming_the_user():
        load_objectives(request.settings.plugins)
        device = choose_device(request.device)
    if request.jobs < 1:
        raise UserError(f"jobs: must be >= 1, got {request.jobs}")
    plain = request.settings.resolve()
    config = with_row(plain, checkpoint)
    if config.threads < 1:
        raise UserError(f"threads must be > 0, got {config.threads}")
    seeds, tasks, places = choose_seeds(request.seeds), choose_tasks(request.tasks, config), request.places
    preflight.check_writable(places.runs)
    checkpoint, inputs, found = examine(checkpoint)
    config = with_row(plain, checkpoint)  # now with the statistics of its layout
    findings.say(found)
    check_factors(config.row(checkpoint.name).config)
    training = preflight.needs_pairs(config, tasks)
    data = preflight.prepare_data(config, tasks, places, training=training, findings=findings)
    row, name = checkpoint.name, request.settings.label
    chains: list[list[Cell]] = []
    for seed in seeds:
        imported = import_cell(inputs, name, row=row, seed=seed)
        evaluations = [evaluate_cell(config, imported, task=task, data=data) for task in tasks]
        chains.append([imported, *evaluations])
    live, plugins = sys.stdout.isatty(), request.settings.plugins
    template = Job(chains[0][0], config, places, device, plugins, live=live, checkpoint=checkpoint.file)
    skips = {(row, task): reason for task, reason in data.skips.items()}
    return Prepared(template, chains, skips, Asked(None, data))
