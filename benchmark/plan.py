"""From a config, objectives and seeds to the cells that have to exist."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import Any

from benchmark.cells import Cell
from benchmark.config import BenchConfig, TrainingConfig
from benchmark.errors import UserError, blaming_the_user, unknown
from benchmark.pairs import FAMILIES
from benchmark.preflight import Data
from benchmark.pretrain import backbone_spec
from benchmark.source_of_cells import IMPORTED, with_source
from benchmark.views.making import is_rendered
from downstream.dense import load_config
from downstream.factor_options import FactorOptions
from downstream.tasks import DetectionOptions, SegmentationOptions
from objectives.registry import OBJECTIVES, resolve
from results.order import CEILING, FLOOR


def choose_rows(text: str, config: BenchConfig) -> list[str]:
    """Names from `mrcl,infonce`; `all` is the rows that the config names, or every registered objective that it takes.

    Objectives with a jigsaw puzzle, which shows the whole image, do not go with views that show less of it.

    Raises:
        UserError: neither a row of the config nor a registered objective.
    """
    registered = sorted(OBJECTIVES.module_dict)
    for name, row in config.rows.items():
        if name in OBJECTIVES.module_dict and name != row.objective:
            raise UserError(f"rows.{name}: a row with the name of an objective must be that one, got {row.objective!r}")
    known = list(dict.fromkeys([*config.rows, *registered]))
    partial = is_rendered(config) or config.views.patch_pair is not None
    taken = [name for name in registered if not (partial and OBJECTIVES.get(name).needs_patches)]
    return _choose("objective", text, known, groups={"all": list(config.rows) or taken})


def with_references(rows: Sequence[str]) -> list[str]:
    """The rows with floor and ceiling around them: the config's rows of these names, else the objectives."""
    return list(dict.fromkeys([FLOOR, *rows, CEILING]))


def choose_objectives(text: str) -> list[str]:
    """Names of registered objectives from `mrcl,infonce` or `all`.

    Raises:
        UserError: a name is not registered.
    """
    return _choose("objective", text, sorted(OBJECTIVES.module_dict), groups={})


def choose_tasks(text: str, config: BenchConfig) -> list[str]:
    """Names of tasks of the config, from their own names, those of their families, or `all`.

    Raises:
        UserError: neither a task nor a family of the config.
    """
    families: dict[str, list[str]] = {}
    for name, options in config.tasks.items():
        families.setdefault(options.family, []).append(name)
    return _choose("task", text, list(config.tasks), groups=families)


def tasks_of(config: BenchConfig, row: str, tasks: Sequence[str]) -> list[str]:
    """Those of some tasks on which a row is evaluated."""
    return [task for task in tasks if config.row(row).has(task)]


def needed_tasks(config: BenchConfig, rows: Sequence[str], tasks: Sequence[str]) -> list[str]:
    """Those of some tasks on which any of the rows is evaluated.

    Raises:
        UserError: there are tasks, and no row is evaluated on any.
    """
    needed = [task for task in tasks if any(config.row(row).has(task) for row in rows)]
    if tasks and not needed:
        raise UserError(f"tasks: none of {', '.join(rows)} is evaluated on {', '.join(tasks)} in this config")
    return needed


def choose_seeds(text: str) -> list[int]:
    """Whole numbers from `0,1,2`.

    Raises:
        UserError: something else.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and int(word) < 2**32 for word in words):
        raise UserError(f"seeds: whole numbers from 0 to 2**32 - 1 separated by commas, got {text!r}")
    return list(dict.fromkeys(map(int, words)))


def _choose(kind: str, text: str, known: list[str], *, groups: dict[str, list[str]]) -> list[str]:
    groups = {"all": known, **groups}
    chosen: list[str] = []
    for word in (word.strip() for word in text.split(",")):
        if word not in known and word not in groups:
            raise unknown(kind, word, {*known, *groups} - {"all"})
        chosen += [word] if word in known else groups[word]
    return list(dict.fromkeys(chosen))


# What of the view policy a preparation reads.
_CROPS = ("size", "crop_scale", "crop_ratio", "flip", "mean", "std", "patch_pair")


def prepare_cell(config: BenchConfig, name: str, *, row: str, seed: int, data: Data) -> Cell | None:
    """The training of the colour space that a row's views are made by, with one seed; None where there is none.

    The row does not enter the key: rows with the same generator share it.
    """
    config = config.row(row).config
    views = asdict(config.views)
    generator = config.views.generator
    if generator is None or generator.training is None:
        return None
    inputs = {
        "generator": views["generator"],
        "views": {key: views[key] for key in _CROPS},
        "data": data.images.digest,
        "seed": seed,
        "threads": config.threads,
    }
    return with_source(Cell("prepare", name, row, seed, task=None, family=None, upstream=None, inputs=inputs))


def pretrain_cell(
    config: BenchConfig, name: str, *, row: str, seed: int, data: Data, prepared: Cell | None = None
) -> Cell:
    """The pretraining of one row with one seed, on views that `prepared` makes.

    What an objective does not read does not enter its key: a row that does not train depends on the model alone, and on
    the colour space if it has one.
    """
    objective, config = config.row(row).objective, config.row(row).config
    spec = backbone_spec(config)
    arguments = resolve(objective, config.objectives)
    inputs: dict[str, Any] = {
        "row": row,
        "objective": objective,
        "arguments": arguments,
        "seed": seed,
        "model": asdict(config.model),
        "input": [config.views.size, spec.mean, spec.std, None if spec.colour is None else asdict(spec.colour)],
    }
    if OBJECTIVES.get(objective).trains:
        views = asdict(config.views)
        jigsaw = views.pop("jigsaw")
        if OBJECTIVES.get(objective).needs_patches:
            inputs["jigsaw"] = jigsaw
        inputs |= {"data": data.images.digest, "views": views, "training": _training(config.training)}
        inputs["processes"] = config.processes
        inputs["threads"] = config.threads
    upstream = None if prepared is None else prepared.key
    return with_source(Cell("pretrain", name, row, seed, task=None, family=None, upstream=upstream, inputs=inputs))


def _training(training: TrainingConfig) -> dict[str, Any]:
    """What of the training enters a key: chunks where there are several, so that all others keep the name they had."""
    found = asdict(training)
    return found if training.chunks > 1 else {name: value for name, value in found.items() if name != "chunks"}


def evaluate_cell(config: BenchConfig, pretrained: Cell, *, task: str, data: Data) -> Cell:
    """The evaluation of one pretrained backbone on one task; what will be skipped has no fingerprint of its data.

    A task that looks at pairs of views, or at what they share, depends on them also where the pretraining does not.
    """
    options, fingerprint = config.tasks[task], data.fingerprints.get(task)
    inputs: dict[str, Any] = {
        "task": task,
        "options": asdict(options),
        "config": _resolved(options)
        if fingerprint is not None and isinstance(options, DetectionOptions | SegmentationOptions)
        else None,
        "seed": pretrained.seed,
        "threads": config.threads,
        "data": fingerprint,
    }
    views = config.row(pretrained.objective).config.views
    if options.family in FAMILIES:
        inputs["pairs"] = [asdict(views), data.images.digest]
    if options.family == FactorOptions.family:
        foreign = pretrained.inputs["objective"] == IMPORTED
        inputs["shared"] = None if foreign or views.factors is None else views.factors.shared
    return with_source(
        replace(pretrained, kind="evaluate", task=task, family=options.family, upstream=pretrained.key, inputs=inputs)
    )


def _resolved(options: DetectionOptions | SegmentationOptions) -> Any:
    """The whole mm config of a dense task, its bases included, as JSON values."""
    overrides = json.dumps(options.overrides, sort_keys=True)
    return json.loads(_resolved_text(options.config, overrides))


@cache
def _resolved_text(config: str, overrides: str) -> str:
    with blaming_the_user():
        return json.dumps(load_config(config, overrides=json.loads(overrides)).to_dict(), default=str)


def plan(
    config: BenchConfig, name: str, *, rows: Sequence[str], seeds: Sequence[int], tasks: Sequence[str], data: Data
) -> list[list[Cell]]:
    """One chain a row of the benchmark: a pretraining, then its evaluations; before them, learned views are prepared.

    They come seed by seed, so that rows fill evenly. A row is evaluated on those of the tasks that it has.
    """
    chains = []
    for seed in seeds:
        for row in rows:
            prepared = prepare_cell(config, name, row=row, seed=seed, data=data)
            pretrained = pretrain_cell(config, name, row=row, seed=seed, data=data, prepared=prepared)
            own = tasks_of(config, row, tasks)
            evaluations = [evaluate_cell(config, pretrained, task=task, data=data) for task in own]
            chains.append([*([] if prepared is None else [prepared]), pretrained, *evaluations])
    return chains
