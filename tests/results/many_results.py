"""Results of many objectives with long names on many tasks, made up, in the form of `results.store.loading.load`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from results.store.loading import COLUMNS, CURVE_COLUMNS
from results.sweeps import Sweep

COMPARED = [
    "infonce",
    "barlow_twins",
    "byol",
    "masked_reconstruction_contrastive_learning",
    "information_bottleneck_with_superfluous_weight",
    "decoupled_contrastive_learning_symmetric",
    "variance_invariance_covariance_regularisation",
    "hard_negative_sampling_by_importance",
    "superinfo superfluous_weight=0.001",
    "infomin",
]
OBJECTIVES = ["random", *COMPARED, "supervised"]
PLACES = [
    ("classification", "classification", "shapes", "linear_top1"),
    ("classification", "classification", "shapes", "knn_top1"),
    ("finetuning", "finetuning", "shapes 10 %", "finetune_mean_class"),
    ("detection", "voc", "shapes VOC", "AP"),
    ("detection", "voc", "shapes VOC", "AP50"),
    ("detection", "voc", "shapes VOC", "AP75"),
    ("detection", "coco", "shapes COCO", "AP"),
    ("detection", "coco", "shapes COCO", "mask_AP"),
    ("segmentation", "ade20k", "shapes ADE20K", "mIoU"),
    ("segmentation", "cityscapes", "shapes Cityscapes", "mIoU"),
]
"""Family, task, data set and metric of each column."""


def many_results(*, objectives: list[str], seeds: int, config: str = "imagenet-like") -> pd.DataFrame:
    """Make up a finished evaluation per objective, seed and column; classification has validation scores beside."""
    random = np.random.default_rng(0)
    rows = []
    for rank, objective in enumerate(objectives):
        flops = float("nan") if objective == "random" else 1e15 * (1 + (rank * 7 % 5) / 3)
        for seed in range(seeds):
            for place, (family, task, dataset, metric) in enumerate(PLACES):
                value = 0.1 + 0.04 * rank + 0.02 * place + 0.02 * random.standard_normal()
                row = {"config": config, "objective": objective, "seed": seed, "kind": "evaluate", "task": task}
                row |= {"family": family, "dataset": dataset, "metric": metric, "split": "test", "selection": "last"}
                row |= {"value": float(np.clip(value, 0, 1)), "pretrain_flops": flops, "pretrain_wall_s": flops / 1e12}
                row |= {"device": "cpu", "upstream": f"{objective}-{seed}", "key": f"{objective}-{seed}-{task}"}
                rows.append(row)
                if family == "classification":
                    rows.append({**row, "split": "val", "value": float(np.clip(value + 0.01, 0, 1))})
    frame = pd.DataFrame(rows, columns=COLUMNS).assign(recipe="", status="done", stale="", confounds="")
    return frame.astype({"value": "float64", "pretrain_flops": "float64", "pretrain_wall_s": "float64"})


def many_curves(*, objectives: list[str], seeds: int, steps: int, config: str = "imagenet-like") -> pd.DataFrame:
    """Make up curves of one to three loss terms and of the speed."""
    random = np.random.default_rng(0)
    step = np.arange(1, steps + 1)
    parts = []
    for rank, objective in enumerate(objectives):
        names = ["contrast", "superfluous_information", "reconstruct"][: 1 + rank % 3]
        for seed in range(seeds):
            for name in (*names, "images_per_s", "learning_rate"):
                level = 5e4 if name == "images_per_s" else 4 / step**0.3
                values = level * (1 + 0.05 * random.standard_normal(steps))
                part = pd.DataFrame({"step": step, "value": values}).assign(name=name, seed=seed, objective=objective)
                parts.append(part.assign(config=config))
    return pd.concat(parts, ignore_index=True)[CURVE_COLUMNS]


def one_parameter(*, config: str = "sweep") -> Sweep:
    """A sweep whose rows are named after the values."""
    values = (0.0, 0.001, 0.01, 0.1, 1.0)
    rows = {f"superinfo superfluous_weight={value:g}": (value,) for value in values}
    return Sweep(config, "superinfo", ("arguments.superfluous_weight",), rows)


def two_parameters(*, config: str = "grid") -> Sweep:
    """A sweep over a grid."""
    rows = {f"w={w:g} t={t:g}": (t, w) for t in (0.05, 0.1, 0.2, 0.5) for w in (0.0, 0.001, 0.01, 0.1, 1.0)}
    return Sweep(config, "superinfo", ("arguments.base.temperature", "arguments.superfluous_weight"), rows)
