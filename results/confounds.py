"""In what rows differ beyond their objective: what was hashed into their keys, and what they cost, compared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from results.changes import changed
from results.order import CEILING, REFERENCE
from results.store.cells import Cell
from results.store.recipes import IMPLIED, SECTIONS

_IMPORTED = "checkpoint"  # stands for the objective of a row that was pretrained elsewhere
_ELSEWHERE = "pretrained elsewhere, on data, views and a schedule that are not known here"
_LABELS = "labels used in training"
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_SLACK = 0.01  # costs that differ by less than a hundredth are equal


def confounds(cells: Collection[Cell]) -> dict[str, dict[str, list[str]]]:
    """List, per config and row, everything in which a row's recipe differs from the reference row's.

    Compared are optimisation, views, model, data, the arguments that a row's base loss shares with the reference, the
    use of labels and the costs per image. Rows that do not train have no recipe. Where `infonce` was not run there is
    no reference and every list is empty, but for rows that were pretrained elsewhere: nothing is known of them, and
    they say so.

    Args:
        cells: cells of a runs folder; of several seeds the first counts.

    Returns:
        config -> row -> sentences such as "training.batch 128 instead of 256".
    """
    recipes: dict[str, dict[str, Cell]] = {}
    for cell in sorted(cells, key=lambda cell: cell.seed):
        if cell.kind == "pretrain" and cell.status == "done" and "training" in cell.inputs:
            recipes.setdefault(cell.config, {}).setdefault(cell.objective, cell)
    found = {
        config: {name: list(_differences(cell, rows[REFERENCE])) for name, cell in rows.items() if name != REFERENCE}
        for config, rows in recipes.items()
        if REFERENCE in rows
    }
    for cell in cells:
        if cell.kind == "pretrain" and cell.inputs.get("objective") == _IMPORTED:
            found.setdefault(cell.config, {})[cell.objective] = [
                _ELSEWHERE,
                *_model(cell, recipes.get(cell.config, {})),
            ]
    return found


def _model(cell: Cell, rows: Mapping[str, Cell]) -> Iterator[str]:
    """What an imported backbone has otherwise than the reference's; only these settings of a model are its own."""
    own = cell.inputs.get("model")
    other = rows[REFERENCE].inputs.get("model") if REFERENCE in rows else None
    if isinstance(own, Mapping) and isinstance(other, Mapping):
        yield from changed("model", own, {name: other.get(name) for name in own})


def _differences(cell: Cell, reference: Cell) -> Iterator[str]:
    own, other = {**IMPLIED, **cell.inputs}, {**IMPLIED, **reference.inputs}
    if cell.inputs.get("objective") == CEILING:
        yield _LABELS
    for section in SECTIONS:
        yield from changed(section, own.get(section), other.get(section))
    yield from _base(cell.inputs, reference.inputs)
    for name, label in (
        ("flops_per_image", "FLOPs per image"),
        ("forward_passes", "forward passes per image"),
        ("objective_parameters", "parameters of the objective"),
    ):
        own, other = getattr(cell.costs, name), getattr(reference.costs, name)
        if own is not None and other is not None and abs(own - other) > _SLACK * max(own, other):
            yield f"{label} {_readable(own)} instead of {_readable(other)}"


def _readable(amount: float) -> str:
    """Write an amount with three digits: "256M", "33.3k", "2"."""
    shown = float(f"{amount:.3g}")
    step, prefix = next((known for known in _PREFIXES if shown >= known[0]), (1.0, ""))
    return f"{shown / step:.3g}{prefix}"


def _base(inputs: Mapping[str, object], reference: Mapping[str, object]) -> Iterator[str]:
    """What the base loss of a row has otherwise than the reference; or that it is another loss."""
    arguments, own = reference.get("arguments"), inputs.get("arguments")
    if inputs.get("objective") == reference.get("objective"):
        yield from changed("arguments", own, arguments)
        return
    if not isinstance(arguments, Mapping) or not isinstance(own, Mapping) or not isinstance(own.get("base"), Mapping):
        return
    base = dict(own["base"])
    if base.pop("type") != reference.get("objective"):
        yield f"base {own['base']['type']} instead of {reference.get('objective')}"
    else:
        yield from changed("base", base, arguments)
