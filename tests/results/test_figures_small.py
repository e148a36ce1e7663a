"""Every figure of small stores, and of names that no font has; pytest makes an error of what matplotlib warns of."""

from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from drawn_texts import outside, overlapping
from many_results import many_curves, many_results
from matplotlib.figure import Figure

from results.figures.material import materials
from results.figures.saving import FORMATS, encoded
from results.figures.theme import theme
from results.figures.writing import FIGURES, OF_FAMILY, figure_svgs, write_figures
from results.sweeps import Sweep

PAIRS = [["infonce"], ["random", "infonce"], ["infonce", "decoupled_contrastive_learning_symmetric"]]
TASKS = {"one": ["classification"], "two": ["classification", "voc"], "all": []}
SWEEPS = [
    Sweep("small", "mrcl", ("arguments.weight",), {"w=0": (0.0,), "w=1": (1.0,)}),
    Sweep("small", "mrcl", ("arguments.weight", "training.lr"), {"w=0": (0.0, 1e-3), "w=1": (1.0, 3e-3)}),
]


def drawn(frame: pd.DataFrame, curves: pd.DataFrame, *, sweep: Sweep | None = None) -> dict[str, Figure]:
    """The figures that there is something for; they are to be used inside `theme`."""
    (material,) = materials(frame, curves, sweeps=[sweep] if sweep else [], derived=())
    built = {name: draw(material) for name, draw in FIGURES.items()}
    return {end: figure for found in built.values() if not isinstance(found, str) for end, figure in found.items()}


def readable(figure: Figure) -> bool:
    """All of it is within its edges, nothing lies on a text, no panel has collapsed, and it can be saved."""
    assert outside(figure) == []
    assert overlapping(figure) == []
    heights = [axis.get_position().height * figure.get_figheight() for axis in figure.axes]
    assert min(heights) > 0.15, heights
    return all(encoded(figure, kind) for kind in FORMATS)


@pytest.mark.parametrize("tasks", list(TASKS))
@pytest.mark.parametrize("objectives", PAIRS, ids=",".join)
def test_one_or_two_objectives_with_one_seed_are_drawn_readably(objectives: list[str], tasks: str) -> None:
    frame = many_results(objectives=objectives, seeds=1, config="small")
    frame = frame[frame["task"].isin(TASKS[tasks] or set(frame["task"]))]
    curves = many_curves(objectives=objectives, seeds=1, steps=3, config="small")
    with theme():
        figures = drawn(frame, curves)
        expected = {"bars", "curves", "pareto"} | ({"prediction"} if tasks != "one" else set())
        expected |= {"differences"} if len(objectives) == 2 else set()
        assert set(figures) - {"ranks"} == expected
        for figure in figures.values():
            assert readable(figure)


@pytest.mark.parametrize("rows", [1, 2, 3, 9])
@pytest.mark.parametrize("columns", [1, 2, 4, 9])
def test_differences_are_readable_whatever_their_rows_and_columns(rows: int, columns: int) -> None:
    names = ["infonce", "byol", *(f"variance_invariance_covariance_{place}" for place in range(8))][: rows + 1]
    frame = many_results(objectives=names, seeds=1, config="small")
    kept = frame.drop_duplicates(["task", "metric"])[["task", "metric"]].head(columns)
    with theme():
        assert readable(drawn(frame.merge(kept), many_curves(objectives=names, seeds=1, steps=1))["differences"])


@pytest.mark.parametrize(("seeds", "said"), [(1, True), (10, False)])
def test_one_seed_is_too_few_though_columns_are_equal(seeds: int, said: bool) -> None:
    names = ["infonce", "byol"]
    frame = many_results(objectives=names, seeds=seeds, config="small")
    frame.loc[frame["task"] == "voc", "value"] = 0.0
    curves = many_curves(objectives=names, seeds=1, steps=3, config="small")
    (figure,) = figure_svgs(frame, curves, derived=(), names=["differences"])
    assert ("too few seeds to separate any" in figure.title) == said
    assert ("Nothing is separated from infonce" in figure.svg) == said


@pytest.mark.parametrize("sweep", SWEEPS, ids=["one parameter", "two parameters"])
@pytest.mark.parametrize("tasks", list(TASKS))
def test_a_sweep_of_two_values_is_drawn_readably(sweep: Sweep, tasks: str) -> None:
    frame = many_results(objectives=list(sweep.rows), seeds=1, config="small")
    frame = frame[frame["task"].isin(TASKS[tasks] or set(frame["task"]))]
    with theme():
        figures = drawn(frame, many_curves(objectives=["w=0"], seeds=1, steps=3, config="small"), sweep=sweep)
        assert readable(figures["sweep"])


STRANGE = {
    "byol": "\N{PARTY POPPER} \u65e5\u672c\u8a9e",
    "infomin": "lone \ud83c surrogate",
    "mrcl": "\x1b[1mescape\x00",
}


@pytest.fixture
def strange() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Results and curves of objectives, data sets and loss terms whose names the figures' font does not have."""
    frame = many_results(objectives=["infonce", *STRANGE], seeds=2, config="small")
    curves = many_curves(objectives=["infonce", *STRANGE], seeds=2, steps=3, config="small")
    frame, curves = (part.assign(objective=part["objective"].replace(STRANGE)) for part in (frame, curves))
    return (
        frame.assign(dataset="\u65e5 " + frame["dataset"]),
        curves.assign(name=curves["name"].replace({"contrast": "\u65e5\x1b"})),
    )


def test_names_that_no_font_has_are_drawn_without_a_warning(
    strange: tuple[pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    names = [name for name in FIGURES if name not in OF_FAMILY and name != "sweep"]
    written = write_figures(*strange, out=tmp_path, derived=(), names=names)
    assert {path.name for path in written} == {f"small-{name}.{kind}" for name in names for kind in FORMATS}


def test_what_is_no_character_is_replaced_and_all_else_stays_text(strange: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    for figure in figure_svgs(*strange, derived=(), names=["bars", "curves", "pareto", "ranks"]):
        text = " ".join(ElementTree.fromstring(figure.svg).itertext())
        assert "\N{PARTY POPPER}" in text, figure.name
        assert "\u65e5\u672c\u8a9e" in text, figure.name
        assert "lone \N{REPLACEMENT CHARACTER}" in text, figure.name
        assert "\N{REPLACEMENT CHARACTER}[1mescape\N{REPLACEMENT CHARACTER}" in text, figure.name
