"""The figure of what is kept of each factor."""

import math
from pathlib import Path

import numpy as np
import pytest
from cell_store import write_evaluation
from drawn_texts import outside, overlapping
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from one_bench import material, texts
from probed_store import SHARED, probes, write_known, write_probed

from results.figures.factors import factors, kept
from results.figures.theme import theme
from results.store.loading import load


def marks(figure: Figure) -> list[Line2D]:
    """The marks of the rows, without their intervals and the references."""
    (axis,) = figure.axes
    return [line for line in axis.get_lines() if np.size(line.get_xdata()) == 1]


def test_a_retention_is_information_over_entropy_within_0_and_1(tmp_path: Path) -> None:
    for seed, (nats, entropy) in enumerate(((0.5, 2.0), (-0.1, 2.0), (2.2, 2.0))):
        values = {"linear_shape_nats": nats, "entropy_shape_nats": entropy, "linear_retention": 0.3}
        write_evaluation(tmp_path, values, {"family": "factors", "seed": seed})
    (found,) = kept(material(load(tmp_path)))
    assert found.retention == {"shape": {"infonce": [0.25, 0.0, 1.0]}}


def test_the_mean_of_a_mark_is_that_of_the_stored_numbers(tmp_path: Path) -> None:
    with theme():
        drawn = factors(material(load(write_probed(tmp_path, rows=("random", "infonce")))))
    assert not isinstance(drawn, str)
    wanted = sum(max(0, p["linear_x_nats"] / math.log(4)) for p in (probes("infonce", seed=s) for s in range(3))) / 3
    heights = [float(np.ravel(mark.get_ydata())[0]) for mark in marks(drawn["factors"])]
    assert len(heights) == 9
    assert any(height == pytest.approx(100 * wanted, abs=1e-9) for height in heights)


def test_shared_factors_stand_apart_and_first(tmp_path: Path) -> None:
    with theme():
        said = texts(factors(material(load(write_probed(tmp_path)))))
    assert {"shared by both views", "not shared", "floor (random)", "ceiling (supervised)"} <= set(said)
    assert [said.index(name) for name in sorted(SHARED)] == sorted(said.index(name) for name in SHARED)
    assert max(said.index(name) for name in SHARED) < said.index("rotation")


def test_rows_that_share_different_factors_have_filled_and_hollow_marks(tmp_path: Path) -> None:
    runs = write_probed(tmp_path, rows=("infonce", "mrcl"), seeds=(0,))
    (runs / "cells" / "pre-mrcl-0" / "cell.json").unlink()
    (runs / "cells" / "pre-mrcl-0" / "scalars.csv").unlink()
    (runs / "cells" / "pre-mrcl-0").rmdir()
    write_known(runs, "mrcl", seed=0, shared=("texture",))
    with theme():
        drawn = factors(material(load(runs)))
        assert "hollow: they did not" in " ".join(texts(drawn))
    assert not isinstance(drawn, str)
    hollow = [line for line in marks(drawn["factors"]) if line.get_markerfacecolor() == "white"]
    assert len(hollow) == (9 - len(SHARED)) + (9 - 1)


def test_nothing_in_the_figure_is_cut_off_or_lies_on_something_else(tmp_path: Path) -> None:
    runs = write_probed(tmp_path, rows=("random", "infonce", "mrcl"), seeds=(0, 1))
    many = {f"{kind}_a_long_factor_{place}_nats": 1.0 for place in range(20) for kind in ("linear", "entropy")}
    write_evaluation(runs, many, {"family": "factors", "task": "more"})
    with theme():
        drawn = factors(material(load(runs)))
    assert not isinstance(drawn, str)
    assert [*drawn] == ["factors-factors", "factors-more"]
    for figure in drawn.values():
        assert (outside(figure), overlapping(figure)) == ([], [])


def test_where_every_number_is_stale_there_is_no_figure(tmp_path: Path) -> None:
    runs = write_probed(tmp_path, rows=("infonce",), seeds=(0, 1))
    stale = {f"-infonce-{seed}-factors": "code" for seed in (0, 1)}
    with theme():
        assert factors(material(load(runs, keys=None, stale=stale))) == "no factor probe with a number"


def test_stale_numbers_are_left_out(tmp_path: Path) -> None:
    runs = write_probed(tmp_path, rows=("infonce",), seeds=(0, 1))
    stale = {"-infonce-1-factors": "options"}
    (found,) = kept(material(load(runs, keys=None, stale=stale)))
    assert {len(values) for own in found.retention.values() for values in own.values()} == {1}


def test_without_a_probe_there_is_no_figure(tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"linear_top1": 0.5}, {})
    assert factors(material(load(tmp_path))) == "no factor probe with a number"
