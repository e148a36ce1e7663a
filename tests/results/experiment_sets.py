"""A made-up set of rows for every experiment, and what is made of it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from experiment_cells import (
    Planted,
    masking_rows,
    non_shared_rows,
    predictor_rows,
    reverse_u_rows,
    shortcut_rows,
    superfluous_rows,
    write_rows,
)

from results.experiments.material import Material, load_material
from results.experiments.ran import Wanted
from results.experiments.registry import EXPERIMENTS
from results.experiments.verdict import Verdict
from results.experiments.writing import write_experiment

Rows = Sequence[Planted]


def flat(_: float) -> float:
    return 0.3


def hump(weight: float) -> float:
    return 0.3 + 0.2 * max(0.0, 1 - abs(math.log10(weight)) / 2)


def nothing(_: float) -> float:
    return 0.0


SETS: Mapping[str, Rows] = {
    "non-shared": non_shared_rows(hump, flat),
    "reverse-u": reverse_u_rows(lambda nats: 0.7 - 0.05 * abs(nats - 4.5), methods=("infonce", "byol")),
    "superfluous": superfluous_rows(lambda weight: 0.05 if weight == 0.01 else 0.0),
    "masking": masking_rows(lambda ratio: 0.4 * ratio * (1 - ratio)),
    "shortcut": shortcut_rows(0.2),
    "predictors": predictor_rows({"linear_top1": 0.05, "knn_top1": 0.0, "lidar_dims": -0.1}),
}


def material(runs: Path, name: str, rows: Rows, *, seeds: int = 5, without: Sequence[str] = ()) -> Material:
    write_rows(runs, rows, config=name, seeds=seeds, without=without)
    return loaded(runs, name)


def loaded(runs: Path, name: str, *, stale: Mapping[str, str] | None = None) -> Material:
    pooled = EXPERIMENTS[name].pooled
    return load_material(runs, label=name, pooled=pooled, keys=None, stale=stale or {}, derived={"mrcl 0.5"})


def written(
    runs: Path, name: str, *, out: Path, wanted: Collection[Wanted] | None = None, as_stored: bool = False
) -> str:
    paths = write_experiment(
        name,
        runs,
        label=name,
        keys=None,
        stale={},
        derived=(),
        command=f"clbench experiment {name}",
        out=out,
        wanted=wanted,
        as_stored=as_stored,
    )
    assert paths[-1] == out / f"{name}.md"
    return paths[-1].read_text()


def outcomes(found: Sequence[Verdict]) -> list[str]:
    return [verdict.outcome for verdict in found]
