import logging
import resource
import statistics
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pandas as pd
import pytest
from cell_store import FIXTURES, write_evaluation, write_failure

from results.figures.curves import WINDOWS, thinned
from results.figures.theme import palette
from results.figures.writing import figure_svgs, write_figures
from results.store.loading import CURVE_COLUMNS, load, load_scalars

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
        for name in ("contrast", "images_per_s", "lr")
    ]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def texts(path: Path) -> set[str]:
    return {"".join(node.itertext()) for node in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")}


def test_figures_name_objectives_units_and_seeds(frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path) -> None:
    written = write_figures(frame, scalars, out=tmp_path / "out", derived={"mrcl"})
    names = ["bars", "differences", "curves"]
    assert [path.name for path in written] == [
        f"shapes-{name}.{kind}" for name in [*names, "ranks"] for kind in ("svg", "pdf", "png")
    ]
    bars, heat, curves = (texts(tmp_path / "out" / f"shapes-{name}.svg") for name in names)
    assert {"random (floor)", "infonce", "mrcl (derived)", "a_$100$_objective", "supervised (ceiling)"} <= bars
    assert {"score (%)", "shapes linear_top1", "no result", "30.0 (n=1)", "20.5"} <= bars
    assert {"infonce", "mrcl (derived)", "contrast", "images/s", "step"} <= curves
    assert "lr" not in curves
    assert {"random (floor)", "mrcl (derived)", "points", "shapes linear_top1"} <= heat
    assert "\N{MINUS SIGN}10.0" in heat


def test_the_same_numbers_give_the_same_bytes(frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path) -> None:
    first = write_figures(frame, scalars, out=tmp_path / "a", derived=())
    second = write_figures(frame, scalars, out=tmp_path / "b", derived=())
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_drawing_leaves_matplotlib_as_it_was(frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path) -> None:
    before = dict(mpl.rcParams)
    write_figures(frame, scalars, out=tmp_path, derived=(), names=["bars"])
    assert dict(mpl.rcParams) == before
    from matplotlib import pyplot as plt

    assert plt.get_fignums() == []


def test_a_sentence_stands_for_a_figure_without_anything_to_show(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        written = write_figures(load(FIXTURES), load_scalars(FIXTURES), out=tmp_path, derived={"mrcl"})
    assert {path.stem for path in written} == {"shapes-bars", "shapes-curves", "shapes-pareto"}
    assert caplog.messages == [
        "figures: shapes has nothing to compare with infonce, so no differences",
        "figures: shapes has fewer than two objectives with a number in every task, so no ranks",
        "figures: shapes has no task of detection or segmentation with a number, so no prediction",
    ]


def test_an_empty_store_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^figures: at least one stored result is expected, got none$"):
        write_figures(load(tmp_path), load_scalars(tmp_path), out=tmp_path / "out", derived=())
    assert not (tmp_path / "out").exists()


def test_a_long_curve_is_averaged_over_windows_that_keep_its_mean() -> None:
    count = 7 * WINDOWS
    rows = [("shapes", "mrcl", seed, step, "contrast", step**0.5 + seed) for seed in range(2) for step in range(count)]
    thin = thinned(pd.DataFrame(rows, columns=CURVE_COLUMNS))
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


def test_figures_can_be_asked_for_by_name(frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path) -> None:
    written = write_figures(frame, scalars, out=tmp_path, derived=(), names=["ranks", "curves"])
    assert {path.stem for path in written} == {"shapes-curves", "shapes-ranks"}


def test_an_unknown_name_is_refused_with_the_nearest(
    frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path
) -> None:
    message = (
        r"^unknown figure 'bar'\. Did you mean 'bars'\? "
        r"Known: bars, differences, curves, ranks, pareto, prediction, sweep, factors, cka\.$"
    )
    with pytest.raises(ValueError, match=message):
        write_figures(frame, scalars, out=tmp_path / "out", derived=(), names=["curves", "bar"])
    assert not (tmp_path / "out").exists()


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_figures(frame, scalars, out=out, derived=(), names=["bars"])
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_figures(frame[frame["seed"] == 0], scalars, out=out, derived=(), names=["bars"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_figures_for_a_page_are_those_of_the_files(frame: pd.DataFrame, scalars: pd.DataFrame, tmp_path: Path) -> None:
    files = write_figures(frame, scalars, out=tmp_path, derived=(), names=["bars", "ranks"])
    found = figure_svgs(frame, scalars, derived=(), names=["bars", "ranks", "prediction"])
    assert [(figure.config, figure.name) for figure in found] == [
        ("shapes", "bars"),
        ("shapes", "ranks"),
        ("shapes", "prediction"),
    ]
    for figure, path in zip(found, (file for file in files if file.suffix == ".svg"), strict=False):
        assert path.read_text(encoding="utf-8").endswith(figure.svg)
        assert figure.svg.startswith("<svg")
    assert found[0].title == "shapes: downstream scores"
    assert (found[2].svg, found[2].title) == ("", "")
    assert found[2].left_out.startswith("figures: shapes has no task of detection or segmentation")
