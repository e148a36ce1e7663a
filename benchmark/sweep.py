"""`clbench sweep`: one row under several values of one or two parameters, and the one that validation data choose."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmark import bench, reporting
from benchmark.config import BenchConfig
from benchmark.errors import UserError, blaming_the_user, unknown
from benchmark.plan import choose_tasks
from benchmark.request import Request
from benchmark.settings import Settings, Variant
from objectives.registry import OBJECTIVES, load_objectives, resolve
from results.order import REFERENCE

_MOST = 2  # parameters: a figure has two axes
_SECTIONS = ("objectives", "training", "views", "model")  # of a config, that rows read


@dataclass(frozen=True)
class Parameter:
    """One swept parameter.

    Attributes:
        name: as the user wrote it: an argument of the objective, or a dotted key of the config.
        values: texts of numbers.
    """

    name: str
    values: tuple[str, ...]


def run(request: Request, *, row: str, parameters: Sequence[str], by: str | None) -> int:
    """Compute the cells of a sweep, show its table and figures, and say which value validation data choose.

    Args:
        request: the grid; its objectives do not count.
        row: the row that is varied.
        parameters: texts `name=value,value`.
        by: the task that chooses; None = the first that has validation data.

    Returns:
        0, or 1 if a cell failed.

    Raises:
        UserError: something is wrong with the request; nothing has been trained or overwritten.
    """
    with blaming_the_user():
        load_objectives(request.settings.plugins)
    config = request.settings.resolve()
    if row not in config.rows and row not in OBJECTIVES.module_dict:
        raise unknown("objective", row, {*config.rows, *OBJECTIVES.module_dict})
    tasks = choose_tasks(request.tasks, config)
    if by is not None and by not in tasks:
        raise unknown("task", by, tasks)
    settings = swept(request.settings, config, row=row, parameters=[_parameter(text) for text in parameters])
    status = bench.run(replace(request, settings=settings, objectives="all"), stages=("pretrain", "evaluate", "report"))
    try:
        chosen = list(reporting.choices(request.places.runs, label=settings.label, by=by))
        print("\n".join(chosen) or "nothing is chosen: no two rows differ in what was swept, and in nothing else")
    except UserError as error:  # what was computed is there all the same
        print(f"nothing is chosen: {error}")
    return status


def swept(plain: Settings, config: BenchConfig, *, row: str, parameters: Sequence[Parameter]) -> Settings:
    """The settings whose rows are the variants, beside the reference row.

    Raises:
        UserError: too many parameters.
    """
    if not 1 <= len(parameters) <= _MOST:
        raise UserError(f"param: one or two are allowed, got {len(parameters)}")
    objective = config.row(row).objective
    variants = [] if objective == REFERENCE else [Variant(REFERENCE, REFERENCE, ())]
    for values in itertools.product(*(parameter.values for parameter in parameters)):
        pairs = [(parameter.name, value) for parameter, value in zip(parameters, values, strict=True)]
        name = " ".join(f"{parameter}={value}" for parameter, value in pairs)
        overrides = tuple(f"{_key(parameter, objective)}={value}" for parameter, value in pairs)
        variants.append(Variant(f"{row} {name}", row, overrides))
    label = "-".join([plain.label, row, *(parameter.name for parameter in parameters)])
    settings = replace(plain, label=label, variants=tuple(variants))
    _check_that_rows_differ(settings, row=row, parameters=parameters)
    return settings


def _check_that_rows_differ(settings: Settings, *, row: str, parameters: Sequence[Parameter]) -> None:
    """Refuse parameters that change nothing of the row, as those of an objective that it does not stand on."""
    config = settings.resolve()
    seen: list[tuple[dict[str, Any], BenchConfig]] = []
    for variant in (each for each in settings.variants if each.row == row):
        own = config.row(variant.name)
        reached = (resolve(own.objective, own.config.objectives), replace(own.config, objectives={}))
        if reached in seen:
            names = " and ".join(parameter.name for parameter in parameters)
            raise UserError(
                f"param: two values of {names} give {row} the same settings; a base that has its own is reached by "
                f"objectives.{own.objective}.base.*"
            )
        seen.append(reached)


def _parameter(text: str) -> Parameter:
    name, equals, values = text.partition("=")
    words = [word.strip() for word in values.split(",")]
    if not name.strip() or not equals or not all(map(_is_number, words)) or len(set(map(float, words))) < 2:
        raise UserError(f"param: name=number,number,... is expected, got {text!r}")
    first, _, rest = name.strip().partition(".")
    if rest and first not in _SECTIONS:
        sections = ", ".join(f"{section}.*" for section in _SECTIONS)
        raise UserError(f"param: an argument of the objective or one of {sections} is expected, got {name.strip()!r}")
    once: dict[float, str] = {}
    for word in words:
        once.setdefault(float(word), word)
    return Parameter(name.strip(), tuple(once.values()))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _key(name: str, objective: str) -> str:
    """The key of the config that a parameter sets."""
    return name if "." in name else f"objectives.{objective}.{name}"
