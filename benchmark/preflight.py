"""Everything that can be wrong with what the user gave is found here, before the first training step.

What the user mistyped is an error; what the machine or the data lack is a task that will be skipped.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from benchmark.arguments import check_arguments
from benchmark.config import BenchConfig, Row
from benchmark.data import embedded
from benchmark.data.pretraining import NO_IMAGES, open_pretraining
from benchmark.data_check import data_of, missing_libraries
from benchmark.errors import UserError, blaming_the_user, unknown
from benchmark.findings import Findings
from benchmark.optimisers import OPTIMISERS, PRECISIONS, SCHEDULES
from benchmark.pairs import FAMILIES
from benchmark.places import Places as Places
from benchmark.pretrain import build_parts
from benchmark.progress import progress_lines
from benchmark.sharing_checks import check_factors
from benchmark.views.making import is_rendered
from benchmark.views.patch_pair import check_fits
from downstream.dense import load_config
from downstream.imagefolder import ImageSet
from downstream.tasks import DetectionOptions, SegmentationOptions, TaskOptions
from objectives.registry import OBJECTIVES
from results.order import CEILING


@dataclass(frozen=True)
class Data:
    """What the checks found out about the data.

    Attributes:
        images: the pretraining images; none where no row trains.
        fingerprints: task name -> hash of its data.
        skips: task name -> why its data cannot be read, or not by what is installed; such a task has no fingerprint.
    """

    images: ImageSet
    fingerprints: dict[str, str]
    skips: dict[str, str] = field(default_factory=dict)


def check_writable(runs: Path) -> None:
    """Refuse a runs folder that cannot be written, or one in which another user's folders cannot.

    Raises:
        UserError: it is a file, or the system forbids it.
    """
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"runs: {runs} must be a folder that can be written: {error.strerror}") from error
    for folder in (runs, runs / "cells", runs / "plans"):
        if folder.exists() and not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            raise UserError(f"runs: {folder} must be a folder that can be written")


def check_training(config: BenchConfig, *, device: str) -> None:
    """Refuse values of the training that no run could use.

    Raises:
        UserError: names the key, what is allowed and what it got.
    """
    training, logging, model = config.training, config.logging, config.model
    for name, value, known in (
        ("optimiser", training.optimiser, OPTIMISERS),
        ("precision", training.precision, PRECISIONS),
        ("schedule", training.schedule, SCHEDULES),
    ):
        if value not in known:
            raise UserError(f"training.{name}: {unknown(name, value, known)}")
    if training.precision == "float16" and device == "cpu":
        raise UserError("training: precision must be float32 or bfloat16 on a CPU, got float16")
    for name, number, low in (
        ("training.epochs", training.epochs, 0.0),
        ("training.lr", training.lr, 0.0),
        ("training.batch", training.batch, 1),
        ("training.chunks", training.chunks, 0),
        ("threads", config.threads, 0),
        ("processes", config.processes, 0),
        ("logging.interval", logging.interval, 0),
        ("logging.checkpoint", logging.checkpoint, 0),
        ("model.projection", model.projection, 0),
        ("model.hidden", model.hidden, -1),
        ("data.image_size", config.data.image_size, 0),
        ("data.workers", config.data.workers, -1),
    ):
        if not low < number < math.inf:
            raise UserError(f"{name} must be > {low:g}{' and finite' if number > low else ''}, got {number}")
    _check_processes(config.processes, batch=training.batch, device=device)
    _check_chunks(training.chunks, images=training.batch // config.processes)
    if not 0 <= training.weight_decay < math.inf:
        raise UserError(f"training.weight_decay must be >= 0 and finite, got {training.weight_decay}")
    for name, share in (("warmup", training.warmup), ("momentum", training.momentum)):
        if not 0 <= share < 1:
            raise UserError(f"training.{name} must be in [0, 1), got {share}")
    if not 0 <= training.final_lr <= 1:
        raise UserError(f"training.final_lr must be in [0, 1], got {training.final_lr}")
    check_factors(config)


def check_row(row: Row, *, images: ImageSet) -> None:
    """Build the objective of a row once, so that a bad hyper-parameter is found now.

    Raises:
        UserError: it is unknown, refuses its arguments, its batch is larger than the data set, or its images do not
            hold the patches that are its views.
    """
    config = row.config
    for name, arguments in config.objectives.items():
        if name not in OBJECTIVES.module_dict:
            raise unknown("objective", name, OBJECTIVES.module_dict)
        check_arguments(name, arguments)
    if row.objective not in OBJECTIVES.module_dict:
        raise unknown("objective", row.objective, OBJECTIVES.module_dict)
    trains = OBJECTIVES.get(row.objective).trains
    if trains and len(images.images) < config.training.batch:
        raise UserError(
            f"training.batch must be at most the number of pretraining images, {len(images.images)}, "
            f"got {config.training.batch}"
        )
    _check_generator(config, images)
    pair = config.views.patch_pair
    if pair is not None and needs_images(row):
        with blaming_the_user():
            check_fits(pair, image_size=(images.images.shape[2], images.images.shape[3]))
    with blaming_the_user():
        try:
            parts = build_parts(row.objective, config, seed=0, classes=len(images.classes), device="cpu")
        except RuntimeError as error:  # torch on sizes that no memory holds
            raise ValueError(f"{row.objective}: cannot be built: {str(error).splitlines()[0]}") from error
    if parts.objective.needs_patches != OBJECTIVES.get(row.objective).needs_patches:
        raise UserError(f"{row.objective}: needs_patches must be set on the class, what is on an object is not hashed")
    if parts.objective.needs_patches and config.views.generator is not None:
        raise UserError(f"{row.objective}: the patches of a jigsaw puzzle are not split, views.generator must be None")
    if parts.objective.needs_patches and pair is not None:
        raise UserError(f"{row.objective}: a jigsaw puzzle shows the whole image, views.patch_pair must be None")
    if parts.objective.needs_patches and is_rendered(config):
        rule = "a jigsaw puzzle shows every factor, views.factors.mode must be augmented, got rendered"
        raise UserError(f"{row.objective}: {rule}")
    shared = () if config.views.factors is None else config.views.factors.shared
    if parts.objective.needs_labels and is_rendered(config) and "shape" not in shared:
        raise UserError(f"{row.objective}: both views must show the label, views.factors.shared must name shape")
    if parts.objective.needs_labels and (images.labels < 0).any():
        unlabelled = int((images.labels < 0).sum())
        raise UserError(f"{row.objective}: every pretraining image must have a label, {unlabelled} have none")


def without_ceiling(rows: Sequence[str], *, asked: Sequence[str], images: ImageSet, findings: Findings) -> list[str]:
    """Leave out the ceiling where it was added to the rows that were asked for, and images have no labels."""
    unlabelled = int((images.labels < 0).sum())
    if CEILING in asked or CEILING not in rows or not unlabelled:
        return list(rows)
    findings.add(f"{CEILING} (ceiling)", f"{unlabelled} of {len(images.images)} pretraining images have no label")
    return [row for row in rows if row != CEILING]


def _check_generator(config: BenchConfig, images: ImageSet) -> None:
    """Refuse a generator that wants more images, or more labelled ones, than there are."""
    training = None if config.views.generator is None else config.views.generator.training
    if training is None:
        return
    known, count = int((images.labels >= 0).sum()), len(images.images)
    if training.supervised and training.labelled > known:
        raise UserError(
            f"views: generator labelled must be at most the number of pretraining images with a label, {known}, "
            f"got {training.labelled}"
        )
    if training.batch > count:
        raise UserError(
            f"views: generator batch must be at most the number of pretraining images, {count}, got {training.batch}"
        )


def _check_processes(processes: int, *, batch: int, device: str) -> None:
    """Refuse a number of processes that cannot share a batch, or for which there are no GPUs."""
    if processes == 1:
        return
    if batch % processes or batch < 2 * processes:
        raise UserError(
            f"training.batch must be divisible by processes, {processes}, with two images or more for each, got {batch}"
        )
    if device.startswith("cuda:"):
        raise UserError(f"device: must be cuda, for all GPUs, or cpu with processes={processes}, got {device!r}")
    if device == "cuda" and processes > torch.cuda.device_count():
        raise UserError(f"processes must be at most the number of GPUs, {torch.cuda.device_count()}, got {processes}")


def _check_chunks(chunks: int, *, images: int) -> None:
    """Refuse chunks of unequal size, and of single images, of which batch norm can take no variance."""
    if chunks > 1 and (images % chunks or images < 2 * chunks):
        raise UserError(
            f"training.chunks must divide the images of a process, {images}, with two or more in each, got {chunks}"
        )


def needs_images(row: Row) -> bool:
    """Whether something is trained for a row: its backbone, or the views of it."""
    kind, generator = OBJECTIVES.module_dict.get(row.objective), row.config.views.generator
    return kind is None or kind.trains or (generator is not None and generator.training is not None)


def needs_pairs(config: BenchConfig, tasks: Sequence[str]) -> bool:
    """Whether a task looks at pairs of views, which are made of the pretraining images, whatever rows train."""
    return any(config.tasks[task].family in FAMILIES for task in tasks)


class PretrainingImagesError(UserError):
    """There are none, or they are malformed."""


def prepare_data(
    config: BenchConfig, tasks: Sequence[str], places: Places, *, training: bool, findings: Findings
) -> Data:
    """Make the embedded data if the config asks for them, and check every tree that will be read.

    A task whose data or libraries are not there, or are malformed, is one that will be skipped.

    Raises:
        PretrainingImagesError: something is to be trained, and its images are missing or malformed.
        UserError: the config of a task names what does not exist.
    """
    with blaming_the_user():
        embedded.make(config.data, places.data_root / config.data.tree, say=findings.say)
    findings.say("data: checking")
    images = _open_images(config, places, findings=findings) if training else NO_IMAGES
    fingerprints, skips = check_tasks(config, tasks, places, findings=findings)
    return Data(images, fingerprints, skips)


def _open_images(config: BenchConfig, places: Places, *, findings: Findings) -> ImageSet:
    try:
        with progress_lines("pretraining images", findings.say) as report:
            images = open_pretraining(config.data, data_root=places.data_root, store=places.store, report=report)
    except (OSError, ValueError) as error:
        raise PretrainingImagesError(" ".join(str(error).split())) from error
    findings.add("pretraining images", None)
    return images


def check_tasks(
    config: BenchConfig, tasks: Sequence[str], places: Places, *, findings: Findings
) -> tuple[dict[str, str], dict[str, str]]:
    """Check libraries, config and data of tasks.

    Returns:
        Hashes of the data of those that can be read, and why the others will be skipped, both by name.

    Raises:
        UserError: the config of a task names what does not exist.
    """
    fingerprints, skips = {}, {}
    for name in tasks:
        _check_config(config.tasks[name])
    for name, (fingerprint, reason) in data_of({name: config.tasks[name] for name in tasks}, places, findings.say):
        if reason is not None:
            skips[name] = reason
        else:
            fingerprints[name] = fingerprint
        findings.add(f"{name} data", reason)
    return fingerprints, skips


def _check_config(options: TaskOptions) -> None:
    """Read the mm config of a task, unless it may have its base in a library that is not installed.

    Raises:
        UserError: it names what does not exist.
    """
    if isinstance(options, DetectionOptions | SegmentationOptions) and not missing_libraries(options):
        with blaming_the_user():
            load_config(options.config, overrides=options.overrides)
