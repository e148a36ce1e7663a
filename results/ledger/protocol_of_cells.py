"""Our protocols, computed from what was hashed into the cells, in the fields of `results.ledger.protocol`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from results.ledger.protocol import ARGUMENTS, NONE, Value
from results.order import CEILING, FLOOR
from results.store.cells import Cell

CHECKPOINT = "checkpoint"
"""Stands for the objective of a row that was pretrained elsewhere."""

_DETECTORS = {"MaskRCNN": "Mask R-CNN", "FasterRCNN": "Faster R-CNN"}
_PROBED = ("linear_sgd_", "finetune_")
_AP = ("AP", "mask_AP")

Fields = Mapping[str, object]
Protocol = dict[str, Value]


def pretraining_protocol(pretrained: Cell) -> Protocol:
    """Protocol of a pretraining; what a row does not use (a schedule if it does not train) is not in it.

    Args:
        pretrained: cell of kind "pretrain".
    """
    inputs = pretrained.inputs
    found: Protocol = {}
    for section, fields in (
        ("model", _model(inputs)),
        ("training", _training(_part(inputs, "training"))),
        ("views", _views(_part(inputs, "views"))),
        ("jigsaw", dict(_part(inputs, "jigsaw"))),
        (ARGUMENTS, {} if inputs.get("objective") == CHECKPOINT else dict(_flat(_part(inputs, "arguments")))),
    ):
        found |= {f"{section}.{name}": known for name, value in fields.items() if (known := _value(value)) is not None}
    return found


def evaluation_protocol(evaluated: Cell, pretrained: Cell | None, *, metric: str) -> Protocol:
    """Protocol of an evaluation, as far as it concerns one of its numbers.

    Args:
        evaluated: cell of kind "evaluate".
        pretrained: the pretraining it started from, which says how images are normalised; None if it is not stored.
        metric: name of the number.
    """
    options = _part(evaluated.inputs, "options")
    fields: Fields
    if metric.startswith(_PROBED):
        section, fields = "probe", {**_probe(options), **_normalisation(pretrained)}
    elif metric.startswith("knn_"):
        section, fields = "knn", {**_knn(options), **_normalisation(pretrained)}
    elif metric.startswith(_AP):
        section, fields = "detector", _detector(_part(evaluated.inputs, "config"))
    else:
        section, fields = "evaluation", {"settings": str(evaluated.inputs.get("task"))}
    return {f"{section}.{name}": known for name, value in fields.items() if (known := _value(value)) is not None}


def _model(inputs: Fields) -> Fields:
    model = _part(inputs, "model")
    if not model:
        return {}
    width = model.get("width")
    found = {
        "architecture": f"ResNet-{model.get('depth')}" + ("" if width == 1 else f" x{width}"),
        "stem": model.get("stem"),
    }
    if "projection" in model and "training" in inputs and inputs.get("objective") not in (FLOOR, CEILING):
        norm = "batch norm" if model.get("projector_norm") else "no batch norm"
        found["projector"] = f"d-{model.get('hidden') or 'd'}-{model['projection']}, {norm}"
    return found


def _training(training: Fields) -> Fields:
    found = dict(training)
    if training.get("optimiser") == "adamw":
        found.pop("momentum", None)
        if not training.get("weight_decay"):
            found["optimiser"] = "adam"  # which it is without weight decay
            found.pop("exclude_bias_and_norm", None)
    if training.get("schedule") == "constant":
        found.pop("final_lr", None)
    if training.get("precision") == "float32":
        del found["precision"]  # what a paper has that names none
    return found


def _views(views: Fields) -> Fields:
    found = dict(views)
    for probability, dependent in (("jitter_p", ("jitter",)), ("blur_p", ("blur_sigma", "blur_kernel"))):
        if not views.get(probability):
            for name in dependent:
                found.pop(name, None)
    if views:
        found["channels"] = "all" if views.get("generator") is None else "split"
    found.pop("generator", None)
    return found


def _probe(options: Fields) -> Fields:
    """Fields of a classifier trained by SGD; RandAugment is none of its settings, so it has none."""
    names = ("image_size", "resize", "interpolation", "splits", "augmentation", "epochs", "batch", "lr", "momentum")
    found = {name: options.get(name) for name in (*names, "weight_decay", "schedule", "init_std")}
    if options.get("augmentation") == "crop":
        found |= {"crop_scale": options.get("crop_scale"), "flip": options.get("flip"), "randaugment": NONE}
    if options.get("schedule") == "step":
        found |= {"milestones": options.get("milestones"), "decay": options.get("decay")}
    held_out = options.get("validation")
    if isinstance(held_out, float):
        found["trained_on"] = 1.0 if options.get("refit") else 1 - held_out
    if options.get("subset") or options.get("fraction") != 1:
        found["labels"] = options.get("subset") or options.get("fraction")
    if not options.get("frozen"):
        found["backbone_lr"] = options.get("backbone_lr")
    return found


def _knn(options: Fields) -> Fields:
    return {name: options.get(name) for name in ("image_size", "resize", "neighbours", "temperature")}


def _normalisation(pretrained: Cell | None) -> Fields:
    """Mean and std of the images; `input` is (size, mean, std, colour), or (mean, std) of a checkpoint."""
    given = None if pretrained is None else pretrained.inputs.get("input")
    if not isinstance(given, list | tuple) or len(given) < 2:
        return {}
    mean, std = given[1:3] if len(given) == 4 else given[:2]
    return {"mean": mean, "std": std}


def _detector(config: Fields) -> Fields:
    """Fields of a detector, from its whole mm config."""
    model, loader = _part(config, "model"), _part(config, "train_dataloader")
    if not model:
        return {}
    kind = str(model.get("type"))
    sides = [min(scale) for scale in _scales(loader)]
    frozen = _part(model, "backbone").get("frozen_stages")
    return {
        "library": "mmdet",
        "name": f"{_DETECTORS.get(kind, kind)} {'FPN' if model.get('neck') else 'C4'}",
        "iterations": _part(config, "train_cfg").get("max_iters"),
        "batch": loader.get("batch_size"),
        "lr": _part(_part(config, "optim_wrapper"), "optimizer").get("lr"),
        "milestones": _milestones(config.get("param_scheduler")),
        "freeze_at": frozen + 1 if isinstance(frozen, int) else None,  # mmdet counts from -1, detectron2 from 0
        "short_side": (min(sides), max(sides)) if sides else None,
    }


def _milestones(schedulers: object) -> object:
    steps = [each for each in schedulers if isinstance(each, Mapping)] if isinstance(schedulers, list) else []
    return next((each["milestones"] for each in steps if each.get("type") == "MultiStepLR"), None)


def _scales(node: object) -> Iterator[tuple[float, float]]:
    """Sizes to which a pipeline brings images, wherever it lies in the loader's config."""
    if isinstance(node, Mapping):
        if "scales" in node and isinstance(node["scales"], list):
            yield from (tuple(scale) for scale in node["scales"])
        elif isinstance(node.get("scale"), list | tuple):
            yield tuple(node["scale"])
        else:
            for inner in node.values():
                yield from _scales(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _scales(inner)


def _part(fields: Fields, name: str) -> Fields:
    part = fields.get(name)
    return part if isinstance(part, Mapping) else {}


def _flat(fields: Fields, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _value(value: object) -> Value | None:
    """A value as protocols have it; None if it has none of their forms."""
    if isinstance(value, list | tuple):
        return tuple(value)
    return value if isinstance(value, bool | int | float | str) else None
