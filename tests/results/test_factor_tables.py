"""The tables of factor probes and of measured features."""

import math
import statistics
from pathlib import Path

import pytest
from cell_store import write_evaluation, write_failure
from probed_store import ENTROPIES, SHARED, measured, probes, write_known, write_probed
from rich.console import Console
from table_reading import beside, subjects, texts

from results.store.loading import load
from results.tables.assembly import tables
from results.tables.latex import to_latex
from results.tables.layout import Table
from results.tables.terminal import to_terminal


def only(runs: Path, **stale: dict[str, str]) -> Table:
    (table,) = tables(load(runs, **stale), derived=())
    return table


def field(table: Table, row: str, start: str) -> str:
    (place,) = [place for place, label in enumerate(table.header) if label.startswith(start)]
    (found,) = [entries[place].marked for entries in table.rows if entries[0].text.startswith(row)]
    return found


def test_every_factor_has_its_nats_with_spread_and_its_entropy_above(tmp_path: Path) -> None:
    table = beside(only(write_probed(tmp_path)), "factors in nats")
    numbers = [probes("infonce", seed=seed)["linear_texture_nats"] for seed in range(3)]
    wanted = f"{statistics.fmean(numbers):.2f} ± {statistics.stdev(numbers):.2f}"
    assert field(table, "infonce", f"texture ({math.log(5):.2f})") == wanted
    assert len(table.header) == 1 + len(ENTROPIES)


def test_factors_that_all_views_share_come_first_and_are_marked_in_the_heading(tmp_path: Path) -> None:
    table = beside(only(write_probed(tmp_path)), "factors in nats")
    marked = [label.endswith(", shared)") for label in table.header[1:]]
    assert marked == [True] * len(SHARED) + [False] * (len(ENTROPIES) - len(SHARED))
    assert "I(v1;v2) is 5.55 nats" in table.caption
    assert table.notes == []


def test_where_rows_share_different_factors_each_number_is_marked_for_itself(tmp_path: Path) -> None:
    for row, shared in (("infonce", ("shape",)), ("mrcl", ("hue",))):
        above = write_known(tmp_path, row, seed=0, shared=shared)
        place = {"objective": row, "task": "factors", "family": "factors", "upstream": above}
        write_evaluation(tmp_path, probes(row, seed=0), place)
    table = beside(only(tmp_path), "factors in nats")
    assert not [label for label in table.header if "shared" in label]
    (note,) = table.notes
    assert note == "a factor that both views of its pretraining had in common"
    assert field(table, "infonce", "shape").endswith("[1]")
    assert field(table, "mrcl", "hue").endswith("[1]")
    assert not field(table, "mrcl", "shape").endswith("[1]")


def test_factors_of_another_data_set_are_not_called_unshared(tmp_path: Path) -> None:
    above = write_known(tmp_path, "infonce", seed=0, shared=SHARED)
    values = {"linear_digit_nats": 1.0, "entropy_digit_nats": 2.0}
    write_evaluation(tmp_path, values, {"task": "factors", "family": "factors", "upstream": above})
    table = beside(only(tmp_path), "factors in nats")
    assert table.header == ["objective", "digit (2.00)"]
    assert "hare" not in table.caption


def test_a_factor_is_told_as_r2_where_it_is_a_number_else_as_accuracy(tmp_path: Path) -> None:
    table = beside(only(write_probed(tmp_path, seeds=(0,))), "factors as accuracy or R²")
    numbers = probes("infonce", seed=0)
    assert field(table, "infonce", "x (R²)") == f"{100 * numbers['linear_x_r2']:.1f}"
    assert field(table, "infonce", "shape (top1)") == f"{100 * numbers['linear_shape_top1']:.1f}"


def test_the_other_probes_and_z_have_a_line_each_with_their_retention(tmp_path: Path) -> None:
    table = beside(only(write_probed(tmp_path, rows=("infonce",), seeds=(0,))), "factors by other probes")
    assert [row[1] for row in texts(table)] == ["mlp on h", "linear on z", "mlp on z"]
    numbers = probes("infonce", seed=0)
    assert [row[2] for row in texts(table)] == [
        f"{100 * numbers[name]:.1f}" for name in ("mlp_retention", "z_linear_retention", "z_mlp_retention")
    ]


def test_a_checkpoint_without_a_projector_has_an_empty_field_with_a_note(tmp_path: Path) -> None:
    runs = write_probed(tmp_path, rows=("infonce",), seeds=(0,))
    own = {name: value for name, value in probes("mrcl", seed=0).items() if not name.startswith("z_")}
    write_evaluation(runs, own, {"objective": "mrcl", "task": "factors", "family": "factors"})
    table = beside(only(runs), "factors by other probes")
    rows = {(row[0], row[1]): row[3] for row in texts(table)}
    assert rows["mrcl", "linear on z"] == "[1]"
    assert table.notes == ["seed 0: the task stored no such number"]


def test_information_stands_with_its_ceiling_its_bias_and_a_note_where_it_is_saturated(tmp_path: Path) -> None:
    table = beside(only(write_probed(tmp_path)), "information plane")
    plane = ["I(v1;v2) known", "H(v1|v2) known", "I(z1;z2) InfoNCE", "bias", "bias, few", "I(z1;z2) KSG", "bias"]
    assert table.header[: 1 + len(plane)] == ["objective", *plane]
    numbers = [measured("infonce", seed=seed)["infonce_information_nats"] for seed in range(3)]
    wanted = f"{statistics.fmean(numbers):.2f} ± {statistics.stdev(numbers):.2f} ≤ {math.log(1024):.2f} [1]"
    assert [row[3:6] for row in texts(table) if row[0] == "infonce"] == [[wanted, "-0.21", "-2.40"]]
    assert table.notes[0].startswith("saturated in 1 of 3 seeds: ")
    known = {row[0]: row[1] for row in texts(table)}
    assert (known["infonce"], known["random (floor)"]) == ("5.55", "")


def test_where_no_gaussians_of_the_same_estimate_are_known_a_dash_and_a_note_stand_for_the_bias(tmp_path: Path) -> None:
    place = {"task": "representation", "family": "representation"}
    for row, seed, without in (("infonce", 1, ("ksg",)), ("infonce", 2, ("ksg", "noise")), ("mrcl", 1, ("ksg",))):
        values = {**measured(row, seed=seed), "noise_saturated": float(row == "mrcl")}
        kept = {name: value for name, value in values.items() if name not in {f"{each}_bias_nats" for each in without}}
        write_evaluation(tmp_path, kept, {**place, "objective": row, "seed": seed})
    table = beside(only(tmp_path), "information plane")
    reason = "the estimate exceeds what it says of any such Gaussians, so its bias is not known"
    assert table.notes[0] == f"no bias in 2 of 2 seeds: {reason}"
    assert table.notes[1] == f"no bias in 1 of 2 seeds: {reason}"
    places = [table.header.index(label) + 1 for label in ("I(z1;z2) KSG", "I(z+noise;v)")]
    ((ksg, noise),) = [[row[place] for place in places] for row in texts(table) if row[0] == "infonce"]
    assert (ksg, noise) == ("\N{EN DASH} [1]", "+0.30 [2]")
    assert [note for note in table.notes if note.startswith("saturated: as high as the log of the number of views")]


def test_what_features_tell_of_their_view_stands_beside_what_projections_do(tmp_path: Path) -> None:
    runs = write_probed(tmp_path, rows=("infonce",), seeds=(0,))
    (row,) = texts(beside(only(runs), "information plane"))
    header = beside(only(runs), "information plane").header
    numbers = measured("infonce", seed=0)
    for start, label, bias in (("h_decoder", "I(h;v) decoder", "-0.90"), ("h_noise", "I(h+noise;v)", "+0.10")):
        place = header.index(label)
        assert row[place : place + 2] == [f"{numbers[f'{start}_information_nats']:.2f}", bias]


def test_the_caption_says_of_every_estimate_what_it_bounds(tmp_path: Path) -> None:
    table = beside(only(write_probed(tmp_path, seeds=(1, 2))), "information plane")
    assert all(f" {start}: " in table.caption for start in ("InfoNCE", "KSG", "Decoder", "I(z+noise;v)", "Bias"))
    assert all(f" {start}: " in table.caption for start in ("I(h;v) decoder", "I(h+noise;v)", "Bias, few"))
    assert "or more" not in table.caption


def test_estimates_from_before_there_was_a_second_bias_have_no_column_of_it(tmp_path: Path) -> None:
    values = {name: value for name, value in measured("infonce", seed=0).items() if "_few_" not in name}
    write_evaluation(tmp_path, values, {"task": "representation", "family": "representation"})
    table = beside(only(tmp_path), "information plane")
    assert "bias" in table.header
    assert "bias, few" not in table.header
    assert "Bias, few" not in table.caption


def test_an_estimate_below_its_ceiling_has_no_note(tmp_path: Path) -> None:
    table = beside(only(write_probed(tmp_path, seeds=(1, 2))), "information plane")
    assert table.notes == []


def test_quality_is_written_in_its_own_units(tmp_path: Path) -> None:
    table = beside(only(write_probed(tmp_path, rows=("infonce",), seeds=(0,))), "label-free quality")
    assert texts(table) == [
        [
            *("infonce", "0.500", "-1.80", "50.0", "45.0", "20.0", "90.0"),
        ]
    ]
    assert not any(entry.bold or entry.tie for row in table.rows for entry in row)


def test_a_failed_measurement_is_a_footnote_and_a_stale_one_grey(tmp_path: Path) -> None:
    place = {"task": "representation", "family": "representation"}
    runs = write_probed(tmp_path, rows=("infonce", "mrcl"), seeds=(0,))
    write_failure(runs, "killed", {**place, "objective": "byol"})
    table = beside(only(runs, stale={"-mrcl-0-representation": "options.images 10"}), "label-free quality")
    rows = {row[0].text: row for row in table.rows}
    assert rows["byol"][1].marked == "[1]"
    assert rows["mrcl"][1].stale
    assert table.notes == ["seed 0: killed", "stale: options.images 10"]


def test_two_tasks_of_a_family_have_tables_of_their_own(tmp_path: Path) -> None:
    for task in ("scenes", "digits"):
        write_evaluation(tmp_path, probes("infonce", seed=0), {"task": task, "family": "factors"})
        write_evaluation(tmp_path, measured("infonce", seed=0), {"task": f"of {task}", "family": "representation"})
    found = subjects(only(tmp_path))
    assert {"factors in nats (digits)", "factors in nats (scenes)"} <= set(found)
    assert {"label-free quality (of digits)", "label-free quality (of scenes)"} <= set(found)


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal_and_latex_knows_all_letters(tmp_path: Path, width: int) -> None:
    table = only(write_probed(tmp_path, seeds=(0, 1)))
    console = Console(width=width, record=True, file=None, quiet=True)
    with console.capture() as captured:
        console.print(to_terminal(table, width=width))
    assert max(map(len, captured.get().split("\n"))) <= width
    text = to_latex(table)
    assert "U+" not in text
    assert r"$\leq$" in text


def test_a_mean_over_fewer_seeds_than_the_config_has_says_so(tmp_path: Path) -> None:
    runs = write_probed(tmp_path, rows=("infonce", "mrcl"), seeds=(0, 1))
    for kind in ("factors", "representation"):
        (runs / "cells" / f"-mrcl-1-{kind}" / "cell.json").unlink()
    table = only(runs)
    assert field(beside(table, "factors in nats"), "mrcl", "size").endswith("(n=1) [1]")
    assert field(beside(table, "label-free quality"), "mrcl", "RankMe") == "55.0 (n=1) [1]"
