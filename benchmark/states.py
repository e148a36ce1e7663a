"""How the stored cells stand to the code and the configs of today: done, running, stale, failed, skipped, missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark import cells as store
from benchmark.cells import Cell
from benchmark.plans import Planned, planned
from benchmark.source_of_cells import modules_of, source_of
from results.store import cells as stored
from results.store.changes import changed
from results.store.lineage import Keyed, lineages

_ABOVE = "what it starts from"
STATES = ("running", "failed", "stale", "missing", "skipped", "done")


@dataclass(frozen=True)
class State:
    """How one cell stands.

    Attributes:
        config: label of its config.
        name: of the cell, "mrcl seed 0 on voc".
        key: of the cell; of a stale one, the key that it was computed under.
        state: one of `STATES`.
        reason: why it failed or was skipped, what has changed since; "" otherwise.
    """

    config: str
    name: str
    key: str
    state: str
    reason: str


@dataclass(frozen=True)
class Shown:
    """What tables, figures and report show.

    Attributes:
        keys: cells as they are asked for today; None where nothing was ever planned, and all count.
        stale: key -> what has changed since, of cells that stand in where there is nothing newer.
    """

    keys: frozenset[str] | None
    stale: Mapping[str, str]


def shown(runs: Path) -> Shown:
    """Tell which cells tables show, and which of them greyed.

    Raises:
        ValueError: the folder is missing or a cell is malformed.
    """
    if not list((runs / "plans").glob("*.json")):
        return Shown(None, {})
    found = states(runs)
    return Shown(
        frozenset(state.key for state in found if state.state != "stale"),
        {state.key: state.reason for state in found if state.state == "stale"},
    )


def states(runs: Path) -> list[State]:
    """Compare every cell that was asked for, and every one that is stored, with what would be computed today.

    The data are taken to be as they were when they were last checked; `clbench bench` checks them.

    Raises:
        ValueError: the folder is missing or a cell is malformed.
    """
    records = {cell.key: cell for cell in stored.read_cells(runs)}
    asked = list(planned(runs))
    found = [_of_planned(each, records, runs) for each in asked]
    wanted: dict[str, Keyed] = {each.now.key: each.now for each in asked if each.now is not None}
    named = lineages({**records, **wanted})
    today = {named[key] for key in wanted} | {named[s.key] for s in found if s.state == "done"}
    listed = {state.key for state in found}
    rest = [cell for cell in records.values() if cell.key not in listed]
    found += [_of_another(cell, same=named[cell.key] in today, asked=asked) for cell in rest]
    stale = {state.key: state for state in found if state.state == "stale"}
    names = {(state.config, state.name) for state in stale.values()}
    listed_once = [state for state in found if state.state != "missing" or (state.config, state.name) not in names]
    told = [_with_what_is_above(state, records, stale) for state in listed_once]
    return sorted(told, key=lambda state: (state.config, STATES.index(state.state), state.name))


def _with_what_is_above(state: State, records: Mapping[str, stored.Cell], stale: Mapping[str, State]) -> State:
    """Where a cell is stale because of the one that it starts from, say why that one is."""
    above = stale.get(records[state.key].upstream or "") if state.state == "stale" else None
    if above is None or _ABOVE not in state.reason:
        return state
    reason = _with_what_is_above(above, records, stale).reason
    return replace(state, reason=state.reason.replace(_ABOVE, f"{_ABOVE}: {reason}"))


def _of_planned(each: Planned, records: Mapping[str, stored.Cell], runs: Path) -> State:
    """The state of a cell that was asked for."""
    now, then = each.now, records.get(each.key)
    key = each.key if now is None else now.key
    if store.is_held(store.folder(runs, key)):
        return State(each.label, each.name, key, "running", "")
    if now is None and then is not None:
        reason = each.problem and f"cannot be laid out again: {each.problem}"
        reason = reason or "; ".join(_of_code(then))
        return _state(each, then, "stale" if reason else then.status, reason or then.reason or "")
    if key in records:
        return _state(each, records[key], records[key].status, records[key].reason or "")
    if now is not None and then is not None and then.status == "done":
        return _state(each, then, "stale", _changes(then, now))
    return State(each.label, each.name, key, "missing", "")


def _of_another(cell: stored.Cell, *, same: bool, asked: list[Planned]) -> State:
    """The state of a cell that was not asked for last: of another machine, or of earlier settings."""
    name = Cell(cell.kind, cell.config, cell.objective, cell.seed, cell.task, cell.family, cell.upstream, {}).name
    if same or cell.config not in {each.label for each in asked}:
        return State(cell.config, name, cell.key, cell.status, cell.reason or "")
    now = [each.now for each in asked if (each.label, each.name) == (cell.config, name) and each.now is not None]
    reason = _changes(cell, now[0]) if now else "not asked for any more"
    return State(cell.config, name, cell.key, "stale", reason)


def _state(each: Planned, cell: stored.Cell, state: str, reason: str) -> State:
    return State(each.label, each.name, cell.key, state, reason)


def _changes(then: stored.Cell, now: Cell) -> str:
    """What today's cell has otherwise than the stored one."""
    own, other = json.loads(json.dumps(now.inputs)), dict(then.inputs)  # tuples are lists in a record
    found = list(changed("", own | {"source": None}, other | {"source": None}))
    if now.inputs.get("source") != then.inputs.get("source"):
        found += _of_modules(then, modules_of(now))
    if now.upstream != then.upstream:
        found.append(_ABOVE)
    return "; ".join(found) or "the protocol's version"


def _of_code(then: stored.Cell) -> list[str]:
    """Which modules have changed since a cell was computed, where that is all that can be compared."""
    cell = Cell(
        then.kind, then.config, then.objective, then.seed, then.task, then.family, then.upstream, dict(then.inputs)
    )
    try:
        return _of_modules(then, modules_of(cell)) if source_of(cell) != then.inputs.get("source") else []
    except KeyError:
        return ["its objective is not registered here"]


def _of_modules(then: stored.Cell, now: Mapping[str, str]) -> list[str]:
    """Name the modules whose code is another than it was."""
    if not then.modules:
        return ["code"]
    names = sorted(name for name in {*then.modules, *now} if then.modules.get(name) != now.get(name))
    return [f"code of {', '.join(names)}"] if names else []
