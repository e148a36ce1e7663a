"""Protocols: by what a number was measured, field by field, and in what two of them differ.

A protocol is flat: dotted names, spelled as in our configs, and plain values. A paper's is written down in
`results/published/`; ours is computed from what was hashed into the cells (`results.ledger.protocol_of_cells`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import groupby

Value = bool | int | float | str | tuple[float, ...]
Protocol = Mapping[str, Value | None]
"""Dotted name -> value. In a paper's protocol None is "not stated", and `NONE` says that there is no such thing."""
NONE = "none"

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "model": {"architecture": "architecture", "stem": "stem", "projector": "projector"},
    "training": {
        "epochs": "epochs",
        "batch": "batch",
        "optimiser": "optimiser",
        "lr": "learning rate",
        "momentum": "momentum",
        "weight_decay": "weight decay",
        "exclude_bias_and_norm": "weight decay spares biases and norms",
        "schedule": "schedule",
        "final_lr": "final learning rate",
        "warmup": "warm-up",
    },
    "views": {
        "size": "image size",
        "crop_scale": "crop scale",
        "crop_ratio": "crop ratio",
        "flip": "flip",
        "jitter": "colour jitter",
        "jitter_p": "probability of colour jitter",
        "randaugment": "RandAugment",
        "grayscale_p": "probability of grayscale",
        "blur_p": "probability of blur",
        "blur_sigma": "sigma of blur",
        "blur_kernel": "kernel of blur",
        "solarize_p": "probability of solarisation",
        "mean": "mean of the input",
        "std": "std of the input",
        "channels": "channels of a view",
    },
    "jigsaw": {"crop_scale": "crop scale of the jigsaw", "cell": "cell of the jigsaw", "patch": "patch of the jigsaw"},
    "probe": {
        "image_size": "image size of the probe",
        "resize": "resize of the probe",
        "interpolation": "interpolation of the probe",
        "splits": "splits of the data set",
        "mean": "mean of the probe's input",
        "std": "std of the probe's input",
        "augmentation": "augmentation of the probe",
        "crop_scale": "crop scale of the probe",
        "flip": "flip of the probe",
        "randaugment": "RandAugment of the probe",
        "trained_on": "share of the training images that the probe sees",
        "epochs": "epochs of the probe",
        "batch": "batch of the probe",
        "lr": "learning rate of the probe",
        "momentum": "momentum of the probe",
        "weight_decay": "weight decay of the probe",
        "schedule": "schedule of the probe",
        "milestones": "milestones of the probe",
        "decay": "decay of the probe",
        "init_std": "std of the probe's first weights",
    },
    "knn": {
        "image_size": "image size of the kNN",
        "resize": "resize of the kNN",
        "mean": "mean of the kNN's input",
        "std": "std of the kNN's input",
        "neighbours": "k",
        "temperature": "temperature of the kNN",
    },
    "detector": {
        "library": "library",
        "name": "detector",
        "iterations": "iterations of the detector",
        "batch": "batch of the detector",
        "lr": "learning rate of the detector",
        "milestones": "milestones of the detector",
        "freeze_at": "frozen stages of the detector",
        "short_side": "short side in training",
    },
}
"""Section -> name of a field -> what it is called in a sentence."""
EVALUATIONS = ("probe", "knn", "detector")
"""Sections of an evaluation; the others are of the pretraining."""
DATA = {"name": "pretraining data", "images": "pretraining images"}
"""Fields of the section `data`, which no cell can be asked for as for the others (`results.beside`)."""
ARGUMENTS = "arguments"
"""Section of the objective's arguments, with the names that they have in our code."""
SELECTIONS = ("last", "selected", "oracle")

_WHOLE = {
    "model": "the network",
    "training": "the schedule of the pretraining",
    "views": "the augmentation",
    "jigsaw": "the jigsaw",
    "probe": "the probe",
    "knn": "the kNN",
    "detector": "the detector",
}
# Those that stand in ours alone, and only where they are out of the ordinary: a paper says nothing of what it lacks.
_UNUSUAL = {
    "training.precision": "precision",
    "probe.labels": "share of the labels",
    "probe.backbone_lr": "learning rate of the backbone",
    "evaluation.settings": "settings of the evaluation",
}
_LABELS = {f"{section}.{name}": label for section, fields in SECTIONS.items() for name, label in fields.items()}
_PRECISION = 1e-4  # numbers closer than this, relative to the larger, are equal: 4/3 is printed as 1.3333


def differences(stated: Protocol, ours: Protocol) -> list[str]:
    """Say in what our protocol differs from a paper's.

    Arguments of an objective are compared where the paper's protocol names them; every other field where either side
    has it. What the paper does not state is a difference too, since nobody can say that it agrees.

    Args:
        stated: the paper's.
        ours: ours; a field that does not apply (the momentum of Adam) is not in it.

    Returns:
        "epochs 10 instead of 200", ..., and at the end "not stated in the paper: ..."; empty where all fields agree.
    """
    arguments = [name for name in stated if name.startswith(f"{ARGUMENTS}.")]
    found, unstated = [], []
    for name in (*_LABELS, *_UNUSUAL, *arguments):
        own, theirs = ours.get(name), stated.get(name)
        if theirs is None and own is not None:
            unstated.append(name)
        elif theirs is not None and not _equal(NONE if own is None else own, theirs):
            found.append(f"{_label(name)} {_words(own)} instead of {_words(theirs)}")
    if not arguments and any(name.startswith(f"{ARGUMENTS}.") for name in ours):
        unstated.append(ARGUMENTS)
    return [*found, *([f"not stated in the paper: {', '.join(_named(unstated, ours))}"] if unstated else [])]


def _named(unstated: Iterable[str], ours: Protocol) -> list[str]:
    """Labels of fields, or of their section where nothing of it is stated."""
    labels: list[str] = []
    for section, names in groupby(unstated, key=lambda name: name.partition(".")[0]):
        missing = list(names)
        own = [name for name in ours if name.startswith(f"{section}.") and name in _LABELS]
        whole = section in _WHOLE and len(missing) > 1 and set(own) <= set(missing)
        labels += [_WHOLE[section]] if whole else [_label(name) for name in missing]
    return labels


def _label(name: str) -> str:
    known = {**_LABELS, **_UNUSUAL, ARGUMENTS: "the objective's arguments"}
    return known.get(name, name.removeprefix(f"{ARGUMENTS}."))


def _equal(own: Value, theirs: Value) -> bool:
    if isinstance(own, tuple) and isinstance(theirs, tuple):
        return len(own) == len(theirs) and all(map(_equal, own, theirs))
    if isinstance(own, bool) or isinstance(theirs, bool):
        return own is theirs
    if isinstance(own, int | float) and isinstance(theirs, int | float):
        return math.isclose(own, theirs, rel_tol=_PRECISION)
    return own == theirs


def _words(value: Value | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "/".join(map(_words, value)) or NONE
    return NONE if value is None else f"{value:g}" if isinstance(value, float) else str(value)
