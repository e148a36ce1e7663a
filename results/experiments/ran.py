"""What an experiment's cells are: rows, seeds, steps, data, cost, commit, and what is not there."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from results.experiments.material import Material
from results.store.cells import Cell

_MOST = 8  # names in a sentence before it counts them


@dataclass(frozen=True)
class Wanted:
    """A cell that an experiment asks for.

    Attributes:
        row: its name.
        seed: its seed.
        task: what is evaluated; None for the pretraining.
    """

    row: str
    seed: int
    task: str | None


def what_ran(material: Material, *, command: str, as_stored: bool) -> Iterator[str]:
    """Say what was run, an item each; every number is read from the cells.

    Args:
        material: the cells.
        command: that computes them.
        as_stored: they count whatever code computed them.
    """
    cells = material.cells
    trained = [cell for cell in cells if cell.kind == "pretrain"]
    done = [cell for cell in cells if cell.status == "done"]
    configs = sorted({cell.config for cell in cells})
    yield f"Command: `{command}`"
    yield f"Config{'s' if len(configs) > 1 else ''}: {_list(configs)}; {len(done)} of {len(cells)} cells are done."
    names = list(dict.fromkeys(row.name for row in material.rows))
    yield f"Rows ({len(material.rows)}): {_list(names, most=16)}."
    yield f"Seeds: {_list(map(str, sorted({cell.seed for cell in cells})))}."
    yield from _training(trained)
    tasks = sorted({f"{cell.task} ({cell.family})" for cell in cells if cell.kind == "evaluate"})
    yield f"Tasks: {_list(tasks)}." if tasks else "Tasks: none."
    yield _cost(done)
    commits = sorted({cell.environment.commit for cell in cells})
    yield f"Commit{'s' if len(commits) > 1 else ''}: {_list(commits)}."
    if as_stored:
        yield "The page is of stored cells; whether the code of today would compute them so was not asked."


def _training(trained: Iterable[Cell]) -> Iterator[str]:
    """Steps, batches and data of what was trained."""
    done = [cell for cell in trained if cell.status == "done" and "training" in cell.inputs]
    if not done:
        return
    steps = [
        cell.costs.images / batch for cell in done if cell.costs.images and (batch := _of(cell, "training", "batch"))
    ]
    shown = [f"{_range(steps)} steps"] if steps else []
    for name, form in (("epochs", "{} epochs"), ("batch", "batches of {} images"), ("lr", "learning rate {}")):
        values = [value for cell in done if (value := _of(cell, "training", name))]
        shown += [form.format(_range(values))] if values else []
    yield f"Pretraining: {', '.join(shown)}." if shown else "Pretraining: steps are not known."
    datas = sorted({str(cell.inputs.get("data")) for cell in done} - {"None"})
    yield f"Pretraining data: {len(datas)} set{'s' if len(datas) != 1 else ''} of images, by content {_list(datas)}."


def _of(cell: Cell, section: str, name: str) -> float:
    part = cell.inputs.get(section)
    value = part.get(name) if isinstance(part, Mapping) else None
    return float(value) if isinstance(value, int | float) else 0.0


def _range(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:,g}" if low == high else f"{low:,g} to {high:,g}"


def _cost(done: Iterable[Cell]) -> str:
    """Sum up time: wall time of the cells, and that times their threads."""
    timed = [cell for cell in done if cell.costs.wall_s is not None]
    wall = math.fsum(cell.costs.wall_s or 0.0 for cell in timed) / 60
    busy = math.fsum((cell.costs.wall_s or 0.0) * cell.environment.threads for cell in timed) / 60
    devices = sorted({cell.environment.device for cell in timed})
    if not timed:
        return "Cost: not measured."
    return (
        f"Cost: {busy:,.1f} CPU minutes (wall time of {len(timed)} cells times their threads; {wall:,.1f} minutes of "
        f"wall time one after another), on {_list(devices)}."
    )


def what_lacks(material: Material, wanted: Collection[Wanted] | None) -> Iterator[str]:
    """Say what failed, was skipped, was left out or never computed, an item each.

    Args:
        material: the cells.
        wanted: what was asked for; None where that is not known.
    """
    if not material.cells:
        yield f"No cell of config {material.label} is stored."
    reasons: dict[tuple[str, str], list[str]] = {}
    for cell in material.cells:
        if cell.status != "done":
            what = "pretraining" if cell.kind == "pretrain" else f"{cell.task}"
            reasons.setdefault((f"{what} {cell.status}", cell.reason or ""), []).append(
                f"{cell.objective} seed {cell.seed}"
            )
    for (what, reason), names in reasons.items():
        yield f"{what}: {_list(names, most=_MOST)}: {reason}"
    if material.stale:
        yield f"Stale numbers, left out: {material.stale}. Code or config has changed since."
    yield from _uneven(material) if wanted is None else _absent(material, wanted)


def _absent(material: Material, wanted: Collection[Wanted]) -> Iterator[str]:
    """Say how many of the cells that were asked for are there, and which are not: rows with the same gaps together."""
    there = {(cell.objective, cell.seed, cell.task) for cell in material.cells if cell.kind != "prepare"}
    gone = [one for one in wanted if (one.row, one.seed, one.task) not in there]
    if not gone:
        return
    yield f"{len(wanted) - len(gone):,} of the {len(wanted):,} cells that were asked for are there."
    untrained = {(one.row, one.seed) for one in gone if one.task is None}
    seeds: dict[tuple[str, str], list[int]] = {}
    for one in gone:
        if one.task is None or (one.row, one.seed) not in untrained:
            seeds.setdefault((one.task or "anything", one.row), []).append(one.seed)
    rows: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for (what, row), own in seeds.items():
        rows.setdefault((what, tuple(own)), []).append(row)
    every = {one.seed for one in wanted}
    for (what, lacking), names in rows.items():
        which = "any seed" if set(lacking) == every else f"seed {_list(map(str, lacking))}"
        yield f"Not computed: {what} of {_list(names)}, with {which}."


def _uneven(material: Material) -> Iterator[str]:
    """Name rows that have fewer seeds than others."""
    seeds = {(row.config, row.name): set[int]() for row in material.rows}
    evaluated = material.frame[material.frame["value"].notna() & (material.frame["kind"] == "evaluate")]
    for config, name, seed in zip(evaluated["config"], evaluated["objective"], evaluated["seed"], strict=True):
        seeds.setdefault((str(config), str(name)), set()).add(int(seed))
    every = set().union(*seeds.values())
    for (_, name), own in seeds.items():
        if own != every or not own:
            lacking = sorted(every - own)
            yield f"{name} has no numbers" + (f" for seed {_list(map(str, lacking))}." if lacking else ".")


def _list(words: Iterable[str], *, most: int = _MOST) -> str:
    names = list(words)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
