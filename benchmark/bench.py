"""The main job: check, plan, run the cells that are missing, report."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark import cells, preflight, reporting, rerun
from benchmark.budget import equal_flops
from benchmark.cells import Cell
from benchmark.environment import choose_device
from benchmark.errors import UserError, blaming_the_user
from benchmark.execute import Policy, Tally, run_chains
from benchmark.findings import Findings
from benchmark.job import Job
from benchmark.known_information import describe_known
from benchmark.plan import choose_rows, choose_seeds, choose_tasks, needed_tasks, plan, with_references
from benchmark.plans import Asked, remember
from benchmark.preflight import PretrainingImagesError
from benchmark.rehearsal import Stage, needed, rehearse
from benchmark.request import Request
from objectives.registry import OBJECTIVES, load_objectives
from results.order import CEILING, FLOOR


@dataclass(frozen=True)
class Prepared:
    """A request that has been checked.

    Attributes:
        template: the job of any cell.
        chains: cells in the order in which they depend on each other.
        skips: row and task -> why that evaluation cannot be computed here.
        asked: what the cells were laid out from.
    """

    template: Job
    chains: list[list[Cell]]
    skips: dict[tuple[str, str], str]
    asked: Asked


def run(request: Request, *, stages: Collection[str]) -> int:
    """Do the stages ("pretrain", "evaluate", "report") of a request.

    Returns:
        0, also where tasks were skipped, or 1 if a cell failed.

    Raises:
        UserError: something is wrong with the request; nothing has been trained or overwritten.
    """
    started = time.perf_counter()
    findings = Findings(_say, every=False)
    prepared = prepare(request, stages=stages, findings=findings)
    if "pretrain" not in stages:
        prepared = _without_new_ceiling(prepared, request, findings)
        _require_backbones(prepared.chains, request)
    words = rerun.choose(request.rerun)
    if "never" not in words:
        prepared = rehearsed(prepared, findings, strict=request.strict, done="all" in words)
    _say(_describe(prepared.template, prepared.chains))
    return compute(prepared, request, stages=stages, started=started)


def compute(prepared: Prepared, request: Request, *, stages: Collection[str], started: float) -> int:
    """Run the cells that are missing and, with the stage "report", show the table that they belong to.

    Args:
        prepared: the request, checked and rehearsed.
        request: the request.
        stages: of `run`; without "pretrain", no pretraining is computed anew that is done.
        started: reading of `time.perf_counter` at the start.

    Returns:
        0, also where tasks were skipped, or 1 if a cell failed.
    """
    template, chains, runs = prepared.template, prepared.chains, prepared.template.places.runs
    kinds = ("prepare", "pretrain", "evaluate") if "pretrain" in stages else ("evaluate",)
    again = rerun.rerun(rerun.choose(request.rerun), runs, config=chains[0][0].config, kinds=kinds)
    remember(runs, template.config, chains, prepared.asked)
    tally = run_chains(chains, template, policy=Policy(prepared.skips, again), jobs=request.jobs, say=_say)
    _say(_summary(tally, seconds=time.perf_counter() - started))
    if tally.skipped == sum(cell.task is not None for chain in chains for cell in chain) > 0:
        _say("every requested task was skipped; the reasons are above and below the table")
    if "report" in stages:
        _report(runs)
    return 1 if tally.failed else 0


def _report(runs: Path) -> None:
    """Print the tables; write tables and figures, these only where what they show has changed."""
    if not any(runs.glob("cells/*/cell.json")):
        _say("no result is stored yet")
        return
    what = reporting.what_is_shown(runs)
    written = reporting.report_tables(runs, what)
    if not reporting.is_drawn(runs, what):
        written += reporting.report_figures(runs, what)
    for path in written:
        _say(f"wrote {path}")


def check(request: Request) -> None:
    """Say of everything that a benchmark checks before its first step whether it is fine; compute nothing.

    Raises:
        UserError: something is wrong with the request, or with `strict` something would be skipped.
    """
    findings = Findings(_say, every=True)
    try:
        prepared = prepare(request, stages=("evaluate",), findings=findings)
    except PretrainingImagesError as error:  # what there is can still be evaluated: a checkpoint, the floor
        findings.add("pretraining images", str(error))
        prepared = prepare(replace(request, objectives=FLOOR), stages=("evaluate",), findings=findings)
    prepared = rehearsed(prepared, findings, strict=request.strict, done=True)
    tasks = {cell.task for chain in prepared.chains for cell in chain} - {None}
    skipped = {task for _, task in prepared.skips}
    _say(f"{len(tasks - skipped)} of {len(tasks)} tasks can run here")


def prepare(request: Request, *, stages: Collection[str], findings: Findings) -> Prepared:
    """Check everything the request names and lay out its cells.

    Raises:
        UserError: something is wrong with the request.
    """
    with blaming_the_user():
        load_objectives(request.settings.plugins)
        device = choose_device(request.device)
    if request.jobs < 1:
        raise UserError(f"jobs: must be >= 1, got {request.jobs}")
    rerun.choose(request.rerun)
    config, places = request.settings.resolve(), request.places
    asked, seeds = choose_rows(request.objectives, config), choose_seeds(request.seeds)
    tasks = choose_tasks(request.tasks, config) if "evaluate" in stages else []
    rows = with_references(asked) if request.references else asked
    tasks = needed_tasks(config, rows, tasks)
    preflight.check_writable(places.runs)
    for row in rows:
        preflight.check_training(config.row(row).config, device=device)
    training = any(preflight.needs_images(config.row(row)) for row in rows)
    training |= preflight.needs_pairs(config, tasks)
    data = preflight.prepare_data(config, tasks, places, training=training, findings=findings)
    rows = preflight.without_ceiling(rows, asked=asked, images=data.images, findings=findings)
    for row in rows:
        preflight.check_row(config.row(row), images=data.images)
    for line in dict.fromkeys(line for row in rows for line in describe_known(config.row(row).config)):
        findings.say(line)
    settings = request.settings
    if request.budget == "flops":
        settings = equal_flops(settings, config, rows, classes=len(data.images.classes))
        config = settings.resolve()
    chains = plan(config, settings.label, rows=rows, seeds=seeds, tasks=tasks, data=data)
    template = Job(chains[0][0], config, places, device, settings.plugins, live=sys.stdout.isatty())
    skips = {(row, task): reason for row in rows for task, reason in data.skips.items()}
    return Prepared(template, chains, skips, Asked(settings, data))


def rehearsed(prepared: Prepared, findings: Findings, *, strict: bool, done: bool) -> Prepared:
    """Rehearse the evaluations that are not skipped already, also those that are `done`, and skip what cannot run.

    Raises:
        UserError: `strict`, and something would be skipped.
    """
    job = prepared.template
    waiting = [
        cell
        for chain in prepared.chains
        for cell in chain
        if (cell.objective, cell.task) not in prepared.skips and (done or not cells.is_done(job.places.runs, cell.key))
    ]
    stage = Stage(job.places, job.device, job.config.threads)
    found = rehearse(needed(waiting, job.config, device=job.device), stage, findings)
    if strict:
        findings.refuse()
    return replace(prepared, skips=prepared.skips | found)


def _without_new_ceiling(prepared: Prepared, request: Request, findings: Findings) -> Prepared:
    """Leave out a ceiling that was added to the rows that were asked for, and is not pretrained yet."""
    asked, runs = choose_rows(request.objectives, prepared.template.config), request.places.runs
    new = [cell for cell in map(cells.pretraining, prepared.chains) if not cells.is_done(runs, cell.key)]
    if CEILING in asked or CEILING not in (cell.objective for cell in new):
        return prepared
    findings.add(f"{CEILING} (ceiling)", f"not pretrained yet; clbench pretrain --objectives {CEILING} does it")
    return replace(prepared, chains=[chain for chain in prepared.chains if chain[0].objective != CEILING])


def _require_backbones(chains: Sequence[Sequence[Cell]], request: Request) -> None:
    pretrained = [cell for cell in map(cells.pretraining, chains) if OBJECTIVES.get(cell.inputs["objective"]).trains]
    missing = [cell.name for cell in pretrained if not cells.is_done(request.places.runs, cell.key)]
    if missing:
        raise UserError(f"evaluate: not pretrained yet: {', '.join(missing)}; run clbench pretrain or bench first")


def _describe(template: Job, chains: Sequence[Sequence[Cell]]) -> str:
    config, keys = template.config, {cell.key for chain in chains for cell in chain}  # rows may share a preparation
    model, training = config.model, config.training
    return (
        f"{len(keys)} cells in {len(chains)} rows on {template.device}: ResNet-{model.depth} x{model.width:g} "
        f"({model.stem} stem), {config.views.size} px, {training.epochs:g} epochs of batch {training.batch}"
    )


def _summary(tally: Tally, *, seconds: float) -> str:
    counts = f"{tally.computed} computed, {tally.kept} kept, {tally.failed} failed, {tally.skipped} skipped"
    left = [f"{count} left {what}" for count, what in ((tally.stale, "stale"), (tally.missing, "missing")) if count]
    return f"{', '.join([counts, *left])} in {seconds:.0f} s"


def _say(line: str) -> None:
    print(line, flush=True)
