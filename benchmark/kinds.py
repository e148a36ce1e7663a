"""What each kind of cell is: a preparation of views, a pretraining, the import of a checkpoint, an evaluation."""

from __future__ import annotations

import os
import shutil
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from benchmark import cells
from benchmark.allocator import keep_freed_memory
from benchmark.config import BenchConfig, LoggingConfig, Row
from benchmark.data.pretraining import NO_IMAGES, open_pretraining
from benchmark.environment import peak_memory_bytes, prepare_process
from benchmark.generator_model import settings
from benchmark.generator_model import total_steps as generator_steps
from benchmark.job import Job
from benchmark.known_information import known_metrics
from benchmark.pairs import view_pairs
from benchmark.prepare import prepare
from benchmark.pretrain import Parts, backbone_spec, build_parts, pretrain, total_steps
from benchmark.processes import on_processes
from benchmark.source_of_cells import IMPORTED, check_source
from benchmark.step_cost import step_cost
from benchmark.training_hooks import AtomicCheckpoint, Scalars
from benchmark.views.channel_split import ChannelSplit
from downstream.backbone import in_colour, save_backbone
from downstream.checkpoints import digest, import_backbone
from downstream.colour import ColourSpace, load_colour
from downstream.families import family
from downstream.imagefolder import ImageSet
from downstream.matching import describe
from downstream.projector import save_projector
from downstream.tasks import Context, Metric, Report
from downstream.weights import write_weights
from objectives.registry import OBJECTIVES, load_objectives
from results.store.units import allowed, unit

Found = tuple[list[dict[str, Any]], dict[str, Any]]
"""Metrics and costs."""


def _prepare(job: Job, report: Report) -> Found:
    """Train a colour space, or go on with a training that was killed."""
    cell, config = job.cell, job.config.row(job.cell.objective).config
    images = _images(job)
    _, training = settings(config.views)
    resumed, started = (job.folder / "checkpoint.pth").exists(), time.perf_counter()
    hooks = step_hooks(job.folder, config.logging, batch=training.batch, report=report)
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


def step_hooks(folder: Path, logging: LoggingConfig, *, batch: int, report: Report) -> list[Hook]:
    """What accompanies a training in the folder: its scalars and its checkpoints."""
    return [
        Scalars(
            folder / "scalars.csv",
            interval=logging.interval,
            checkpoint=logging.checkpoint,
            images=batch,
            report=report,
        ),
        AtomicCheckpoint(folder / "checkpoint.pth", interval=logging.checkpoint),
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


def _pretrain(job: Job, report: Report) -> Found:
    """Pretrain, on several processes if the config has it so."""
    if job.cell.inputs["objective"] == IMPORTED:
        return _import(job)
    row = job.config.row(job.cell.objective)
    if row.config.processes == 1 or not OBJECTIVES.get(row.objective).trains:
        return _train(job, report)
    outcomes = on_processes(row.config.processes, _train_share, job, report, folder=job.folder / "torchrun")
    metrics, costs = outcomes[0]
    return metrics, costs | {"peak_memory_bytes": max(each["peak_memory_bytes"] for _, each in outcomes)}


def _import(job: Job) -> Found:
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


def _train_share(job: Job, report: Report) -> Found:
    """What one of several processes does."""
    device = f"cuda:{os.environ['LOCAL_RANK']}" if job.device.startswith("cuda") else job.device
    prepare_process(device, threads=job.config.threads)
    load_objectives(job.plugins)
    check_source(job.cell)
    metrics, costs = _train(replace(job, device=device), report)
    return metrics, costs | {"peak_memory_bytes": peak_memory_bytes(device)}


def _train(job: Job, report: Report) -> Found:
    """Pretrain, or go on with a pretraining that was killed."""
    keep_freed_memory()
    cell, row = job.cell, job.config.row(job.cell.objective)
    config = row.config
    images = _images(job) if OBJECTIVES.get(row.objective).trains else NO_IMAGES
    parts, batch = make_parts(job, images), config.training.batch
    hooks = step_hooks(job.folder, config.logging, batch=batch, report=report)
    per_image = _step_cost(row, classes=len(images.classes))
    resumed, started = (job.folder / "checkpoint.pth").exists(), time.perf_counter()
    backbone = pretrain(parts, images, config, seed=cell.seed, work_dir=job.folder, hooks=hooks)
    if is_main_process():
        whole = backbone if parts.split is None else in_colour(backbone, parts.split.colour)
        save_projector(parts.network.projector, cells.projector_file(job.places.runs, cell.key))
        save_backbone(whole, cells.backbone_file(job.places.runs, cell.key))
    seen = total_steps(config, len(images.images)) * batch if parts.objective.trains else 0
    costs = {
        "images": seen,
        "images_per_s": None if resumed else seen / (time.perf_counter() - started),
        "parameters": sum(parameter.numel() for parameter in backbone.parameters()),
        **per_image,
    }
    return known_metrics(config) if parts.objective.trains else [], costs


def make_parts(job: Job, images: ImageSet) -> Parts:
    """What the row of a pretraining is made of, as it is initialised."""
    row, seed = job.config.row(job.cell.objective), job.cell.seed
    parts = build_parts(row.objective, row.config, seed=seed, classes=len(images.classes), device=job.device)
    colour = _colour(job, row.config)
    return parts if colour is None else replace(parts, split=ChannelSplit(colour, seed=seed))


def _step_cost(row: Row, *, classes: int) -> dict[str, Any]:
    """What an image costs; empty where the objective cannot take the small batch that is counted on a CPU."""
    try:
        return asdict(step_cost(row.objective, row.config, classes=classes))
    except Exception:  # the count is extra; the training says what is wrong, if anything is
        traceback.print_exc()
        return {}


def _evaluate(job: Job, report: Report) -> Found:
    """Evaluate a backbone on one task."""
    cell = job.cell
    assert cell.upstream is not None
    assert cell.task is not None
    work_dir = job.folder / "work"
    work_dir.mkdir(exist_ok=True)
    config = job.config.row(cell.objective).config
    projector = cells.projector_file(job.places.runs, cell.upstream)
    context = Context(
        backbone=cells.backbone_file(job.places.runs, cell.upstream),
        spec=backbone_spec(config),
        data_root=job.places.data_root,
        work_dir=work_dir,
        store=job.places.store,
        seed=cell.seed,
        device=job.device,
        report=report,
        projector=projector if projector.exists() else None,
        shared=cell.inputs.get("shared"),
        pairs=view_pairs(config, seed=cell.seed, data_root=job.places.data_root, store=job.places.store),
    )
    assert cell.family is not None
    metrics = family(cell.family).run(job.config.tasks[cell.task], context)
    require_values(metrics)
    for file in context.kept.glob("*"):
        file.replace(job.folder / file.name)
    shutil.rmtree(work_dir)
    return [asdict(metric) for metric in metrics], {"images": None, "images_per_s": None, "parameters": None}


def require_values(metrics: Sequence[Metric]) -> None:
    """Refuse a number that no table could show.

    Raises:
        ValueError: a metric is not finite, or a fraction outside [0, 1].
    """
    for metric in metrics:
        if not allowed(metric.metric, metric.value):
            what = "finite" if unit(metric.metric) else "in [0, 1]"
            raise ValueError(f"{metric.dataset}: {metric.metric} must be {what}, got {metric.value}")


KINDS: dict[str, Callable[[Job, Report], Found]] = {
    "prepare": _prepare,
    "pretrain": _pretrain,
    "evaluate": _evaluate,
}
