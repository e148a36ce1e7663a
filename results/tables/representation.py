"""The tables of what is measured of the features without labels: their quality, and the information in them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from results.store.units import REPRESENTATION
from results.tables.contents import Contents
from results.tables.layout import Entry, Footnotes, Table
from results.tables.means import mean_entry, spread

_Summary = Mapping[tuple[str, str], Mapping[Hashable, Any]]
_QUALITY = {
    "alignment_squared": ("alignment", 1, 3),
    "uniformity_nats": ("uniformity (nats)", 1, 2),
    "rankme_dims": ("RankMe (dims)", 1, 1),
    "effective_rank_dims": ("effective rank (dims)", 1, 1),
    "lidar_dims": ("LiDAR (dims)", 1, 1),
    "spread": ("spread (%)", 100, 1),
}
"""Metric -> header, what it is multiplied by, and digits."""
_KNOWN = {"known_shared_nats": "I(v1;v2) known", "known_non_shared_nats": "H(v1|v2) known"}
_ESTIMATES = {
    "infonce": "I(z1;z2) InfoNCE",
    "ksg": "I(z1;z2) KSG",
    "decoder": "I(z;v) decoder",
    "noise": "I(z+noise;v)",
    "h_decoder": "I(h;v) decoder",
    "h_noise": "I(h+noise;v)",
}

_ON_KNOWN = "Known: follows from how the views are made, which share some factors of a scene and draw the others anew."
_ON_ESTIMATES = {
    "infonce": "InfoNCE: a lower bound that cannot exceed the log of its batch, the number behind it.",
    "ksg": "KSG: by nearest neighbours in the few directions that the views share most, so of no more than I(z1;z2); "
    "no bound where pairs run out.",
    "decoder": "Decoder: what a linear decoder tells of the pixels, a lower bound of I(z;v) where these are "
    "Gaussian, else none.",
    "noise": "I(z+noise;v): of z with Gaussian noise added, a lower bound that cannot exceed the log of the number of "
    "views.",
    "h_decoder": "I(h;v) decoder: the same of the features h as they are.",
    "h_noise": "I(h+noise;v): the same of h, whose scale does not count, as the noise is relative to its spread.",
}
_ON_BIAS = (
    "Bias: by how much the same estimator is too high (+) or too low (-) where it says as much of correlated Gaussians "
    "of the same dimension and sample size, whose information is known and spread over all dimensions; not subtracted."
)
_ON_FEW = (
    "Bias, few: the same of Gaussians that have their information in as few dimensions as KSG looks at; what lies in "
    "more of them it misses."
)
_UNREACHED = "the estimate exceeds what it says of any such Gaussians, so its bias is not known"
_ALL_VIEWS = "as high as the log of the number of views lets it be, so the information may be far higher"
_FULL = {
    "infonce": "as high as its ceiling lets it be, so the information may be far higher",
    "ksg": "so high that its neighbours run out, so the information may be far higher",
    "noise": _ALL_VIEWS,
    "h_noise": _ALL_VIEWS,
}


@dataclass(frozen=True)
class _Measured:
    """What one task measured.

    Attributes:
        found: the config's results.
        task: name of the task; "" where there is none and only the views are known.
        summary: row and metric -> row of `results.comparison.comparison`.
        several: whether the config has several such tasks.
    """

    found: Contents
    task: str
    summary: _Summary
    several: bool

    def there(self, metric: str) -> bool:
        """Tell whether some row has such a number."""
        return any(name == metric and row["n"] > 0 for (_, name), row in self.summary.items())


def representation(found: Contents) -> list[Table]:
    """The tables of every such task; what is known of the views is shown without one too."""
    own = found.summary[(found.summary["family"] == REPRESENTATION) & (found.summary["metric"] != "")]
    groups = list(own.groupby(["task", "dataset"], sort=False))
    tasks = [
        _Measured(
            found,
            str(task),
            {(str(row["objective"]), str(row["metric"])): row for row in rows.to_dict("records")},
            several=len(groups) > 1,
        )
        for (task, _), rows in groups
    ]
    if not tasks and any(_KNOWN.keys() & known.keys() for known in found.known.values()):
        tasks = [_Measured(found, "", {}, several=False)]
    return [table for measured in tasks for table in _tables(measured)]


def _tables(measured: _Measured) -> Iterator[Table]:
    quality = [metric for metric in _QUALITY if measured.there(metric)]
    if quality:
        yield _quality(measured, quality)
    known = [name for name in _KNOWN if any(name in values for values in measured.found.known.values())]
    estimates = [name for name in _ESTIMATES if measured.there(f"{name}_information_nats")]
    if known or estimates:
        yield _information(measured, known, estimates)


def _quality(measured: _Measured, metrics: list[str]) -> Table:
    notes = Footnotes()
    rows = [
        [_entry(measured, name, metric, notes, *_QUALITY[metric][1:]) for metric in metrics]
        for name in measured.found.objectives
    ]
    caption = (
        f"{_start(measured)} measured of the features without labels, {_spread(measured)}. Measurements, not scores: "
        "none of them is better for being higher or lower by itself, and none is tested. RankMe, effective "
        "rank and LiDAR: effective numbers of dimensions of h. The others are of z on the unit sphere, or of h where "
        "there is no projector. Alignment: mean squared distance of two views of an image, 0 is equal. Uniformity: "
        "lower is more even. Spread: 100 is even, 0 has collapsed to a point."
    )
    header = [_QUALITY[metric][0] for metric in metrics]
    return _table(measured, "label-free quality", caption, header=header, rows=rows, notes=notes)


def _information(measured: _Measured, known: list[str], estimates: list[str]) -> Table:
    notes = Footnotes()
    header = [_KNOWN[name] for name in known]
    few = [name for name in estimates if measured.there(f"{name}_few_bias_nats")]
    for name in estimates:
        header += [_ESTIMATES[name], "bias", *(["bias, few"] if name in few else [])]
    rows = [
        [
            *(_exact(measured.found.known.get(objective, {}).get(name)) for name in known),
            *(entry for name in estimates for entry in _estimate(measured, objective, name, notes, few=name in few)),
        ]
        for objective in measured.found.objectives
    ]
    caption = (
        f"{_start(measured)} information in nats, {_spread(measured)}.{_meanings(known, estimates, few)}"
        " Measurements, not scores: more information is not better by itself, and none is tested."
    )
    return _table(measured, "information plane", caption, header=header, rows=rows, notes=notes)


def _meanings(known: list[str], estimates: list[str], few: list[str]) -> str:
    """Say what the columns are."""
    said = [
        *([_ON_KNOWN] if known else []),
        *(_ON_ESTIMATES[name] for name in estimates),
        *([_ON_BIAS] if estimates else []),
        *([_ON_FEW] if few else []),
    ]
    return "".join(f" {sentence}" for sentence in said)


def _estimate(measured: _Measured, objective: str, name: str, notes: Footnotes, *, few: bool) -> Iterator[Entry]:
    """An estimate, for InfoNCE with its ceiling, and a note where it is as high as it can be; and its biases."""
    ceiling = measured.summary.get((objective, f"{name}_ceiling_nats"))
    behind = f" ≤ {ceiling['mean']:.2f}" if ceiling is not None and ceiling["n"] > 0 else ""
    said = _saturated(measured.summary.get((objective, f"{name}_saturated")), _FULL.get(name, ""))
    yield _entry(measured, objective, f"{name}_information_nats", notes, 1, 2, behind=behind, said=said)
    estimated = measured.summary.get((objective, f"{name}_information_nats"))
    for metric in (f"{name}_bias_nats", *([f"{name}_few_bias_nats"] if few else [])):
        yield _bias(measured.summary.get((objective, metric)), estimated, notes)


def _saturated(row: Mapping[Hashable, Any] | None, meaning: str) -> str:
    if row is None or not row["n"] or not row["mean"] > 0:
        return ""
    return f"saturated{_seeds(round(row['mean'] * row['n']), int(row['n']))}: {meaning}"


def _seeds(some: int, of: int) -> str:
    return f" in {some} of {of} seeds" if of > 1 else ""


def _bias(row: Mapping[Hashable, Any] | None, estimated: Mapping[Hashable, Any] | None, notes: Footnotes) -> Entry:
    """The mean bias of the seeds that have one; of the others, and where none has, a note why."""
    if estimated is None or not estimated["n"]:
        return Entry("")
    count, of = (0 if row is None else int(row["n"])), int(estimated["n"])
    marks = notes.mark(f"no bias{_seeds(of - count, of)}: {_UNREACHED}") if count < of else ()
    if row is None or not count:
        return Entry("\N{EN DASH}", notes=marks)
    return Entry(f"{row['mean']:+.2f}", notes=marks, value=float(row["mean"]), stale=bool(row["stale"]))


def _exact(value: float | None) -> Entry:
    return Entry("") if value is None else Entry(f"{value:.2f}", value=value)


def _entry(
    measured: _Measured,
    objective: str,
    metric: str,
    notes: Footnotes,
    scale: float,
    digits: int,
    *,
    behind: str = "",
    said: str = "",
) -> Entry:
    row = measured.summary.get((objective, metric))
    if row is None:
        return Entry("")
    return mean_entry(row, notes=notes, scale=scale, digits=digits, behind=behind, said=said)


def _start(measured: _Measured) -> str:
    return f"{measured.found.config}{f', {measured.task}' if measured.several else ''}:"


def _spread(measured: _Measured) -> str:
    return spread(int(measured.found.summary["seeds"].iloc[0]))


def _table(
    measured: _Measured, subject: str, caption: str, *, header: list[str], rows: list[list[Entry]], notes: Footnotes
) -> Table:
    """Lay out a table; rows of which nothing is known or noted are left out."""
    shown = [
        (name, row)
        for name, row in zip(measured.found.objectives, rows, strict=True)
        if any(entry.text or entry.notes for entry in row)
    ]
    return Table(
        config=measured.found.config,
        subject=f"{subject} ({measured.task})" if measured.several else subject,
        caption=caption,
        header=["objective", *header],
        objectives=[name for name, _ in shown],
        rows=[[Entry(measured.found.label(name)), *row] for name, row in shown],
        notes=notes.texts,
        further=[],
    )
