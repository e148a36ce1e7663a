"""A store with factor probes, measurements of features and known views, made up."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cell_store import FIXTURES, PRETRAIN, change, write_evaluation

LEVELS = {
    "shape": 8,
    "texture": 5,
    "hue": 8,
    "x": 4,
    "y": 4,
    "size": 4,
    "rotation": 4,
    "background_hue": 8,
    "background_texture": 5,
}
ENTROPIES = {name: math.log(levels) for name, levels in LEVELS.items()}
SHARED = ("shape", "hue", "x")
R2 = ("x", "y", "size", "rotation", "hue", "background_hue")
STRENGTH = {"random": 0.2, "infonce": 0.5, "infocl": 0.6, "mrcl": 0.55, "supervised": 0.75}


def write_probed(runs: Path, *, seeds: Sequence[int] = (0, 1, 2), rows: Sequence[str] = tuple(STRENGTH)) -> Path:
    """Write linear accuracy, factor probes, measurements and features of every row, and what is known of its views."""
    for row in rows:
        for seed in seeds:
            above = write_known(runs, row, seed=seed, shared=None if row in ("random", "supervised") else SHARED)
            own = {"objective": row, "seed": seed, "upstream": above}
            write_evaluation(runs, {"linear_top1": STRENGTH[row] + 0.01 * seed}, own)
            write_evaluation(runs, probes(row, seed=seed), {**own, "task": "factors", "family": "factors"})
            key = write_evaluation(runs, measured(row, seed=seed), {**own, **_REPRESENTATION})
            np.save(runs / "cells" / key / "features.npy", features(row, seed=seed))
    return runs


_REPRESENTATION = {"task": "representation", "family": "representation"}


def write_known(runs: Path, row: str, *, seed: int, shared: Sequence[str] | None) -> str:
    """Write a pretraining, with what is known of its views where it is known what they share; returns its key."""
    key = f"pre-{row}-{seed}"
    shutil.copytree(FIXTURES / "cells" / PRETRAIN, runs / "cells" / key)
    views: Mapping[str, Any] = {"factors": {"mode": "rendered", "shared": list(shared), "noise": 0.0}} if shared else {}
    inputs = {"objective": row, "training": {"epochs": 20}, "views": views, "seed": seed}
    kept = sum(ENTROPIES[name] for name in shared or ())
    every = sum(ENTROPIES.values())
    known = {"known_shared_nats": kept, "known_non_shared_nats": every - kept, "known_entropy_nats": every}
    place = {"dataset": "views", "split": "train", "selection": "last"}
    metrics = [{**place, "metric": name, "value": value} for name, value in known.items()] if shared else []
    fields = {"key": key, "objective": row, "seed": seed, "config": "shapes", "inputs": inputs, "metrics": metrics}
    change(runs / "cells" / key / "cell.json", fields)
    return key


def probes(row: str, *, seed: int) -> dict[str, float]:
    """Numbers of the factor probes; shared factors are kept better by rows that were trained on views."""
    found = {f"entropy_{name}_nats": entropy for name, entropy in ENTROPIES.items()}
    for place, start in enumerate(("linear_", "mlp_", "z_linear_", "z_mlp_")):
        kept = {name: _kept(row, name, seed=seed) * (1 - 0.1 * place) for name in ENTROPIES}
        for name, entropy in ENTROPIES.items():
            found[f"{start}{name}_nats"] = kept[name] * entropy - 0.05
            found[f"{start}{name}_top1"] = kept[name]
            found |= {f"{start}{name}_r2": kept[name] ** 2} if name in R2 else {}
        found[f"{start}retention"] = _retention(kept, ENTROPIES)
        if row not in ("random", "supervised"):
            found[f"{start}retention_shared"] = _retention(kept, SHARED)
            found[f"{start}retention_non_shared"] = _retention(kept, [name for name in ENTROPIES if name not in SHARED])
    return found


def _kept(row: str, name: str, *, seed: int) -> float:
    bonus = 0.15 if row in ("infonce", "infocl", "mrcl") and name in SHARED else 0.0
    return STRENGTH[row] + bonus + 0.02 * seed - 0.03 * (sorted(ENTROPIES).index(name) % 3)


def _retention(kept: Mapping[str, float], names: Any) -> float:
    return sum(kept[name] * ENTROPIES[name] for name in names) / sum(ENTROPIES[name] for name in names)


def measured(row: str, *, seed: int) -> dict[str, float]:
    """Numbers of the features without labels."""
    strength = STRENGTH[row] + 0.01 * seed
    return {
        "alignment_squared": 1 - strength,
        "uniformity_nats": -1.3 - strength,
        "spread": 0.9,
        "rankme_dims": 100 * strength,
        "effective_rank_dims": 90 * strength,
        "lidar_dims": 40 * strength,
        "infonce_information_nats": 6.9 if seed == 0 else 3.2,
        "infonce_ceiling_nats": math.log(1024),
        "infonce_saturated": float(seed == 0),
        "infonce_bias_nats": -0.21,
        "infonce_few_bias_nats": -2.4,
        "ksg_information_nats": 2.9 + strength,
        "ksg_bias_nats": -0.4,
        "ksg_few_bias_nats": -0.7,
        "decoder_information_nats": 5 + strength,
        "decoder_bias_nats": -1.1,
        "noise_information_nats": 8 + strength,
        "noise_bias_nats": 0.3,
        "h_decoder_information_nats": 6 + strength,
        "h_decoder_bias_nats": -0.9,
        "h_noise_information_nats": 7 + strength,
        "h_noise_saturated": 0.0,
        "h_noise_bias_nats": 0.1,
    }


def features(row: str, *, seed: int, count: int = 60, length: int = 8) -> np.ndarray[Any, np.dtype[np.float16]]:
    """Features of the same images: the stronger a row, the more of them is what all rows have in common."""
    common = np.random.default_rng(0).standard_normal((count, length))
    own = np.random.default_rng([seed, sorted(STRENGTH).index(row)]).standard_normal((count, length))
    return (STRENGTH[row] * common + (1 - STRENGTH[row]) * own).astype(np.float16)


def numbers_of(runs: Path, key: str) -> list[dict[str, Any]]:
    """The metrics of a cell as they are stored."""
    found: list[dict[str, Any]] = json.loads((runs / "cells" / key / "cell.json").read_text())["metrics"]
    return found
