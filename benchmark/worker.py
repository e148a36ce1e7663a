"""What happens inside the process of one cell."""

from __future__ import annotations

import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from benchmark import cells
from benchmark.cells import Cell
from benchmark.config import BenchConfig, Row
from benchmark.data.pretraining import NO_IMAGES, open_pretraining
from benchmark.environment import describe_environment, peak_memory_bytes
from benchmark.generator_model import settings
from benchmark.generator_model import total_steps as generator_steps
from benchmark.output import output_to
from benchmark.preflight import Places
from benchmark.prepare import prepare
from benchmark.pretrain import backbone_spec, build_parts, pretrain, total_steps
from benchmark.processes import FOUND, INTERRUPTED, end_with_parent, on_processes
from benchmark.progress import CellProgress
from benchmark.source_of_cells import IMPORTED, modules_of, source_of
from benchmark.step_cost import step_cost
from benchmark.training_hooks import AtomicCheckpoint, Scalars
from benchmark.views.channel_split import ChannelSplit
from downstream.backbone import in_colour, save_backbone
from downstream.checkpoints import digest, import_backbone
from downstream.colour import ColourSpace, load_colour
from downstream.families import family
from downstream.imagefolder import ImageSet
from downstream.matching import describe
from downstream.tasks import Context, Metric, Report
from downstream.weights import write_weights
from objectives.registry import OBJECTIVES, load_objectives

Outcome = tuple[list[dict[str, Any]], dict[str, Any]]
"""Metrics and costs."""


@dataclass(frozen=True)
class Job:
    """All that a process needs to compute one cell.

    Attributes:
        cell: what to compute.
        config: the resolved config.
        places: where to read and write.
        device: torch device string.
        plugins: modules that register objectives from outside the project.
        live: show a bar that is redrawn rather than lines.
        checkpoint: file of the row that was pretrained elsewhere, None where there is none.
        since: when the user's call began, in seconds since the epoch.
        anew: compute the cell also if it was done before that.
    """

    cell: Cell
    config: BenchConfig
    places: Places
    device: str
    plugins: tuple[str, ...]
    live: bool
    checkpoint: Path | None = None
    since: float = 0.0
    anew: bool = False

    @property
    def folder(self) -> Path:
        """The cell's folder."""
        return cells.folder(self.places.runs, self.cell.key)


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
            torch.set_num_threads(job.config.threads)
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
    cell, started = job.cell, time.perf_counter()
    metrics: list[dict[str, Any]] = []
    costs: dict[str, Any] = {}
    modules: dict[str, str] = {}
    reason = None
    try:
        load_objectives(job.plugins)
        _check_source(cell)
        modules = modules_of(cell)
        with CellProgress(cell.name, shown, live=job.live) as report:
            metrics, costs = _KINDS[cell.kind](job, report)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:  # whatever stops one cell must not stop the others
        traceback.print_exc()
        reason = _reason(error, job)
    costs = {"wall_s": time.perf_counter() - started, "peak_memory_bytes": peak_memory_bytes(job.device), **costs}
    return cells.Outcome(metrics, costs, describe_environment(job.device), modules, reason)


def _check_source(cell: Cell) -> None:
    """Refuse to compute under a key that was made for other code.

    Raises:
        ValueError: a module was edited after the run was planned.
    """
    if source_of(cell) != cell.inputs["source"]:
        raise ValueError("the code was changed after this run was planned; give the same command again")


def _prepare(job: Job, report: Report) -> Outcome:
    """Train a colour space, or go on with a training that was killed."""
    cell, config = job.cell, job.config.row(job.cell.objective).config
    images = _images(job)
    _, training = settings(config.views)
    resumed, started = (job.folder / "checkpoint.pth").exists(), time.perf_counter()
    hooks = _hooks(job, config, batch=training.batch, report=report)
    views, device = config.views, job.device
    prepared = prepare(images, views, seed=cell.seed, device=device, work_dir=job.folder, hooks=hooks)
    write_weights(prepared.colour, cells.colour_file(job.places.runs, cell.key))
    seen = generator_steps(training, len(images.images)) * training.batch
    costs = {
        "images": seen,
        "images_per_s": None if resumed else seen / (time.perf_counter() - started),
        "parameters": sum(parameter.numel() for parameter in prepared.colour.parameters()),
    }
    place = {"dataset": "views", "split": "train", "selection": "last"}
    return [{**place, "metric": name, "value": value} for name, value in prepared.findings.items()], costs


def _images(job: Job) -> ImageSet:
    return open_pretraining(job.config.data, data_root=job.places.data_root, store=job.places.store)


def _hooks(job: Job, config: BenchConfig, *, batch: int, report: Report) -> list[Hook]:
    logging = config.logging
    return [
        Scalars(job.folder / "scalars.csv", interval=logging.interval, images=batch, report=report),
        AtomicCheckpoint(job.folder / "checkpoint.pth", interval=logging.checkpoint),
    ]


def _colour(job: Job, config: BenchConfig) -> ColourSpace | None:
    """The colour space of the row's views: trained where there was something to train, None where there is none."""
    spec = backbone_spec(config)
    if spec.colour is None:
        return None
    if job.cell.upstream is None:
        return ColourSpace(spec.colour, mean=spec.mean, std=spec.std)
    path = cells.colour_file(job.places.runs, job.cell.upstream)
    return load_colour(path, spec.colour, mean=spec.mean, std=spec.std)


def _pretrain(job: Job, report: Report) -> Outcome:
    """Pretrain, on several processes if the config has it so."""
    if job.cell.inputs["objective"] == IMPORTED:
        return _import(job)
    row = job.config.row(job.cell.objective)
    if row.config.processes == 1 or not OBJECTIVES.get(row.objective).trains:
        return _train(job, report)
    outcomes = on_processes(row.config.processes, _train_share, job, report, folder=job.folder / "torchrun")
    metrics, costs = outcomes[0]
    return metrics, costs | {"peak_memory_bytes": max(each["peak_memory_bytes"] for _, each in outcomes)}


def _import(job: Job) -> Outcome:
    """Turn a checkpoint from elsewhere into a backbone of this project; the file is read here and by nothing else."""
    assert job.checkpoint is not None
    wanted, spec = job.cell.inputs["arguments"], backbone_spec(job.config.row(job.cell.objective).config)
    if digest(job.checkpoint) != wanted["sha256"]:
        raise ValueError(f"{job.checkpoint} was changed after this run was planned; give the same command again")
    backbone, fit = import_backbone(job.checkpoint, spec, layout=wanted["layout"])
    print(f"{job.checkpoint}: {describe(fit)}")
    save_backbone(backbone, cells.backbone_file(job.places.runs, job.cell.key))
    parameters = sum(parameter.numel() for parameter in backbone.parameters())
    return [], {"images": None, "images_per_s": None, "parameters": parameters}


def _train_share(job: Job, report: Report) -> Outcome:
    """What one of several processes does."""
    device = f"cuda:{os.environ['LOCAL_RANK']}" if job.device.startswith("cuda") else job.device
    torch.set_num_threads(job.config.threads)
    load_objectives(job.plugins)
    _check_source(job.cell)
    metrics, costs = _train(replace(job, device=device), report)
    return metrics, costs | {"peak_memory_bytes": peak_memory_bytes(device)}


def _train(job: Job, report: Report) -> Outcome:
    """Pretrain, or go on with a pretraining that was killed."""
    cell, row = job.cell, job.config.row(job.cell.objective)
    config = row.config
    images = _images(job) if OBJECTIVES.get(row.objective).trains else NO_IMAGES
    parts = build_parts(row.objective, config, seed=cell.seed, classes=len(images.classes), device=job.device)
    colour, batch = _colour(job, config), config.training.batch
    if colour is not None:
        parts = replace(parts, split=ChannelSplit(colour, seed=cell.seed))
    hooks = _hooks(job, config, batch=batch, report=report)
    per_image = _step_cost(row, classes=len(images.classes))
    resumed, started = (job.folder / "checkpoint.pth").exists(), time.perf_counter()
    backbone = pretrain(parts, images, config, seed=cell.seed, work_dir=job.folder, hooks=hooks)
    if is_main_process():
        whole = backbone if colour is None else in_colour(backbone, colour)
        save_backbone(whole, cells.backbone_file(job.places.runs, cell.key))
    seen = total_steps(config, len(images.images)) * batch if parts.objective.trains else 0
    costs = {
        "images": seen,
        "images_per_s": None if resumed else seen / (time.perf_counter() - started),
        "parameters": sum(parameter.numel() for parameter in backbone.parameters()),
        **per_image,
    }
    return [], costs


def _step_cost(row: Row, *, classes: int) -> dict[str, Any]:
    """What an image costs; empty where the objective cannot take the small batch that is counted on a CPU."""
    try:
        return asdict(step_cost(row.objective, row.config, classes=classes))
    except Exception:  # the count is extra; the training says what is wrong, if anything is
        traceback.print_exc()
        return {}


def _evaluate(job: Job, report: Report) -> Outcome:
    """Evaluate a backbone on one task."""
    cell = job.cell
    assert cell.upstream is not None
    assert cell.task is not None
    work_dir = job.folder / "work"
    work_dir.mkdir(exist_ok=True)
    context = Context(
        backbone=cells.backbone_file(job.places.runs, cell.upstream),
        spec=backbone_spec(job.config.row(cell.objective).config),
        data_root=job.places.data_root,
        work_dir=work_dir,
        store=job.places.store,
        seed=cell.seed,
        device=job.device,
        report=report,
    )
    assert cell.family is not None
    metrics = family(cell.family).run(job.config.tasks[cell.task], context)
    require_fractions(metrics)
    for file in context.kept.glob("*"):
        file.replace(job.folder / file.name)
    shutil.rmtree(work_dir)
    return [asdict(metric) for metric in metrics], {"images": None, "images_per_s": None, "parameters": None}


def require_fractions(metrics: Sequence[Metric]) -> None:
    """Refuse a number that no table could show.

    Raises:
        ValueError: a metric is not finite or outside [0, 1].
    """
    for metric in metrics:
        if not 0 <= metric.value <= 1:  # nor is nan
            raise ValueError(f"{metric.dataset}: {metric.metric} must be in [0, 1], got {metric.value}")


_KINDS: dict[str, Callable[[Job, Report], Outcome]] = {
    "prepare": _prepare,
    "pretrain": _pretrain,
    "evaluate": _evaluate,
}


def _reason(error: Exception, job: Job) -> str:
    """One line on why the cell failed."""
    text = " ".join(str(error).split()) or type(error).__name__
    checkpoint = job.folder / "checkpoint.pth"
    if isinstance(error, FloatingPointError):
        kept = f"last checkpoint kept at {checkpoint}" if checkpoint.exists() else "no checkpoint had been written"
        return f"{text}; {kept}"
    known = isinstance(error, ValueError | RuntimeError | OSError)
    return f"{text if known else f'{type(error).__name__}: {text}'} (see {job.folder / 'log.txt'})"
