"""All figures of a runs folder, one set per config, as SVG and PNG."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from results.comparison import scores
from results.figures.bars import bars
from results.figures.curves import curves, terms
from results.figures.differences import differences, heat_map
from results.figures.theme import palette, save, theme
from results.order import REFERENCE
from results.tables.writing import file_stem

_LOG = logging.getLogger(__name__)


def write_figures(frame: pd.DataFrame, scalars: pd.DataFrame, *, out: Path, derived: Collection[str]) -> list[Path]:
    """Write `<config>-bars`, `<config>-curves` and `<config>-differences`, each as .svg and .png.

    A figure that has nothing to show is left out with a sentence in the log.

    Args:
        frame: of `results.loading.load`.
        scalars: of `results.loading.load_scalars`.
        out: folder; made if it is not there.
        derived: objectives to mark as derived.

    Returns:
        The files written.

    Raises:
        ValueError: there is no cell to show; nothing is written then.
    """
    if frame.empty:
        raise ValueError("figures: at least one stored result is expected, got none")
    out.mkdir(parents=True, exist_ok=True)
    colours = palette({*frame["objective"], *scalars["objective"]})
    numbers, lines = scores(frame), terms(scalars)
    written = []
    for config, part in frame.groupby("config"):
        with theme():
            figures = _figures(
                part,
                numbers=numbers[numbers["config"] == config],
                lines=lines[lines["config"] == config],
                colours=colours,
                derived=derived,
            )
            for name, figure in figures.items():
                written += save(figure, out=out, name=f"{file_stem(str(config))}-{name}")
    return written


def _figures(
    part: pd.DataFrame,
    *,
    numbers: pd.DataFrame,
    lines: pd.DataFrame,
    colours: Mapping[str, Any],
    derived: Collection[str],
) -> dict[str, Figure]:
    config = str(part["config"].iloc[0])
    found = differences(numbers, reference=REFERENCE)
    figures: dict[str, Figure] = {}
    if numbers.empty:
        _LOG.warning("figures: %s has no finished evaluation, so no bars", config)
    else:
        figures["bars"] = bars(numbers, frame=part, colours=colours, derived=derived)
    if lines.empty:
        _LOG.warning("figures: %s has no pretraining curve, so no curves", config)
    else:
        figures["curves"] = curves(lines, colours=colours, derived=derived)
    if found.empty:
        _LOG.warning("figures: %s has nothing to compare with %s, so no heat map of differences", config, REFERENCE)
    else:
        title = f"{config}: difference to {REFERENCE} in points, paired by seed, mean (n={found['n'].max()})"
        columns = list(dict.fromkeys(numbers["column"]))
        figures["differences"] = heat_map(found, columns=columns, title=title, derived=derived)
    return figures
