"""Who tau depends on, against loops over pairs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from experiment_cells import predictor_rows, write_rows

from results.experiments.material import load_material
from results.experiments.prediction import predictions, without_each

NAMES = ["a", "b", "c", "d", "e"]
CHEAP = [0.1, 0.2, 0.3, 0.4, 0.9]
DEAR = [0.1, 0.2, 0.3, 0.4, 0.0]


def numbers(x: Sequence[float], y: Sequence[float]) -> pd.DataFrame:
    rows = [
        {"objective": name, "seed": seed, "column": column, "value": value + shift}
        for column, values in (("x", x), ("y", y))
        for name, value in zip(NAMES, values, strict=False)
        for seed, shift in enumerate((-0.01, 0.01))
    ]
    return pd.DataFrame(rows)


def by_pairs(x: Sequence[float], y: Sequence[float]) -> float:
    """Kendall's tau without ties: concordant minus discordant pairs over all."""
    signs = [(x[i] - x[j]) * (y[i] - y[j]) > 0 for i, j in combinations(range(len(x)), 2)]
    return (2 * sum(signs) - len(signs)) / len(signs)


def test_tau_without_an_objective_is_that_of_the_others_alone() -> None:
    found = without_each(numbers(CHEAP, DEAR), x="x", y="y")
    for place, name in enumerate(NAMES):
        others = [[value for at, value in enumerate(values) if at != place] for values in (CHEAP, DEAR)]
        assert found[name] == pytest.approx(by_pairs(*others))
    assert found["e"] == pytest.approx(1.0)


def test_three_objectives_are_too_few_to_leave_one_out() -> None:
    assert without_each(numbers(CHEAP[:3], DEAR[:3]), x="x", y="y") == {}


def test_the_objective_whose_absence_moves_tau_most_is_named_and_floor_and_ceiling_do_not_count(tmp_path: Path) -> None:
    rows = predictor_rows({"knn_top1": 0.05})
    odd = next(row for row in rows if row.name == "infonce")
    rows[rows.index(odd)] = type(odd)("infonce", "infonce", {**odd.tasks, "classification": {"knn_top1": 0.95}})
    write_rows(tmp_path, rows, config="predictors", seeds=1)
    own = load_material(tmp_path, label="predictors", pooled=False, keys=None, stale={}, derived=())
    (found,) = predictions(own, dear="AP")
    assert found.found.n == 8
    assert found.influential == "infonce"
    assert found.without["infonce"] == pytest.approx(1.0)
    assert "random" not in found.without


def test_what_is_better_when_less_is_turned_round(tmp_path: Path) -> None:
    write_rows(tmp_path, predictor_rows({"uniformity_nats": -0.1}), config="predictors", seeds=1)
    own = load_material(tmp_path, label="predictors", pooled=False, keys=None, stale={}, derived=())
    (found,) = predictions(own, dear="mIoU")
    assert found.found.tau == pytest.approx(1.0)
