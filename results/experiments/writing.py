"""Experiments as files: a figure and a page each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from results.experiments.material import load_material
from results.experiments.page import page
from results.experiments.ran import Wanted
from results.experiments.registry import EXPERIMENTS
from results.figures.saving import FORMATS, save
from results.figures.theme import theme
from results.suggestions import unknown
from results.whole_files import write_whole


def write_experiment(
    name: str,
    runs: Path,
    *,
    label: str,
    keys: Collection[str] | None,
    stale: Mapping[str, str],
    derived: Collection[str],
    command: str,
    out: Path,
    wanted: Collection[Wanted] | None = None,
    as_stored: bool = False,
) -> list[Path]:
    """Draw the figure of an experiment and write its page, `<name>.svg`, `.pdf`, `.png` and `<name>.md`.

    Where nothing can be drawn the page says why, and a figure from before is taken away.

    Args:
        name: one of `results.experiments.registry.EXPERIMENTS`.
        runs: folder of cells.
        label: name of the experiment's config; of an experiment over several, what their names begin with.
        keys: as for `results.load`.
        stale: likewise.
        derived: rows to mark as derived.
        command: that computes the cells, for the page.
        out: folder; made if it is not there.
        wanted: the cells of the experiment that were asked for; None where that is not known.
        as_stored: the cells count whatever code computed them, which the page says; `keys` and `stale` are then empty.

    Returns:
        The files written; the page is the last.

    Raises:
        ValueError: the name is unknown, the folder of cells is missing or a cell is malformed; nothing is written then.
    """
    if name not in EXPERIMENTS:
        raise unknown("experiment", name, EXPERIMENTS)
    experiment = EXPERIMENTS[name]
    material = load_material(runs, label=label, pooled=experiment.pooled, keys=keys, stale=stale, derived=derived)
    with theme():
        drawn = experiment.draw(material)
        left_out = drawn if isinstance(drawn, str) else ""
        picture = "" if left_out else f"{name}.svg"
        text = page(
            experiment,
            material,
            command=command,
            picture=picture,
            left_out=left_out,
            wanted=wanted,
            as_stored=as_stored,
        )
        out.mkdir(parents=True, exist_ok=True)
        written = [] if isinstance(drawn, str) else save(drawn, out=out, name=name)
    if left_out:
        for kind in FORMATS:
            (out / f"{name}.{kind}").unlink(missing_ok=True)
    return [*written, write_whole(out / f"{name}.md", text.encode("utf-8", "backslashreplace"))]
