"""Equal compute: every row gets the epochs with which its pretraining costs what the reference's does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmark.config import BenchConfig
from benchmark.errors import UserError
from benchmark.settings import Settings, Variant
from benchmark.step_cost import step_cost
from objectives.registry import OBJECTIVES
from results.order import REFERENCE

BUDGETS = ("epochs", "flops")
"""What all rows have in common: epochs as the config has them, or floating-point operations."""
SUFFIX = "-equal-flops"
"""What the label of a config gets behind it where rows share their compute."""


def equal_flops(settings: Settings, config: BenchConfig, rows: Sequence[str], *, classes: int) -> Settings:
    """Give every row that trains the epochs that cost as many operations as the reference's.

    Args:
        settings: of the config.
        config: the config.
        rows: those asked for.
        classes: classes of the pretraining images, 0 if unlabelled.

    Raises:
        UserError: what a row costs cannot be counted.
    """
    reference = config.row(REFERENCE)
    budget = _flops(config, REFERENCE, classes=classes) * reference.config.training.epochs
    variants = []
    for row in rows:
        trains = OBJECTIVES.get(config.row(row).objective).trains
        epochs = budget / _flops(config, row, classes=classes) if trains else None
        changes = () if epochs is None else (f"training.epochs={epochs:.6g}",)
        variants.append(Variant(row, row, changes))
    return replace(settings, label=f"{settings.label}{SUFFIX}", variants=tuple(variants))


def _flops(config: BenchConfig, row: str, *, classes: int) -> int:
    """Floating-point operations of an image."""
    chosen = config.row(row)
    chunks = chosen.config.training.chunks
    if chunks > 1:
        raise UserError(f"budget: training.chunks must be 1, whose operations are counted, got {chunks} of {row}")
    try:
        return step_cost(chosen.objective, chosen.config, classes=classes).flops_per_image
    except Exception as error:  # of whatever an objective's code makes of the small batch that is counted
        reason = " ".join(str(error).split())
        raise UserError(f"budget: the operations of {row} cannot be counted: {reason}") from error
