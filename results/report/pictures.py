"""The figures, for a page: each as an image of its own, so that no figure's styles or names meet another's."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from results.figures.writing import Embedded, figure_svgs
from results.sweeps import Sweep

_POINT = 4 / 3  # CSS pixels
_ENLARGED = 1.35  # on a screen: figures are set for print, in letters of 6 to 8 points


@dataclass(frozen=True)
class Picture:
    """One figure.

    Attributes:
        config: name of the config.
        name: name of the figure, as `clbench plot` knows it.
        title: what it shows, one line.
        source: the figure as a data URI; "" if there is none.
        width: CSS pixels, as it is shown.
        height: CSS pixels, as it is shown.
        left_out: why there is none; "" if there is one.
    """

    config: str
    name: str
    title: str
    source: str
    width: int
    height: int
    left_out: str


def pictures(
    frame: pd.DataFrame, scalars: pd.DataFrame, *, sweeps: Sequence[Sweep], derived: Collection[str]
) -> list[Picture]:
    """Draw all figures of `clbench plot`; arguments and errors are those of `results.figures.writing.figure_svgs`."""
    return [_picture(figure) for figure in figure_svgs(frame, scalars, sweeps=sweeps, derived=derived)]


def _picture(figure: Embedded) -> Picture:
    encoded = base64.b64encode(figure.svg.encode()).decode()
    return Picture(
        config=figure.config,
        name=figure.name,
        title=figure.title,
        source=f"data:image/svg+xml;base64,{encoded}" if figure.svg else "",
        width=_pixels(figure.svg, "width"),
        height=_pixels(figure.svg, "height"),
        left_out=figure.left_out,
    )


def _pixels(svg: str, side: str) -> int:
    """Read a side of an SVG, which matplotlib gives in points."""
    found = re.search(rf'<svg\b[^>]*?\b{side}="([\d.]+)pt"', svg)
    return round(float(found[1]) * _POINT * _ENLARGED) if found else 0
