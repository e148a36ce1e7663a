"""Which of the stored cells count: one per config, row, seed and task, and never two recipes in one mean."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from results.store.cells import Cell
from results.store.lineage import lineages

Group = tuple[str, str, str, str | None]
"""Config, row, kind and task: what the seeds of one field of a table share."""


def current(cells: Collection[Cell], *, keys: Collection[str] | None, stale: Collection[str] = ()) -> list[Cell]:
    """Keep one cell per config, objective, seed, kind and task, and within a group those of one recipe alone.

    Args:
        cells: all cells of a runs folder.
        keys: the keys that the present code and config ask for, None = all. Cells that differ from one of these in
            their seed alone count too: they may come from another machine.
        stale: keys of cells that code or config have moved on from. They stand in where a row has nothing else for a
            task.

    Returns:
        The cells that count, in the order of `cells`. Of several recipes in a group the one of the newest cell counts,
        of several cells for one seed the newest; before all others come those whose key is named.
    """
    named = lineages({cell.key: cell for cell in cells})
    asked = {named[cell.key] for cell in cells if keys is None or cell.key in keys}
    ranked = sorted(
        cells, key=lambda cell: (named[cell.key] in asked, keys is not None and cell.key in keys, _age(cell))
    )
    candidates = [cell for cell in ranked if named[cell.key] in asked or cell.key in stale]
    recipe_of = {_group(cell): named[cell.key] for cell in candidates}  # the last one stands
    counted = [cell for cell in candidates if named[cell.key] == recipe_of[_group(cell)]]
    kept = {cell.key for cell in {(_group(cell), cell.seed): cell for cell in counted}.values()}
    return [cell for cell in cells if cell.key in kept]


def _group(cell: Cell) -> Group:
    return cell.config, cell.objective, cell.kind, cell.task


def _age(cell: Cell) -> tuple[datetime, str]:
    return cell.environment.created, cell.key
