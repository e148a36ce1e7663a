"""Figures as files that come out the same every time: no dates, no random names, never half-written."""

from __future__ import annotations

import io
import re
from pathlib import Path

from matplotlib.figure import Figure

from results.whole_files import write_whole

FORMATS = ("svg", "pdf", "png")
"""Endings of the files of a figure."""
_METADATA: dict[str, dict[str, None]] = {
    "svg": {"Date": None},
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
    "png": {"Software": None},
}


def save(figure: Figure, *, out: Path, name: str) -> list[Path]:
    """Write a figure in every format, at its own size; inside `results.figures.theme.theme`.

    Each file is complete whenever it is there.

    Returns:
        The files written.
    """
    return [write_whole(out / f"{name}.{kind}", encoded(figure, kind)) for kind in FORMATS]


def encoded(figure: Figure, kind: str) -> bytes:
    """Give the content of a figure's file: the same numbers give the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, metadata=_METADATA[kind])
    return _settled(_numbered(buffer.getvalue().decode())).encode() if kind == "svg" else buffer.getvalue()


def _settled(svg: str) -> str:
    """Round coordinates to four decimals, so that the noise of the layout's solver does not show.

    Many a coordinate lies halfway between two roundings, where noise decides; so all are moved by less than it matters.
    """
    return re.sub(r"\d+\.\d{5,}", lambda found: f"{float(found[0]) + 1e-6:.4f}".rstrip("0").rstrip("."), svg)


def _numbered(svg: str) -> str:
    """Number the clip paths in their order.

    matplotlib names them by a hash of their place, in whose last digit the solver of the layout is not the same twice.
    """
    names = dict.fromkeys(re.findall(r'<clipPath id="([\w-]+)"', svg))
    for place, name in enumerate(names, start=1):
        svg = svg.replace(f'id="{name}"', f'id="clip-{place}"').replace(f"url(#{name})", f"url(#clip-{place})")
    return svg


def embeddable_svg(figure: Figure) -> str:
    """Give a figure as an `<svg>` element; inside `results.figures.theme.theme`."""
    text = encoded(figure, "svg").decode("utf-8")
    return text[text.index("<svg") :]
