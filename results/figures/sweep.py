"""Coefficient sweeps: value against score for each task, as lines for one parameter and as grids for two."""

from __future__ import annotations

from matplotlib.figure import Figure

from results.figures.material import Material
from results.figures.sweep_grids import grids
from results.figures.sweep_lines import lines
from results.figures.swept import Swept, swept


def sweep(material: Material) -> dict[str, Figure] | str:
    """Draw one figure per sweep of the config, a panel per column; inside `results.figures.theme.theme`."""
    found: dict[str, Figure] = {}
    for shown in (swept(one, material) for one in material.sweeps):
        if shown.columns:
            draw = lines if len(shown.parameters) == 1 else grids
            found[_end(shown, taken=found, alone=len(material.sweeps) == 1)] = draw(shown, material)
    return found or "no rows with scores that differ in one or two numbers alone"


def _end(shown: Swept, *, taken: dict[str, Figure], alone: bool) -> str:
    """End of the name of the figure's file: "sweep", or which sweep where there are several."""
    if alone:
        return "sweep"
    name = "-".join(["sweep", shown.sweep.objective, *shown.parameters])
    return next(end for number in range(1, 1000) if (end := name if number == 1 else f"{name}-{number}") not in taken)
