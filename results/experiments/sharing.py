"""Ways to change what two views share, the rows along each, and the information at which a row is drawn."""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from results.experiments.material import KNOWN, Material, Row, Seeds, is_reference
from results.experiments.recipe import Recipe, all_else
from results.order import REFERENCE

MEASURED = "infonce_information_nats"
"""InfoNCE's bound on what the views share, of the trained features; it cannot exceed log K."""
SATURATED = "infonce_saturated"
Swept = float | tuple[str, ...]
"""A number, or the factors that are shared."""


@dataclass(frozen=True)
class Axis:
    """A way to change what views share.

    Attributes:
        name: for titles.
        paths: inputs of a pretraining that differ along it.
        value: what is swept, of a row; None where the row has none.
        place: of a value, from the least that is shared on.
        swept: what the value is, with its unit; "" where the information itself is known.
    """

    name: str
    paths: tuple[str, ...]
    value: Callable[[Recipe], Swept | None]
    place: Callable[[Swept], float]
    swept: str

    def is_known(self) -> bool:
        """Whether what the views share is known along it, and need not be measured."""
        return self.name == "shared factors"


def _many(value: Swept) -> float:
    return float(len(value)) if isinstance(value, tuple) else value


def _less(value: Swept) -> float:
    return -_many(value)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


AXES = (
    Axis("shared factors", ("views.factors.shared",), lambda own: own.shared if own.rendered else None, _many, ""),
    Axis("patch distance", ("views.patch_pair.distance",), lambda own: _known(own.distance), _less, "distance in px"),
    Axis("crop", ("views.crop_scale",), lambda own: _known(own.crop), _many, "smallest share of a crop"),
    Axis("colour jitter", ("views.jitter",), lambda own: _known(own.jitter), _less, "strength of the jitter"),
)


@dataclass(frozen=True)
class Line:
    """One method along one axis.

    Attributes:
        axis: the axis.
        method: the method.
        points: shared information in nats (mean over seeds; NaN where it is not known) and row, in the order of the
            swept value, from where the least is shared on.
    """

    axis: Axis
    method: str
    points: tuple[tuple[float, Row], ...]


def lines(material: Material) -> list[Line]:
    """Find rows of one method that are equal in all but one way to change what views share, two at least."""
    found = []
    for axis in AXES:
        groups: dict[tuple[str, str], dict[Swept, Row]] = defaultdict(dict)
        for row in material.rows:
            value = axis.value(row.recipe)
            if value is not None and not is_reference(row):
                groups[row.recipe.method, all_else(row.inputs, paths=axis.paths)].setdefault(value, row)
        for (method, _), rows in groups.items():
            ordered = [rows[value] for value in sorted(rows, key=axis.place)]
            points = [(information(material, axis, row), row) for row in ordered]
            if sum(not math.isnan(x) for x, _ in points) > 1:
                found.append(Line(axis, method, tuple(points)))
    return found


def information(material: Material, axis: Axis, row: Row) -> float:
    """What the views of a row share, in nats: known, or as InfoNCE's bound measures it; NaN without a number.

    It is a property of the views, so there is one estimate per view policy: that of infonce, whatever the row's method.
    """
    own = material.values(row, KNOWN, split="train") if axis.is_known() else _measured(material, row, MEASURED)
    return statistics.fmean(own.values()) if own else math.nan


def _measured(material: Material, row: Row, metric: str) -> Seeds:
    """A number that says what the views of a row share: that of infonce with the same views."""
    views = _views(row)
    same = (other for other in material.of(REFERENCE) if other.config == row.config and _views(other) == views)
    return next((material.values(other, metric) for other in same if material.values(other, MEASURED)), {})


def saturated(material: Material, line: Line) -> dict[str, tuple[float, float]]:
    """Rows with any seed at the bound's ceiling -> the information they are drawn at, and the share of such seeds."""
    if line.axis.is_known():
        return {}
    shares = {row.name: (x, list(_measured(material, row, SATURATED).values())) for x, row in line.points}
    return {name: (x, statistics.fmean(flags)) for name, (x, flags) in shares.items() if any(flags)}


def _views(row: Row) -> str:
    return json.dumps(row.inputs.get("views"), sort_keys=True, default=str)
