"""Scores in the form of `results.store.loading.load`, made up by a test."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from results.store.loading import COLUMNS, COSTS

Scores = Mapping[str, Mapping[str, Sequence[float]]]
"""Objective -> task -> a score per seed; nan = failed."""


def loaded_scores(
    scores: Scores,
    *,
    stale: Mapping[str, str] | None = None,
    spent: Mapping[str, Mapping[str, float]] | None = None,
    metric: str = "top1",
) -> pd.DataFrame:
    """Make up an evaluation per objective, task and seed, and a pretraining of what is `spent` on an objective.

    Args:
        scores: the scores.
        stale: objective -> what has changed since.
        spent: objective -> costs of its pretraining, by the names of `results.store.loading.COSTS`.
        metric: of all tasks.
    """
    rows = []
    for objective, tasks in scores.items():
        place = {"config": "shapes", "objective": objective, "device": "cpu", "confounds": "", "recipe": ""}
        place |= {"stale": (stale or {}).get(objective, ""), "status": "done"}
        for task, values in tasks.items():
            for seed, value in enumerate(values):
                row = {**place, "seed": seed, "kind": "evaluate", "task": task, "family": "classification"}
                row |= {"wall_s": 60.0, "key": f"{objective}-{task}-{seed}"}
                if math.isnan(value):
                    rows.append({**row, "status": "failed", "reason": "killed"})
                else:
                    number = {"dataset": task, "metric": metric, "split": "test", "selection": "last", "value": value}
                    rows.append({**row, **number})
        for seed in range(max(map(len, tasks.values()))):
            if objective in (spent or {}):
                rows.append(
                    {
                        **place,
                        **(spent or {})[objective],
                        "seed": seed,
                        "kind": "pretrain",
                        "key": f"{objective}-{seed}",
                    }
                )
    numbers = ["value", *COSTS, *(f"pretrain_{name}" for name in COSTS)]
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(numbers, "float64"))
