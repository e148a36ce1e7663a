"""The experiments by name."""

from __future__ import annotations

from collections.abc import Mapping

from results.experiments import masking, non_shared, predictors, reverse_u, shortcut, superfluous
from results.experiments.experiment import Experiment

EXPERIMENTS: Mapping[str, Experiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT
    for module in (reverse_u, non_shared, superfluous, masking, predictors, shortcut)
}
"""Name -> experiment."""
