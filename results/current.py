"""Which of the stored cells count: one per config, row, seed and task, and never two recipes in one mean."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from results.cells import Cell
from results.lineage import lineages

Group = tuple[str, str, str, str | None]
"""Config, row, kind and task: what the seeds of one field of a table share."""


def current(cells: Collection[Cell], *, keys: Collection[str] | None, stale: Collection[str] = ()) -> list[Cell]:
    """Keep one cell per config, objective, seed, kind and task, so that none enters a mean that has no place in it.

    Args:
        cells: all cells of a runs folder.
        keys: the keys that the present code and config ask for, None = all. Cells that differ from one of these in
            their seed alone count too: they may come from another machine.
        stale: keys of cells that code or config have moved on from. They stand in where a row has nothing else for a
            task, those with the newest one's recipe alone.

    Returns:
        The cells that count, in the order of `cells`; of several for one seed the newest, before all others one whose
        key is named.
    """
    named = lineages({cell.key: cell for cell in cells})
    wanted = set(named.values())
    if keys is not None:
        wanted = {named[cell.key] for cell in cells if cell.key in keys}
        served = {_group(cell) for cell in cells if named[cell.key] in wanted}
        aside = [cell for cell in cells if cell.key in stale and _group(cell) not in served]
        newest_of = {_group(cell): named[cell.key] for cell in sorted(aside, key=_age)}
        wanted |= set(newest_of.values())
    counted = [cell for cell in cells if named[cell.key] in wanted]
    ordered = sorted(counted, key=lambda cell: (keys is not None and cell.key in keys, *_age(cell)))
    kept = {cell.key for cell in {(_group(cell), cell.seed): cell for cell in ordered}.values()}
    return [cell for cell in cells if cell.key in kept]


def _group(cell: Cell) -> Group:
    return cell.config, cell.objective, cell.kind, cell.task


def _age(cell: Cell) -> tuple[datetime, str]:
    return cell.environment.created, cell.key
