"""What a row of an experiment is: its method and the values that are swept, read from a pretraining's inputs."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from results.order import CEILING

WEIGHTS = {"rc": 1.0, "lbe": 1.0, "ip": 5e-4, "mib": 5e-4, "noise": 0.0}
"""Weight of an infocl row whose arguments leave it open, by regulariser; those of `objectives.infocl`."""
INFOCL = "infocl"
MRCL = "mrcl"
SUPERINFO = "superinfo"
_BASE = "infonce"
_HUE = 3  # of brightness, contrast, saturation and hue


@dataclass(frozen=True)
class Recipe:
    """The swept values of a row; NaN or None where a row has none of the kind.

    Attributes:
        method: what is minimised, "infonce", "byol", "mrcl", and of infocl its regulariser: "rc", "lbe", "mib"; with
            the base in brackets where that is not infonce.
        weight: lambda of infocl and mrcl.
        superfluous_weight: of superinfo.
        predictive_weight: likewise.
        ratio: masked share of a view, of mrcl.
        shared: factors that both views have in common; None where that is not known.
        rendered: whether the second view is rendered anew with the shared factors of the first.
        crop: smallest share of the image that a crop covers; NaN where views are rendered or patches.
        jitter: strength of brightness jitter, which stands for all but the hue's; NaN where views are rendered.
        hue_jitter: strength of hue jitter in turns; likewise.
        gray_probability: of a view without colour; likewise.
        distance: between two patches, in pixels.
        told: what a supervised row is told, "labels" or "factors"; "" for any other.
    """

    method: str
    weight: float
    superfluous_weight: float
    predictive_weight: float
    ratio: float
    shared: tuple[str, ...] | None
    rendered: bool
    crop: float
    jitter: float
    hue_jitter: float
    gray_probability: float
    distance: float
    told: str


def recipe_values(inputs: Mapping[str, object], *, row: str) -> Recipe:
    """Read the swept values of a row; what its config sets and its views make nothing of is no value of it.

    Args:
        inputs: of its pretraining cell (`results.store.cells.Cell.inputs`).
        row: its name, which is its method where the inputs name no objective.
    """
    arguments, views = _part(inputs, "arguments"), _part(inputs, "views")
    factors, patches = _part(views, "factors"), _part(views, "patch_pair")
    rendered = factors.get("mode") == "rendered"
    augmented = {} if rendered else views
    objective = str(inputs.get("objective", row))
    shared = factors.get("shared")
    return Recipe(
        method=_method(objective, arguments),
        weight=_weight(objective, arguments),
        superfluous_weight=_number(arguments.get("superfluous_weight")),
        predictive_weight=_number(arguments.get("predictive_weight")),
        ratio=_number(arguments.get("ratio")) if objective == MRCL else math.nan,
        shared=tuple(map(str, shared)) if isinstance(shared, list | tuple) else None,
        rendered=rendered,
        crop=_at(augmented.get("crop_scale"), 0) if not patches else math.nan,
        jitter=_at(augmented.get("jitter"), 0),
        hue_jitter=_at(augmented.get("jitter"), _HUE),
        gray_probability=_number(augmented.get("grayscale_p")),
        distance=_number(patches.get("distance")),
        told=str(arguments.get("targets", "labels")) if objective == CEILING else "",
    )


def all_else(inputs: Mapping[str, object], *, paths: Iterable[str]) -> str:
    """Write the inputs of a pretraining without row, seed and some values, to tell which rows are equal in the rest.

    Args:
        inputs: of the pretraining cell.
        paths: dotted, such as "views.crop_scale"; those that are not there are passed over.
    """
    kept = copy.deepcopy(dict(inputs))
    for path in ("row", "seed", *paths):
        *parents, last = path.split(".")
        part: object = kept
        for name in parents:
            part = part.get(name) if isinstance(part, dict) else None
        if isinstance(part, dict):
            part.pop(last, None)
    return json.dumps(kept, sort_keys=True, default=str)


def _method(objective: str, arguments: Mapping[str, object]) -> str:
    kind = objective
    if objective == INFOCL:
        kind = str(arguments.get("regularizer", objective))
    if objective == SUPERINFO and arguments.get("bound", "rate") != "rate":
        kind = f"{objective} {arguments['bound']}"
    base = _part(arguments, "base").get("type", _BASE)
    return kind if base == _BASE else f"{kind} ({base})"


def _weight(objective: str, arguments: Mapping[str, object]) -> float:
    if objective not in (INFOCL, MRCL):
        return math.nan
    weight = arguments.get("weight")
    return WEIGHTS.get(str(arguments.get("regularizer")), math.nan) if weight is None else _number(weight)


def _part(mapping: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = mapping.get(name)
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def _at(value: object, place: int) -> float:
    return _number(value[place]) if isinstance(value, list | tuple) and place < len(value) else math.nan
