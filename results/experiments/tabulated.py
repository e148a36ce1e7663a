"""The table of an experiment: every row's numbers, mean ± std over seeds and n."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterator, Sequence

from results.experiments.material import NON_SHARED, RETENTION, SHARED, Material, Row, Seeds
from results.statistics.inference import FEW, LEVEL, interval
from results.store.units import unit
from results.tables.layout import Entry, Table


def table_of(material: Material, rows: Sequence[Row], *, metrics: Sequence[str], values: Sequence[str] = ()) -> Table:
    """Lay out the numbers of rows.

    Args:
        material: the cells.
        rows: in their order.
        metrics: a column each, those that no row has left out; fractions in %, others in their unit.
        values: names of the attributes of `results.experiments.recipe.Recipe` that are swept, a column each.
    """
    found = [metric for metric in dict.fromkeys(metrics) if any(material.values(row, metric) for row in rows)]
    ceilings = {metric: _values_of(material, rows, metric) for metric in found if metric.endswith(_CEILING)}
    shown = [metric for metric in found if len(ceilings.get(metric, ())) != 1]
    said = {metric: _values_of(material, rows, metric, split="train") for metric in _KNOWN}
    known = [metric for metric, values in said.items() if len(values) > 1]
    several = len({row.config for row in rows}) > 1
    header = ["row", *(_words(name) for name in values), *known, *(_titled(material, metric) for metric in shown)]
    lines = []
    for row in rows:
        name = f"{row.config}: {row.name}" if several else row.name
        entries = [Entry(f"{name} (derived)" if row.name in material.derived else name)]
        entries += [_value(getattr(row.recipe, name)) for name in values]
        entries += [_entry(material.values(row, metric, split="train"), metric=metric) for metric in known]
        entries += [_entry(material.values(row, metric), metric=metric) for metric in shown]
        lines.append(entries)
    return Table(
        config=material.label,
        subject="numbers",
        caption=" ".join(
            [
                _CAPTION,
                *_remarks(material, rows, shown),
                *(_alike(name, *values) for name, values in {**said, **ceilings}.items() if len(values) == 1),
            ]
        ),
        header=header,
        objectives=[row.name for row in rows],
        rows=lines,
        notes=[],
        further=[],
    )


def estimates(*names: str) -> list[str]:
    """Metrics of estimators of information, each with its biases, its ceiling and its flag.

    Args:
        names: "infonce", "ksg", "decoder" or "noise"; the last two of h with "h_" before them.
    """
    return [f"{name}{end}" for name in names for end in (_INFORMATION, _BIAS, _FEW, _CEILING, _FLAG)]


_INFORMATION = "_information_nats"
_CAPTION = "Mean ± standard deviation over seeds (n); fractions in %, others in the unit that ends their name."
_FLAG = "_saturated"
_BIAS = "_bias_nats"
_FEW = "_few_bias_nats"
_CEILING = "_ceiling_nats"
_CLIPPED = re.compile(r".*(_retention(_shared|_non_shared)?|_r2)")  # below 0 where a probe misleads
_BRACKETED = (RETENTION, SHARED, NON_SHARED)
"""Metrics whose interval over seeds is in the table."""
_KNOWN = ("known_shared_nats", "known_entropy_nats", "known_non_shared_nats")


def _values_of(material: Material, rows: Sequence[Row], metric: str, *, split: str = "test") -> set[float]:
    """All values of a number, to a thousandth."""
    return {round(value, 3) for row in rows for value in material.values(row, metric, split=split).values()}


def _remarks(material: Material, rows: Sequence[Row], metrics: Sequence[str]) -> Iterator[str]:
    """Sentences on columns that are not what the caption says of all."""
    clipped = [metric for metric in metrics if _CLIPPED.fullmatch(metric)]
    if any(value == 0 for row in rows for metric in clipped for value in material.values(row, metric).values()):
        yield "Retention and R2 below 0, of a probe that misleads, count as 0."
    if any(metric.endswith(_BIAS) for metric in metrics):
        yield (
            "A bias is how far an estimator is off on Gaussians of which it says as much; it is not subtracted, and "
            "blank where it says more than of any Gaussians."
        )
    if any(metric.endswith(_FEW) for metric in metrics):
        yield "A few bias is of Gaussians whose information lies in few dimensions."
    estimators = [metric.removesuffix(_INFORMATION) for metric in metrics if metric.endswith(_INFORMATION)]
    without = [name for name in estimators if f"{name}{_BIAS}" not in metrics]
    if without:
        yield f"The bias of {' and of '.join(without)} is known of no row: it says more than of any Gaussians."
    if any(_is_bracketed(metric, material.values(row, metric)) for row in rows for metric in metrics):
        yield f"In brackets: the {LEVEL:.0%} bootstrap interval of the mean."


def _alike(metric: str, value: float) -> str:
    return f"{metric} is {value:.3f} wherever it is known."


def _titled(material: Material, metric: str) -> str:
    return metric if unit(metric) or metric.endswith(_FLAG) else material.places(metric)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: object) -> Entry:
    if isinstance(value, float):
        return Entry("" if math.isnan(value) else f"{value:g}", value=None if math.isnan(value) else value)
    return Entry(", ".join(map(str, value)) if isinstance(value, tuple) else "")


def _entry(seeds: Seeds, *, metric: str) -> Entry:
    return Entry(mean_text(seeds, metric=metric), value=statistics.fmean(seeds.values()) if seeds else None)


def _is_bracketed(metric: str, seeds: Seeds) -> bool:
    """Whether the interval over seeds is written; over fewer it is no more than their range."""
    return metric in _BRACKETED and len(seeds) >= FEW


def mean_text(seeds: Seeds, *, metric: str) -> str:
    """Write "12.3 ± 0.4 (5)", and of a flag "4 of 5 seeds"; "" without a number."""
    if not seeds:
        return ""
    if metric.endswith(_FLAG):
        return f"{sum(value > 0 for value in seeds.values())} of {len(seeds)} seed{'s' if len(seeds) != 1 else ''}"
    scale, digits = (1.0, 3) if unit(metric) else (100.0, 1)
    numbers = [scale * value for value in seeds.values()]
    spread = f" ± {statistics.stdev(numbers):.{digits}f}" if len(numbers) > 1 else ""
    bounds = interval(numbers) if _is_bracketed(metric, seeds) else None
    between = "" if bounds is None else f" [{bounds[0]:.{digits}f}, {bounds[1]:.{digits}f}]"
    return f"{statistics.fmean(numbers):.{digits}f}{spread}{between} ({len(numbers)})"
