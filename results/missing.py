"""Why seeds are missing from a mean, in the words of the cells that should have been there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

_SKIPPED = "skipped: "
_STORED = ""  # the task ran, but stored no such number


class Reasons:
    """Reasons of one config's cells, looked up by row, task and seed."""

    def __init__(self, part: pd.DataFrame) -> None:
        """Read them.

        Args:
            part: rows of `results.store.loading.load` with one config.
        """
        self._seeds: dict[str, set[int]] = {}
        self._tasks: dict[tuple[str, str, int], str] = {}
        self._pretraining: dict[tuple[str, int], str] = {}
        fields = ("objective", "seed", "kind", "task", "status", "reason")
        for objective, seed, kind, task, status, reason in zip(*(part[name] for name in fields), strict=True):
            self._seeds.setdefault(objective, set()).add(seed)
            if kind == "pretrain" and status == "failed":
                self._pretraining.setdefault((objective, seed), reason)
            elif kind == "evaluate":
                said = _STORED if status == "done" else f"{_SKIPPED if status == 'skipped' else ''}{reason}"
                if not self._tasks.get((objective, task, seed)):
                    self._tasks[objective, task, seed] = said

    def note(self, objective: str, *, task: str, missing: Iterable[int]) -> str:
        """Say why seeds are missing: "seeds 0, 1: not run; seed 2: loss is nan"; if all were, "skipped: no data"."""
        seeds: dict[str, list[int]] = {}
        for seed in missing:
            seeds.setdefault(self._reason(objective, task=task, seed=seed), []).append(seed)
        every = sum(map(len, seeds.values())) == len(self._seeds[objective])
        if every and all(reason.startswith(_SKIPPED) for reason in seeds):
            return "; ".join(seeds)
        return _joined(seeds)

    def _reason(self, objective: str, *, task: str, seed: int) -> str:
        said = self._tasks.get((objective, task, seed))
        if said is not None:
            return said or "the task stored no such number"
        failed = self._pretraining.get((objective, seed))
        return "not run" if failed is None else f"pretraining failed: {failed}"


def _joined(seeds: Mapping[str, list[int]]) -> str:
    return "; ".join(
        f"seed{'s' if len(same) > 1 else ''} {', '.join(map(str, same))}: {reason}" for reason, same in seeds.items()
    )
