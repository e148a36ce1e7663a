import logging
import statistics
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pandas as pd
import pytest
from cell_store import FIXTURES, write_evaluation, write_failure
from PIL import Image

from results.comparison import scores
from results.figures.curves import WINDOWS, terms
from results.figures.differences import differences
from results.figures.theme import palette
from results.figures.writing import write_figures
from results.loading import CURVE_COLUMNS, load, load_scalars

OBJECTIVES = ["random", "infonce", "mrcl", "a_$100$_objective", "supervised"]


@pytest.fixture
def frame(tmp_path: Path) -> pd.DataFrame:
    """Five objectives x two seeds of one task, one seed missing and one objective failed."""
    for place, objective in enumerate(OBJECTIVES):
        for seed in range(2):
            changes = {"objective": objective, "seed": seed}
            if objective == "a_$100$_objective":
                write_failure(tmp_path / "runs", "killed", changes)
            elif (objective, seed) != ("mrcl", 1):
                write_evaluation(tmp_path / "runs", {"linear_top1": 0.1 + 0.1 * place + 0.01 * seed}, changes)
    return load(tmp_path / "runs")


@pytest.fixture
def scalars() -> pd.DataFrame:
    rows = [
        ("shapes", objective, seed, step, name, 1 / step)
        for objective in ("infonce", "mrcl")
        for seed in range(2)
        for step in range(1, 30)
        for name in ("contrast", "lr")
    ]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def texts(path: Path) -> set[str]:
    return {"".join(node.itertext()) for node in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")}


def test_figures_name_objectives_units_and_seeds(frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path) -> None:
    written = write_figures(frame, scalars, out=tmp_path / "out", derived={"mrcl"})
    names = ["bars", "curves", "differences"]
    assert [path.name for path in written] == [f"shapes-{name}.{kind}" for name in names for kind in ("svg", "png")]
    bars, curves, heat = (texts(tmp_path / "out" / f"shapes-{name}.svg") for name in names)
    assert {"random (floor)", "infonce", "mrcl (derived)", "a_$100$_objective", "supervised (ceiling)"} <= bars
    assert {"score (%)", "shapes linear_top1", "no result", "30.0 (n=1)", "20.5"} <= bars
    assert {"infonce", "mrcl (derived)", "contrast", "step", "loss"} <= curves
    assert "lr" not in curves
    assert {"random (floor)", "mrcl (derived)", "points", "shapes", "linear_top1"} <= heat
    assert "\N{MINUS SIGN}10.0" in heat


def test_the_same_numbers_give_the_same_bytes(frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path) -> None:
    first = write_figures(frame, scalars, out=tmp_path / "a", derived=())
    second = write_figures(frame, scalars, out=tmp_path / "b", derived=())
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_drawing_leaves_matplotlib_as_it_was(frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    write_figures(frame, scalars, out=tmp_path, derived=())
    assert dict(mpl.rcParams) == before
    from matplotlib import pyplot as plt

    assert plt.get_fignums() == []


def test_nothing_is_cut_at_the_edges(frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path) -> None:
    for path in write_figures(frame, scalars, out=tmp_path, derived={"infonce", "mrcl"}):
        if path.suffix == ".png":
            image = Image.open(path).convert("L")
            width, height = image.size
            for box in (
                (0, 0, width, 2),
                (0, height - 2, width, height),
                (0, 0, 2, height),
                (width - 2, 0, width, height),
            ):
                assert image.crop(box).getextrema() == (255, 255), (path.name, box)


def test_without_the_reference_a_sentence_stands_for_the_heat_map(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        written = write_figures(load(FIXTURES), load_scalars(FIXTURES), out=tmp_path, derived={"mrcl"})
    assert {path.stem for path in written} == {"shapes-bars", "shapes-curves"}
    sentence = "figures: shapes has nothing to compare with infonce, so no heat map of differences"
    assert caplog.messages == [sentence]


def test_an_empty_store_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^figures: at least one stored result is expected, got none$"):
        write_figures(load(tmp_path), load_scalars(tmp_path), out=tmp_path / "out", derived=())
    assert not (tmp_path / "out").exists()


def test_differences_are_means_over_pairs_of_equal_seed(tmp_path: Path) -> None:
    infonce, mrcl = {0: 0.5, 1: 0.55, 2: 0.6}, {1: 0.58, 2: 0.61, 3: 0.99}
    for objective, values in (("infonce", infonce), ("mrcl", mrcl)):
        for seed, value in values.items():
            write_evaluation(tmp_path, {"linear_top1": value}, {"objective": objective, "seed": seed})
    (row,) = differences(scores(load(tmp_path)), reference="infonce").to_dict("records")
    assert (row["objective"], row["column"], row["n"]) == ("mrcl", "shapes linear_top1", 2)
    assert row["points"] == pytest.approx(100 * statistics.fmean([0.58 - 0.55, 0.61 - 0.6]))


def test_a_long_curve_is_averaged_over_windows_that_keep_its_mean() -> None:
    count = 7 * WINDOWS
    rows = [("shapes", "mrcl", seed, step, "contrast", step**0.5 + seed) for seed in range(2) for step in range(count)]
    thin = terms(pd.DataFrame(rows, columns=CURVE_COLUMNS))
    for seed in range(2):
        line = thin[thin["seed"] == seed]
        first = [step**0.5 + seed for step in range(7)]
        assert len(line) == WINDOWS
        assert line["step"].is_monotonic_increasing
        assert (line["step"].iloc[0], line["value"].iloc[0]) == pytest.approx((3, statistics.fmean(first)))
        assert line["value"].mean() == pytest.approx(statistics.fmean(step**0.5 + seed for step in range(count)))


def test_objectives_have_colours_of_their_own_and_references_are_grey() -> None:
    colours = palette(["random", "supervised", "infonce", "mrcl", "superinfo", "infocl", "infomin", "byol"])
    assert len({str(colour) for colour in colours.values()}) == 8
    for name in ("random", "supervised"):
        red, green, blue = mpl.colors.to_rgb(colours[name])
        assert red == green == blue
