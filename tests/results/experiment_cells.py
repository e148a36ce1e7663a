"""Stores of made-up experiments: rows with inputs as the benchmark hashes them, and numbers with planted effects."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

VIEWS: dict[str, Any] = {"size": 32, "crop_scale": [0.4, 1.0], "jitter": [0.4, 0.4, 0.4, 0.5], "patch_pair": None}
RENDERED = {"mode": "rendered", "shared": ["shape", "size"], "noise": 0.0}
TRAINING = {"epochs": 10, "batch": 256, "lr": 0.004}
FAMILIES = {
    "factors": "factors",
    "representation": "representation",
    "classification": "classification",
    "voc": "detection",
    "ade20k": "segmentation",
}
_ENVIRONMENT = {
    "device": "cpu",
    "commit": "8b1f2c0",
    "packages": {},
    "python": "3.11.7",
    "threads": 2,
    "created": "2030-01-31T12:00:00+00:00",
}
_COSTS = {"wall_s": 90.0, "images": 25600, "images_per_s": 900.0, "peak_memory_bytes": 1, "parameters": 1}

Numbers = Mapping[str, float]
"""Metric -> its mean over seeds; "val:" before the metric: on validation data."""


@dataclass(frozen=True)
class Planted:
    """A row with the numbers that it is to have.

    Attributes:
        name: of the row.
        objective: registry name.
        tasks: task -> numbers.
        arguments: of the objective.
        views: what differs from `VIEWS`.
        known: metric -> number of the pretraining.
    """

    name: str
    objective: str
    tasks: Mapping[str, Numbers]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    views: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, float] = field(default_factory=dict)


def write_rows(
    runs: Path, rows: Sequence[Planted], *, config: str, seeds: int, noise: float = 0.004, without: Sequence[str] = ()
) -> Path:
    """Write finished cells; a seed moves all rows alike, and each by itself by `noise` (standard deviation).

    Args:
        runs: folder to write to.
        rows: the rows.
        config: of all of them.
        seeds: how many.
        noise: of a number that is a fraction.
        without: names of tasks that are skipped.
    """
    for place, row in enumerate(rows):
        for seed in range(seeds):
            stream = np.random.default_rng([place, seed])
            together = 0.01 * np.random.default_rng(seed).standard_normal()
            key = f"{config}-{row.name}-{seed}".replace(" ", "-")
            inputs = {"row": row.name, "objective": row.objective, "arguments": dict(row.arguments), "seed": seed}
            if row.objective != "random":
                inputs |= {"views": {**VIEWS, **row.views}, "training": TRAINING, "data": "d1ge57"}
            common = {"config": config, "objective": row.name, "seed": seed}
            known = [_metric("views", name, "train", "last", value) for name, value in row.known.items()]
            _write(runs, key, {**common, "kind": "pretrain", "inputs": inputs, "metrics": known})
            for task, numbers in row.tasks.items():
                metrics = [
                    _number(task, name, mean, shift=together + noise * stream.standard_normal())
                    for name, mean in numbers.items()
                ]
                fields: dict[str, object] = {
                    "kind": "evaluate",
                    "task": task,
                    "family": FAMILIES[task],
                    "upstream": key,
                }
                fields |= {"inputs": {"seed": seed}, "metrics": metrics}
                if task in without:
                    fields |= {"status": "skipped", "reason": f"no data of {task}", "metrics": [], "costs": {}}
                _write(runs, f"{key}-{task}", {**common, **fields})
    return runs


def _number(task: str, name: str, mean: float, *, shift: float) -> dict[str, object]:
    validation, metric = name.startswith("val:"), name.removeprefix("val:")
    selection = "last" if FAMILIES[task] in ("representation", "detection", "segmentation") else "selected"
    fraction = not metric.endswith(("_nats", "_dims", "_squared"))
    value = min(max(mean + shift, 0.0), 1.0) if fraction and metric != "infonce_saturated" else mean
    return _metric(task, metric, "val" if validation else "test", selection, value)


def _metric(dataset: str, metric: str, split: str, selection: str, value: float) -> dict[str, object]:
    return {"dataset": dataset, "metric": metric, "split": split, "selection": selection, "value": value}


def _write(runs: Path, key: str, fields: Mapping[str, object]) -> None:
    folder = runs / "cells" / key
    folder.mkdir(parents=True)
    record = {"schema": 2, "key": key, "status": "done", "task": None, "family": None, "upstream": None, "modules": {}}
    record |= {"reason": None, "costs": _COSTS, "environment": _ENVIRONMENT, **fields}
    (folder / "cell.json").write_text(json.dumps(record))


def factors(non_shared: float, shared: float) -> dict[str, float]:
    """Numbers of the factors task: retention of both groups and their mean, and the accuracy of two factors."""
    both = (non_shared + shared) / 2
    found = {"retention": both, "retention_shared": shared, "retention_non_shared": non_shared}
    numbers = {f"{probe}_{name}": value for probe in ("linear", "mlp") for name, value in found.items()}
    numbers |= {f"val:linear_{name}": value for name, value in found.items()}
    numbers |= {"linear_shape_top1": shared, "val:linear_shape_top1": shared}
    return numbers | {"linear_size_top1": shared, "linear_hue_top1": non_shared}


Curve = Callable[[float], float]
"""A score of a swept value."""


def non_shared_rows(rc: Curve, lbe: Curve, *, infonce: float = 0.3, noise: float = 0.3) -> list[Planted]:
    """Rows of the experiment on non-shared information; curves give retention of non-shared factors by weight."""
    base = {"type": "infonce", "temperature": 0.2}
    rows = [
        Planted("random", "random", {"factors": factors(0.12, 0.2)}),
        Planted("infonce", "infonce", {"factors": factors(infonce, 0.8)}, {}, {"factors": RENDERED}),
        Planted("supervised", "supervised", {"factors": factors(0.7, 0.9)}, {}, {"factors": RENDERED}),
    ]
    for name, curve in (("rc", rc), ("lbe", lbe)):
        for weight in (0.01, 0.1, 1.0, 10.0):
            arguments = {"base": base, "regularizer": name, "weight": None if weight == 1.0 else weight}
            numbers = {"factors": factors(curve(weight), 0.8)}
            rows.append(Planted(f"{name}_{weight:g}", "infocl", numbers, arguments, {"factors": RENDERED}))
    for name, value in (("mib", noise - 0.05), ("noise", noise)):
        arguments = {"base": base, "regularizer": name, "weight": None}
        rows.append(Planted(name, "infocl", {"factors": factors(value, 0.8)}, arguments, {"factors": RENDERED}))
    view = {"h_decoder_information_nats": 6.0, "h_noise_information_nats": 5.0}
    return [replace(row, tasks={**row.tasks, "representation": view}) for row in rows]


def reverse_u_rows(curve: Curve, *, methods: Sequence[str] = ("infonce",)) -> list[Planted]:
    """Rows along the axis of shared factors, the task's the third of five, at 1.5 nats each; a curve of all nats."""
    names = ["x", "hue", "shape", "y", "size"]
    rows = []
    for method in methods:
        for count in range(len(names) + 1):
            known, shared = 1.5 * count, names[:count]
            numbers = {"factors": factors(curve(known), curve(known))}
            views = {"factors": {"mode": "rendered", "shared": shared, "noise": 0.0}}
            rows.append(Planted(f"{method} shared={count}", method, numbers, {}, views, {"known_shared_nats": known}))
    return rows


def crop_rows(curve: Curve, *, method: str = "infonce", measured: Curve = lambda crop: 1 + 4 * crop) -> list[Planted]:
    """Rows that differ in their crops alone; curves give score and measured information in nats by the crop."""
    rows = []
    for crop in (0.05, 0.2, 0.5, 0.8):
        plane = {"infonce_information_nats": measured(crop), "infonce_saturated": float(crop == 0.8)}
        numbers = {"factors": factors(curve(crop), curve(crop)), "representation": plane}
        rows.append(Planted(f"{method} crop={crop:g}", method, numbers, {}, {"crop_scale": [crop, 1.0]}))
    return rows


def superfluous_rows(gain: Curve) -> list[Planted]:
    """A grid of superinfo; the gain is in retention of shared factors by superfluous weight."""
    rows = [Planted("infonce", "infonce", {"factors": factors(0.4, 0.6)}, {}, {"factors": RENDERED})]
    for superfluous in (0.0, 0.001, 0.01, 0.1):
        for predictive in (0.0, 0.1, 1.0):
            arguments = {"superfluous_weight": superfluous, "predictive_weight": predictive, "bound": "rate"}
            numbers = {"factors": factors(0.4 - 0.5 * superfluous, 0.6 + gain(superfluous) + 0.02 * predictive)}
            name = f"superinfo {superfluous:g} {predictive:g}"
            rows.append(Planted(name, "superinfo", numbers, arguments, {"factors": RENDERED}))
    return rows


def shortcut_rows(taken: float) -> list[Planted]:
    """Views with the default colours, with the hue left in, and in between; what is taken goes from shape to hue."""
    views = {"default": {}, "hue": {"jitter": [0.4, 0.4, 0.4, 0.2], "grayscale_p": 0.0}}
    views |= {"grayscale": {"jitter": [0.4, 0.4, 0.4, 0.2]}}
    rows = [Planted("random", "random", _coloured(0.3, 0.2))]
    for name, share in (("default", 0.0), ("hue", 1.0), ("grayscale", 0.5)):
        row = "infonce" if name == "default" else f"infonce_{name}"
        numbers = _coloured(0.4 + share * taken, 0.5 - share * taken)
        rows.append(Planted(row, "infonce", numbers, {}, views[name]))
    return rows


def _coloured(hue: float, shape: float) -> dict[str, Numbers]:
    factor = {"linear_background_hue_r2": hue, "linear_shape_top1": shape}
    return {"factors": factor, "classification": {"linear_top1": shape}}


def masking_rows(gain: Curve) -> list[Planted]:
    """Mask ratios; the gain is in every score by ratio."""
    rows = [Planted("infonce", "infonce", _scores(0.0), {}, {"factors": RENDERED})]
    for ratio in (0.0, 0.1, 0.25, 0.5, 0.75):
        arguments = {"ratio": ratio, "weight": 1.0}
        rows.append(Planted(f"mrcl {ratio:g}", "mrcl", _scores(gain(ratio)), arguments, {"factors": RENDERED}))
    return rows


def _scores(gain: float) -> dict[str, Numbers]:
    return {
        "factors": factors(0.4 + gain, 0.6 + gain),
        "voc": {"AP": 0.3 + gain, "AP50": 0.5 + gain},
        "ade20k": {"mIoU": 0.25 + gain},
    }


def predictor_rows(slopes: Mapping[str, float]) -> list[Planted]:
    """Eight objectives whose AP and mIoU rise evenly; a cheap number rises or falls with them by its slope."""
    names = ["infonce", "byol", "barlow_twins", "mrcl", "superinfo", "infomin", "rc", "lbe"]
    rows = [Planted("random", "random", {"classification": {"linear_top1": 0.1}, "voc": {"AP": 0.01}})]
    for place, name in enumerate(names):
        cheap = {metric: 0.4 + slope * place for metric, slope in slopes.items()}
        tasks: dict[str, Numbers] = {"voc": {"AP": 0.2 + 0.05 * place}, "ade20k": {"mIoU": 0.2 + 0.04 * place}}
        tasks["classification"] = {name: value for name, value in cheap.items() if name.endswith("top1")}
        tasks["representation"] = {name: 10 * value for name, value in cheap.items() if not name.endswith("top1")}
        rows.append(Planted(name, name, {task: own for task, own in tasks.items() if own}))
    return rows
