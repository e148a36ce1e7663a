"""How the stored cells stand to the code and the configs of today: done, running, stale, failed, skipped, missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark import cells as store
from benchmark.cells import Cell
from benchmark.plans import Planned, planned
from benchmark.source_of_cells import modules_of, source_of
from results.changes import changed
from results.store import cells as stored
from results.store.lineage import Keyed, lineages

STATES = ("running", "failed", "stale", "unclear", "missing", "skipped", "done")


@dataclass(frozen=True)
class State:
    """How one cell stands.

    Attributes:
        config: label of its config.
        name: of the cell, "mrcl seed 0 on voc".
        key: of the cell; of a stale one, the key that it was computed under.
        state: one of `STATES`; "unclear" where the cell cannot be laid out here, and so cannot be compared.
        reason: why it failed or was skipped, what has changed since, why it cannot be compared; "" otherwise.
        scored: whether its record is that of a finished computation.
    """

    config: str
    name: str
    key: str
    state: str
    reason: str
    scored: bool


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
    grey = {state.key: state.reason for state in found if state.state in ("stale", "unclear") and state.scored}
    return Shown(frozenset(s.key for s in found if s.state not in ("stale", "unclear")), grey)


def states(runs: Path, *, every: bool = False) -> list[State]:
    """Compare every cell that was asked for, and every one that is stored, with what would be computed today.

    The data are taken to be as they were when they were last checked; `clbench bench` checks them.

    Args:
        runs: results.
        every: also what is missing while an earlier number stands in for it, which else goes without saying.

    Raises:
        ValueError: the folder is missing or a cell is malformed.
    """
    records = {cell.key: cell for cell in stored.read_cells(runs)}
    comparison = _Comparison(records, list(planned(runs)))
    found = [comparison.of_planned(each, runs) for each in comparison.asked]
    listed = {state.key for state in found}
    found += [comparison.of_another(cell) for cell in records.values() if cell.key not in listed]
    stood_in_for = {(state.config, state.name) for state in found if state.state == "stale" and state.scored}
    if not every:
        found = [each for each in found if each.state != "missing" or (each.config, each.name) not in stood_in_for]
    return sorted(found, key=lambda state: (state.config, STATES.index(state.state), state.name))


class _Comparison:
    """What is stored beside what was asked for."""

    def __init__(self, records: Mapping[str, stored.Cell], asked: list[Planned]) -> None:
        self.records, self.asked = records, asked
        self.labels = {each.label for each in asked}
        self.now = {(each.label, each.name): each.now for each in asked if each.now is not None}
        self.wanted = {cell.key: cell for cell in self.now.values()}
        both: dict[str, Keyed] = {**records, **self.wanted}
        self.named = lineages(both)
        self.today = {self.named[key] for key in self.wanted}
        unknown = [each for each in asked if each.now is None and each.key in records]
        self.problems = {self.named[each.key]: each.problem for each in unknown}

    def of_planned(self, each: Planned, runs: Path) -> State:
        """The state of a cell that was asked for."""
        now, then = each.now, self.records.get(each.key)
        key = each.key if now is None else now.key
        if store.is_held(store.folder(runs, key)):
            return State(each.label, each.name, key, "running", "", scored=False)
        if key in self.records and now is not None:
            return _stored(each.label, each.name, self.records[key])
        if then is None or (now is not None and then.status != "done"):
            return State(each.label, each.name, key, "missing", "", scored=False)
        if now is not None:
            return _stored(each.label, each.name, then, state="stale", reason=self._changes(then, now))
        return _not_laid_out(each.label, each.name, then, problem=each.problem)

    def of_another(self, cell: stored.Cell) -> State:
        """The state of a cell that was not asked for last: of another machine, or of earlier settings."""
        name = Cell(cell.kind, cell.config, cell.objective, cell.seed, cell.task, cell.family, None, {}).name
        if self.named[cell.key] in self.today or cell.config not in self.labels:
            return _stored(cell.config, name, cell)
        if self.named[cell.key] in self.problems:
            return _not_laid_out(cell.config, name, cell, problem=self.problems[self.named[cell.key]])
        now = self.now.get((cell.config, name))
        reason = "not asked for any more" if now is None else self._changes(cell, now)
        return _stored(cell.config, name, cell, state="stale", reason=reason)

    def _changes(self, then: stored.Cell, now: Cell) -> str:
        """What today's cell has otherwise than the stored one."""
        own, other = json.loads(json.dumps(now.inputs)), dict(then.inputs)  # tuples are lists in a record
        found = list(changed("", own | {"source": None}, other | {"source": None}))
        if own.get("source") != other.get("source"):
            found += _of_modules(then, modules_of(now))
        if now.upstream != then.upstream:
            above, before = self.wanted.get(now.upstream or ""), self.records.get(then.upstream or "")
            reason = "" if above is None or before is None else f": {self._changes(before, above)}"
            found.append(f"what it starts from{reason}")
        return "; ".join(found) or "the protocol's version"


def _stored(config: str, name: str, cell: stored.Cell, *, state: str = "", reason: str = "") -> State:
    """The state of a record: as it says itself, unless something else is known."""
    return State(config, name, cell.key, state or cell.status, reason or cell.reason or "", cell.status == "done")


def _not_laid_out(config: str, name: str, then: stored.Cell, *, problem: str) -> State:
    """The state of a cell of a row that cannot be laid out here: of it nothing but the code can be compared."""
    if problem:
        return _stored(config, name, then, state="unclear", reason=f"not comparable: {problem}")
    reason = "; ".join(_of_code(then))
    return _stored(config, name, then, state="stale" if reason else then.status, reason=reason)


def _of_code(then: stored.Cell) -> list[str]:
    """Which modules have changed since a cell was computed, where that is all that can be compared."""
    inputs = dict(then.inputs)
    cell = Cell(then.kind, then.config, then.objective, then.seed, then.task, then.family, then.upstream, inputs)
    try:
        return _of_modules(then, modules_of(cell)) if source_of(cell) != then.inputs.get("source") else []
    except (KeyError, AttributeError):  # its objective is not registered here
        return []


def _of_modules(then: stored.Cell, now: Mapping[str, str]) -> list[str]:
    """Name the modules whose code is another than it was."""
    if not then.modules:
        return ["code"]
    names = sorted(name for name in {*then.modules, *now} if then.modules.get(name) != now.get(name))
    return [f"code of {', '.join(names)}"] if names else []
