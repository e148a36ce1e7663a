"""Every figure of many objectives with long names on many tasks: its size, its type, and that nothing is in the way."""

import io
import re
from collections.abc import Iterator

import pandas as pd
import pytest
from drawn_texts import outside, overlapping
from many_results import OBJECTIVES, many_curves, many_results, one_parameter, two_parameters
from matplotlib.figure import Figure
from PIL import Image

from results.figures.material import materials
from results.figures.saving import FORMATS, encoded
from results.figures.theme import COLUMN_WIDTH, SMALL, TEXT_WIDTH, theme
from results.figures.writing import FIGURES, OF_FAMILY

EVERYWHERE = set(FIGURES) - set(OF_FAMILY)  # what is of one family has tests of its own

DERIVED = (OBJECTIVES[5],)


def drawn(frame: pd.DataFrame, scalars: pd.DataFrame) -> dict[str, Figure]:
    """All figures of all configs by name."""
    found: dict[str, Figure] = {}
    for material in materials(frame, scalars, sweeps=[one_parameter(), two_parameters()], derived=DERIVED):
        for name in ["sweep"] if material.sweeps else EVERYWHERE - {"sweep"}:
            figures = FIGURES[name](material)
            assert not isinstance(figures, str), figures
            found |= {f"{material.config} {end}": figure for end, figure in figures.items()}
    return found


def small() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A bench of two objectives on two tasks, and a sweep."""
    frame = many_results(objectives=["infonce", "mrcl"], seeds=1, config="small")
    frame = frame[frame["task"].isin(["classification", "voc"]) & ~frame["metric"].isin(["AP50", "AP75"])]
    sweep = one_parameter()
    swept = many_results(objectives=["infonce", *sweep.rows], seeds=2, config=sweep.config)
    curves = many_curves(objectives=["infonce", "mrcl"], seeds=1, steps=30, config="small")
    return pd.concat([frame, swept]), curves


def large() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Twelve objectives on ten tasks, numbers of which are missing or stale, and a sweep of two parameters."""
    frame = many_results(objectives=OBJECTIVES, seeds=3)
    frame = frame[(frame["objective"] != "infomin") | (frame["task"] != "coco")]
    frame = frame[(frame["objective"] != "byol") | (frame["task"] != "voc") | (frame["seed"] > 0)]
    stale = (frame["objective"] == "barlow_twins") & (frame["task"] == "ade20k")
    frame = frame.assign(stale=stale.map({True: "training.lr 0.1 instead of 0.2", False: ""}))
    sweep = two_parameters()
    swept = many_results(objectives=["infonce", *sweep.rows], seeds=2, config=sweep.config)
    return pd.concat([frame, swept]), many_curves(objectives=OBJECTIVES[1:], seeds=3, steps=300)


@pytest.fixture(scope="module")
def figures() -> Iterator[dict[str, Figure]]:
    with theme():
        found = drawn(*small()) | drawn(*large())
        assert {name.partition(" ")[0] for name in found} == {"imagenet-like", "small", "sweep", "grid"}
        assert {name.partition(" ")[2] for name in found} == EVERYWHERE
        yield found


@pytest.fixture(scope="module")
def svgs(figures: dict[str, Figure]) -> dict[str, str]:
    return {name: encoded(figure, "svg").decode() for name, figure in figures.items()}


def test_a_figure_is_as_wide_as_the_page_or_a_column_and_no_higher_than_a_page(figures: dict[str, Figure]) -> None:
    for name, figure in figures.items():
        assert figure.get_figwidth() in (COLUMN_WIDTH, TEXT_WIDTH), name
        assert figure.get_figheight() < 10.5, name


def test_no_letter_is_too_small(svgs: dict[str, str]) -> None:
    for name, svg in svgs.items():
        sizes = [float(size) for size in re.findall(r"font(?:-size)?:[^;\"]*?([\d.]+)px", svg)]
        assert len(sizes) > 5, name
        assert min(sizes) >= SMALL, name


def test_all_text_is_within_the_figure_and_none_lies_on_another(figures: dict[str, Figure]) -> None:
    for name, figure in figures.items():
        assert outside(figure) == [], name
        assert overlapping(figure) == [], name


def test_nothing_is_drawn_at_the_edges(figures: dict[str, Figure]) -> None:
    for name, figure in figures.items():
        image = Image.open(io.BytesIO(encoded(figure, "png"))).convert("L")
        width, height = image.size
        assert (width, height) == pytest.approx((200 * figure.get_figwidth(), 200 * figure.get_figheight()), abs=1)
        for box in ((0, 0, width, 2), (0, height - 2, width, height), (0, 0, 2, height), (width - 2, 0, width, height)):
            assert image.crop(box).getextrema() == (255, 255), (name, box)


def test_a_pdf_has_the_figures_size_and_fonts_that_publishers_take(figures: dict[str, Figure]) -> None:
    for name, figure in figures.items():
        content = encoded(figure, "pdf")
        assert content.startswith(b"%PDF-1."), name
        assert content.rstrip().endswith(b"%%EOF"), name
        box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", content)
        assert box is not None
        assert (float(box[1]), float(box[2])) == pytest.approx(tuple(72 * figure.get_size_inches()), abs=0.01)
        assert b"/Type3" not in content, name
        assert b"/CIDFontType2" in content, name
        assert b"Date" not in content, name


def test_figures_are_small_enough_for_a_page_that_holds_all_of_them(svgs: dict[str, str]) -> None:
    sizes = {name: len(svg) for name, svg in svgs.items()}
    assert max(sizes.values()) < 600_000, sizes


def test_figures_come_out_the_same_when_they_are_drawn_again(figures: dict[str, Figure]) -> None:
    again = drawn(*small())
    assert {name.partition(" ")[2] for name in again} == EVERYWHERE
    for name, figure in again.items():
        for kind in FORMATS:
            assert encoded(figure, kind) == encoded(figures[name], kind), (name, kind)
