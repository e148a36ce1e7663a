"""Which cells a call computes: what `--rerun` says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmark import cells
from benchmark.cells import Cell
from benchmark.errors import UserError, unknown

CHOICES = {
    "missing": "what has never been computed",
    "stale": "that, and what was computed under older code or settings",
    "failed": "what has never been computed, and what failed",
    "all": "everything, also what is done",
    "never": "nothing",
}
DEFAULT = "stale,failed"
"""Everything that is not done as it is asked for now."""

Slot = tuple[str, str, int, str, str | None]
"""Config, row, seed, kind and task: the place that a result fills, whatever its key."""


@dataclass(frozen=True)
class Rerun:
    """The choice, and what it has to know of the store.

    Attributes:
        words: keys of `CHOICES`.
        kinds: kinds of cells that the call computes anew where everything is to be.
        filled: slots that hold a finished result of some key; empty where it makes no difference.
    """

    words: frozenset[str]
    kinds: frozenset[str]
    filled: frozenset[Slot]

    def anew(self, cell: Cell) -> bool:
        """Whether a cell of this kind is computed again though it is done."""
        return "all" in self.words and cell.kind in self.kinds

    def leaves(self, runs: Path, cell: Cell) -> str:
        """Say as what a cell that is not done is left: "failed", "stale", "missing"; "" where it is computed."""
        record = cells.read_record(runs, cell.key)
        if record is not None and record["status"] == "failed":
            return "" if self.words & {"failed", "all"} else "failed"
        if slot(cell) in self.filled:
            return "" if self.words & {"stale", "all"} else "stale"
        return "missing" if "never" in self.words else ""


def choose(text: str) -> frozenset[str]:
    """Read `missing`, `stale`, `failed`, `all` or `never`, or several of them separated by commas.

    Raises:
        UserError: another word, or words that contradict each other.
    """
    words = frozenset(word.strip() for word in text.split(","))
    for word in words:
        if word not in CHOICES:
            raise unknown("rerun", word, CHOICES)
    if len(words) > 1 and words & {"all", "never"}:
        raise UserError(f"rerun: all and never are allowed alone, got {text!r}")
    return words


def rerun(words: frozenset[str], runs: Path, *, config: str, kinds: Iterable[str]) -> Rerun:
    """Look up in the store what the choice depends on.

    Args:
        words: of `choose`.
        runs: results.
        config: label of the config.
        kinds: kinds of cells that the call computes anew where everything is to be.
    """
    if words & {"stale", "all"}:
        return Rerun(words, frozenset(kinds), frozenset())
    records = (cells.read_record(runs, path.parent.name) for path in runs.glob("cells/*/cell.json"))
    done = [record for record in records if record is not None and record["status"] == "done"]
    own = [record for record in done if record["config"] == config]
    filled = frozenset((config, r["objective"], r["seed"], r["kind"], r["task"]) for r in own)
    return Rerun(words, frozenset(kinds), filled)


def slot(cell: Cell) -> Slot:
    """The place that a cell's result fills."""
    return cell.config, cell.objective, cell.seed, cell.kind, cell.task
