"""Where each number comes from: one record per cell, as the page's panel shows it.

Everything is text by now, so that the page's script formats nothing. Long texts (resolved configs, logs) are stored
once, however many cells share them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from results.changes import changed
from results.order import REFERENCE
from results.report.flattening import as_lines
from results.report.logs import log_tail, without_folders
from results.report.quantities import count, moment, operations, seconds, size
from results.store.cells import Cell
from results.store.recipes import recipe

_SAME = ("seed", "row")  # names alone
_FIRST = ("objective", "arguments", "training", "views", "model", "options")


class Texts:
    """Texts by number: what is added twice is stored once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def add(self, text: str) -> int:
        """Store a text, and return its number."""
        return self._places.setdefault(text, len(self._places))

    def all(self) -> list[str]:
        """List the texts in the order of their numbers."""
        return list(self._places)


def provenance(
    cells: Collection[Cell], *, stale: Mapping[str, str], confounds: Mapping[str, Mapping[str, list[str]]]
) -> dict[str, object]:
    """Describe cells for the page's panel.

    Args:
        cells: those that a number of the page may come from, and those above them.
        stale: key -> what has changed since.
        confounds: of `results.confounds.confounds`.

    Returns:
        {"cells": key -> record, "texts": the long texts that the records name by number}, of JSON's types alone.
    """
    texts, by_key = Texts(), {cell.key: cell for cell in cells}
    references = {_slot(cell): cell for cell in cells if cell.objective == REFERENCE}
    records: dict[str, object] = {}
    for cell in cells:
        pretraining = _pretraining(cell, by_key)
        records[cell.key] = {
            "title": " · ".join([cell.objective, f"seed {cell.seed}", cell.task or _KINDS[cell.kind]]),
            "state": _state(cell, stale=stale.get(cell.key, "")),
            "facts": [list(fact) for fact in _facts(cell)],
            "scores": _scores(cell),
            "upstream": cell.upstream or "",
            "upstreamKnown": cell.upstream in by_key,
            "differences": _differences(cell, references.get(_slot(cell)), by_key),
            "confounds": confounds.get(cell.config, {}).get(cell.objective, []),
            "inputs": [[name, texts.add(text)] for name, text in _inputs(cell)],
            "above": [] if pretraining is None else [[name, texts.add(text)] for name, text in _inputs(pretraining)],
            "packages": texts.add(as_lines(cell.environment.packages, path="")),
            "modules": texts.add(as_lines(cell.modules, path="")) if cell.modules else None,
            "log": texts.add(log_tail(cell.folder)),
        }
    return {"cells": records, "texts": texts.all()}


_KINDS = {"prepare": "preparing views", "pretrain": "pretraining"}


def _slot(cell: Cell) -> tuple[str, str, int, str | None]:
    return cell.config, cell.kind, cell.seed, cell.task


def _pretraining(cell: Cell, by_key: Mapping[str, Cell]) -> Cell | None:
    """The pretraining that an evaluation started from."""
    return by_key.get(cell.upstream or "") if cell.kind == "evaluate" else None


def _state(cell: Cell, *, stale: str) -> list[str]:
    """Status, and why: of a failure, of a skip, or of a number that has become stale."""
    said = [cell.status if cell.reason is None else f"{cell.status}: {without_folders(cell.reason)}"]
    return said + ([f"stale: {stale}"] if stale else [])


def _facts(cell: Cell) -> Iterator[tuple[str, str]]:
    """What was measured, where and when; what was not measured is left out."""
    costs, place = cell.costs, cell.environment
    if cell.kind == "pretrain" and recipe(cell):
        yield "Recipe", recipe(cell)
    yield "Written", moment(place.created)
    for name, value, write in (
        ("Wall time", costs.wall_s, seconds),
        ("Peak memory", costs.peak_memory_bytes, size),
        ("Training images", costs.images, count),
        ("Images a second", costs.images_per_s, count),
        ("Operations an image", costs.flops_per_image, operations),
        ("Parameters of the backbone", costs.parameters, count),
        ("Parameters of the objective", costs.objective_parameters, count),
    ):
        if value is not None:
            yield name, write(value)
    yield "Device", f"{place.device}, {place.threads} thread{'' if place.threads == 1 else 's'}"
    yield "Commit", place.commit
    yield "Python", place.python
    yield "Schema of the record", str(cell.schema)


def _scores(cell: Cell) -> list[list[str]]:
    scores = [[score.dataset, score.metric, f"{score.value!r}", score.split, score.selection] for score in cell.scores]
    return scores + [["", name, f"{value!r}", "", ""] for name, value in cell.findings.items()]


def _differences(cell: Cell, reference: Cell | None, by_key: Mapping[str, Cell]) -> dict[str, object]:
    """In what was hashed, what a cell has otherwise than the reference's cell of the same seed and task."""
    if cell.objective == REFERENCE:
        return {"of": "", "note": f"This is {REFERENCE}, with which the others are compared.", "lines": []}
    if reference is None:
        return {"of": "", "note": f"There is no such cell of {REFERENCE} to compare with.", "lines": []}
    lines = list(changed("", _compared(cell.inputs), _compared(reference.inputs)))
    above, other = by_key.get(cell.upstream or ""), by_key.get(reference.upstream or "")
    if cell.kind == "evaluate" and above is not None and other is not None:
        lines += [f"pretraining: {line}" for line in changed("", _compared(above.inputs), _compared(other.inputs))]
    return {"of": reference.key, "note": "" if lines else "Nothing that was hashed differs.", "lines": lines}


def _compared(inputs: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in inputs.items() if name not in _SAME}


def _inputs(cell: Cell) -> list[tuple[str, str]]:
    """Everything that was hashed: what people ask for first comes first; values that are short share one text."""
    names = sorted(cell.inputs, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    nested = [name for name in names if isinstance(cell.inputs[name], Mapping | list) and cell.inputs[name]]
    plain = {name: cell.inputs[name] for name in names if name not in nested}
    found = [(name, as_lines(cell.inputs[name], path=name)) for name in nested]
    return ([("settings", as_lines(plain, path=""))] if plain else []) + found
