"""The tables of the factor probes: what each row keeps of every known factor, in nats and as accuracy or R2."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from results.known import shared_by_all
from results.store.units import FACTORS
from results.tables.contents import Contents
from results.tables.layout import Entry, Footnotes, Table
from results.tables.means import mean_entry, spread

PROBES = {"linear_": "linear on h", "mlp_": "mlp on h", "z_linear_": "linear on z", "z_mlp_": "mlp on z"}
"""How the names of a probe's metrics begin, and what the probe is."""
_FIRST, *_OTHERS = PROBES
_ENTROPY = ("entropy_", "_nats")
_SHARED = "a factor that both views of its pretraining had in common"


@dataclass(frozen=True)
class Probed:
    """What one task of factor probes found.

    Attributes:
        found: the config's results.
        task: name of the task.
        summary: row and metric -> row of `results.comparison.comparison`.
    """

    found: Contents
    task: str
    summary: Mapping[tuple[str, str], Mapping[Hashable, Any]]

    @cached_property
    def entropies(self) -> dict[str, float]:
        """Entropy of every factor in nats, those that all rows share first."""
        start, end = _ENTROPY
        found: dict[str, float] = {}
        for (_, metric), row in self.summary.items():
            if metric.startswith(start) and metric.endswith(end) and row["n"] > 0:
                found.setdefault(metric.removeprefix(start).removesuffix(end), float(row["mean"]))
        return {name: found[name] for name in sorted(found, key=lambda name: (name not in (self.shared or ()), name))}

    @cached_property
    def shared(self) -> tuple[str, ...] | None:
        """The factors that views share, if it is known of some rows and is the same in all of these."""
        return shared_by_all(self.sharing)

    @cached_property
    def sharing(self) -> Mapping[str, tuple[str, ...]]:
        """Row -> factors that its views share, where it is known; nothing if the task's factors are others."""
        named = {name for names in self.found.shared.values() for name in names}
        told = {metric.removeprefix(_ENTROPY[0]).removesuffix(_ENTROPY[1]) for _, metric in self.summary}
        return {} if named and named.isdisjoint(told) else self.found.shared

    def has(self, metric: str) -> bool:
        """Tell whether some row has such a number."""
        return any(name == metric and row["n"] > 0 for (_, name), row in self.summary.items())

    def note(self, objective: str, factor: str) -> str:
        """Mark a shared factor where rows differ in what they share."""
        return _SHARED if self.shared is None and factor in self.sharing.get(objective, ()) else ""


def factors(found: Contents) -> list[Table]:
    """The tables of every task of factor probes: nats, accuracy or R2, the other probes; none without such tasks."""
    return [table for probed in probed_tasks(found) for table in _tables(probed)]


def probed_tasks(found: Contents) -> list[Probed]:
    """Gather what each task of factor probes found; without those that have no number yet."""
    own = found.summary[(found.summary["family"] == FACTORS) & (found.summary["metric"] != "")]
    tasks: list[Probed] = []
    for (task, _), rows in own.groupby(["task", "dataset"], sort=False):
        records = {(str(row["objective"]), str(row["metric"])): row for row in rows.to_dict("records")}
        tasks.append(Probed(found, str(task), records))
    return [probed for probed in tasks if probed.entropies]


def _tables(probed: Probed) -> Iterator[Table]:
    if any(probed.has(f"{_FIRST}{name}_nats") for name in probed.entropies):
        yield _information(probed)
    ends = {name: end for name in probed.entropies for end in ("top1", "r2") if probed.has(f"{_FIRST}{name}_{end}")}
    if ends:
        yield _decoded(probed, ends)
    others = [start for start in _OTHERS if any(probed.has(f"{start}{name}_nats") for name in probed.entropies)]
    if others:
        yield _other_probes(probed, others)


def _information(probed: Probed) -> Table:
    caption = (
        f"{probed.found.config}: V-information of the linear probe on h about each factor, in nats, {_spread(probed)}. "
        f"In brackets: the factor's entropy, the most there is to know.{_sharing(probed)} Below 0: the probe predicts "
        "worse than the factor's frequencies do. Their sum as a fraction of all entropy is the retention among the "
        "scores; single factors are not tested."
    )
    notes = Footnotes()
    rows = [_row(probed, objective, _FIRST, notes) for objective in probed.found.objectives]
    return _table(probed, "factors in nats", caption, header=["objective", *_headings(probed)], rows=rows, notes=notes)


def _decoded(probed: Probed, ends: Mapping[str, str]) -> Table:
    caption = (
        f"{probed.found.config}: how well the linear probe on h tells each factor, in % (fractions times 100), "
        f"{_spread(probed)}: R² where a factor is a number or an angle, else top1, the accuracy. Not tested."
    )
    notes = Footnotes()
    header = [f"{_words(name)} ({'R²' if end == 'r2' else end})" for name, end in ends.items()]
    rows = [
        [_entry(probed, objective, f"{_FIRST}{name}_{end}", notes, scale=100, digits=1) for name, end in ends.items()]
        for objective in probed.found.objectives
    ]
    labelled = [
        [Entry(probed.found.label(name)), *row] for name, row in zip(probed.found.objectives, rows, strict=True)
    ]
    subject = "factors as accuracy or R²"
    return _table(probed, subject, caption, header=["objective", *header], rows=labelled, notes=notes)


def _other_probes(probed: Probed, starts: Sequence[str]) -> Table:
    caption = (
        f"{probed.found.config}: V-information of the other probes about each factor, in nats, {_spread(probed)}, and "
        "its sum over the factors as a fraction of the sum of their entropies, the retention, in %. h: the features "
        "that tasks start from; z: what the objective compares. Not tested."
    )
    notes, rows = Footnotes(), []
    for objective in probed.found.objectives:
        for start in starts:
            label, *numbers = _row(probed, objective, start, notes)
            retention = _entry(probed, objective, f"{start}retention", notes, scale=100, digits=1)
            rows.append([label, Entry(PROBES[start]), retention, *numbers])
    header = ["objective", "probe", "retention (%)", *_headings(probed)]
    names = [name for name in probed.found.objectives for _ in starts]
    return _table(probed, "factors by other probes", caption, header=header, rows=rows, notes=notes, objectives=names)


def _row(probed: Probed, objective: str, start: str, notes: Footnotes) -> list[Entry]:
    """Name of the row, and the nats that a probe finds of every factor."""
    return [
        Entry(probed.found.label(objective)),
        *(
            _entry(probed, objective, f"{start}{name}_nats", notes, said=probed.note(objective, name))
            for name in probed.entropies
        ),
    ]


def _entry(
    probed: Probed, objective: str, metric: str, notes: Footnotes, *, scale: float = 1, digits: int = 2, said: str = ""
) -> Entry:
    row = probed.summary.get((objective, metric))
    return Entry("") if row is None else mean_entry(row, notes=notes, scale=scale, digits=digits, said=said)


def _headings(probed: Probed) -> list[str]:
    """Write "shape (2.08, shared)"."""
    return [
        f"{_words(name)} ({entropy:.2f}{', shared' if name in (probed.shared or ()) else ''})"
        for name, entropy in probed.entropies.items()
    ]


def _words(name: str) -> str:
    """A factor's name in words, so that a heading can be broken."""
    return name.replace("_", " ")


def _spread(probed: Probed) -> str:
    return spread(int(probed.found.summary["seeds"].iloc[0]))


def _sharing(probed: Probed) -> str:
    """Say which factors views share, and how much that is."""
    known = {
        round(values["known_shared_nats"], 4) for values in probed.found.known.values() if "known_shared_nats" in values
    }
    nats = f"; I(v1;v2) is {known.pop():.2f} nats" if len(known) == 1 else ""
    if probed.shared is None:
        return ""
    named = [_words(name) for name in probed.shared if name in probed.entropies]
    return f" Shared: both views of the pretraining have it{nats}." if named else f" Views share no factor{nats}."


def _table(
    probed: Probed,
    subject: str,
    caption: str,
    *,
    header: list[str],
    rows: list[list[Entry]],
    notes: Footnotes,
    objectives: list[str] | None = None,
) -> Table:
    several = len(probed_tasks(probed.found)) > 1
    return Table(
        config=probed.found.config,
        subject=f"{subject} ({probed.task})" if several else subject,
        caption=caption,
        header=header,
        objectives=probed.found.objectives if objectives is None else objectives,
        rows=rows,
        notes=notes.texts,
        further=[],
    )
