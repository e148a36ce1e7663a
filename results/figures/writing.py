"""The figures by name, and all of a runs folder as files or as SVG to embed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from results.figures.bars import bars
from results.figures.cka import cka
from results.figures.curves import curves
from results.figures.differences import heat_map
from results.figures.factors import factors
from results.figures.material import Builder, Material, materials
from results.figures.pareto import pareto
from results.figures.prediction import prediction
from results.figures.ranks import ranks
from results.figures.saving import embeddable_svg, save
from results.figures.sweep import sweep
from results.figures.theme import theme
from results.store.units import FACTORS, REPRESENTATION
from results.suggestions import unknown
from results.sweeps import Sweep
from results.tables.writing import file_stem

FIGURES: Mapping[str, Builder] = {
    "bars": bars,
    "differences": heat_map,
    "curves": curves,
    "ranks": ranks,
    "pareto": pareto,
    "prediction": prediction,
    "sweep": sweep,
    "factors": factors,
    "cka": cka,
}
"""Name -> what draws it."""
OF_FAMILY = {"factors": FACTORS, "cka": REPRESENTATION}
"""Figures of one family of tasks alone."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Embedded:
    """A figure for a page, or why there is none.

    Attributes:
        config: name of the config.
        name: one of `FIGURES`.
        title: of the figure, one line; "" if there is none.
        svg: an `<svg>` element, "" if there is none. Figures share ids: each is to be an image of its own.
        left_out: why there is none, one sentence; "" if there is one.
    """

    config: str
    name: str
    title: str
    svg: str
    left_out: str


def write_figures(
    frame: pd.DataFrame,
    scalars: pd.DataFrame,
    *,
    sweeps: Sequence[Sweep] = (),
    out: Path,
    derived: Collection[str],
    names: Collection[str] = (),
) -> list[Path]:
    """Write `<config>-<name>.svg`, `.pdf` and `.png` for every config and figure.

    A figure that has nothing to show is left out with a sentence in the log.

    Args:
        frame: of `results.store.loading.load`.
        scalars: of `results.store.loading.load_scalars`.
        sweeps: of `results.sweeps.find_sweeps`.
        out: folder; made if it is not there.
        derived: objectives to mark as derived.
        names: of `FIGURES`; none = all.

    Returns:
        The files written.

    Raises:
        ValueError: a name is unknown, or there is no cell to show; nothing is written then.
    """
    _check(frame, names)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    with theme():
        for material, _, built in _built(frame, scalars, sweeps=sweeps, derived=derived, names=names):
            if isinstance(built, str):
                _LOG.warning(built)
            else:
                for end, figure in built.items():
                    written += save(figure, out=out, name=file_stem(f"{material.config}-{end}"))
    return written


def figure_svgs(
    frame: pd.DataFrame,
    scalars: pd.DataFrame,
    *,
    sweeps: Sequence[Sweep] = (),
    derived: Collection[str],
    names: Collection[str] = (),
) -> list[Embedded]:
    """Draw the figures of `write_figures` for a page, without writing files.

    Returns:
        By config and then in the order of `FIGURES`, those that are left out included.

    Raises:
        ValueError: as `write_figures`.
    """
    _check(frame, names)
    found = []
    with theme():
        for material, name, built in _built(frame, scalars, sweeps=sweeps, derived=derived, names=names):
            if isinstance(built, str):
                found.append(Embedded(material.config, name, title="", svg="", left_out=built))
                continue
            for figure in built.values():
                title = " ".join(str(figure.get_suptitle()).split())
                found.append(Embedded(material.config, name, title=title, svg=embeddable_svg(figure), left_out=""))
    return found


def _check(frame: pd.DataFrame, names: Collection[str]) -> None:
    for name in names:
        if name not in FIGURES:
            raise unknown("figure", name, FIGURES)
    if frame.empty:
        raise ValueError("figures: at least one stored result is expected, got none")


def _built(
    frame: pd.DataFrame,
    scalars: pd.DataFrame,
    *,
    sweeps: Sequence[Sweep],
    derived: Collection[str],
    names: Collection[str],
) -> Iterator[tuple[Material, str, Mapping[str, Figure] | str]]:
    """Draw one figure after the other; a sentence stands for one that is left out.

    That a config has no sweep or no task of a figure's family is worth no sentence unless the figure was asked for.
    """
    for material in materials(frame, scalars, sweeps=sweeps, derived=derived):
        for name, draw in FIGURES.items():
            if name in names or (not names and _is_due(name, material)):
                built = draw(material)
                if isinstance(built, str):
                    built = f"figures: {material.config} has {built}, so no {name}"
                yield material, name, built


def _is_due(name: str, material: Material) -> bool:
    """Tell whether a config has what a figure is about."""
    if name == "sweep":
        return bool(material.sweeps)
    return name not in OF_FAMILY or OF_FAMILY[name] in set(material.frame["family"])
