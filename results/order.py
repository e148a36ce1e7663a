"""In which order objectives, tasks and metrics stand in every table and figure, and how objectives are labelled."""

from __future__ import annotations

from collections.abc import Collection, Iterable

FLOOR = "random"
CEILING = "supervised"
REFERENCE = "infonce"

_FIRST = (FLOOR, REFERENCE)
_FAMILIES = ("classification", "finetuning", "detection", "segmentation", "factors", "representation")
_METRICS = (
    *("linear_top1", "linear_mean_class", "knn_top1", "knn_mean_class"),
    *("linear_sgd_top1", "linear_sgd_mean_class", "finetune_top1", "finetune_mean_class"),
    *("AP", "AP50", "AP75", "mask_AP", "mask_AP50", "mask_AP75", "mIoU"),
    *("linear_retention", "linear_retention_shared", "linear_retention_non_shared"),
    *("mlp_retention", "mlp_retention_shared", "mlp_retention_non_shared"),
)


def objective_order(names: Iterable[str]) -> list[str]:
    """Order objectives: `random`, `infonce`, the others by name, `supervised`; each once."""
    return sorted(set(names), key=lambda name: (name == CEILING, _position(name, _FIRST), name))


def column_order(family: str, task: str, dataset: str, metric: str) -> tuple[int, str, str, str, int, str]:
    """Sort key of a task's number: by family, task, data set, metric."""
    return _position(family, _FAMILIES), family, task, dataset, _position(metric, _METRICS), metric


def objective_label(name: str, *, derived: Collection[str]) -> str:
    """Label an objective as tables and figures show it.

    Args:
        name: the objective.
        derived: objectives that are derived from a paper rather than the paper's own.

    Returns:
        "random (floor)", "supervised (ceiling)", "mrcl (derived)" or the bare name.
    """
    if name == FLOOR:
        return f"{name} (floor)"
    if name == CEILING:
        return f"{name} (ceiling)"
    return f"{name} (derived)" if name in derived else name


def _position(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)
