"""Which mean of a column is the highest, and whether it stands apart."""

import math
from pathlib import Path

import pytest
from cell_store import write_evaluation
from loaded_scores import Scores, loaded_scores
from table_reading import texts

from results.comparison import scores
from results.statistics.leading import Lead, leads
from results.store.loading import load
from results.sweeps import Sweep
from results.tables.assembly import tables
from results.tables.csv_text import to_csv
from results.tables.layout import Entry, Table

BASE = [0.5, 0.52, 0.51, 0.49, 0.5, 0.53, 0.52, 0.48]


def lead(given: Scores) -> Lead:
    (found,) = leads(scores(loaded_scores(given))).values()
    return found


def raised(by: float) -> dict[str, list[float]]:
    return {"t": [value + by for value in BASE]}


def first_column(given: Scores) -> tuple[Table, dict[str, Entry]]:
    (table,) = tables(loaded_scores(given), derived=())
    return table, {name: row[1] for name, row in zip(table.objectives, table.rows, strict=True)}


def test_the_highest_mean_is_bold_if_every_test_against_another_row_says_so() -> None:
    given = {"infonce": raised(0), "a": raised(0.05), "b": raised(0.01)}
    assert lead(given) == Lead(("a",), ties=(), smallest_p=2 * 2 / 2**8)
    table, shown = first_column(given)
    assert {name for name, entry in shown.items() if entry.bold} == {"a"}
    assert not any(entry.tie for entry in shown.values())
    assert "Bold: the highest mean" in table.caption


def test_one_row_that_it_is_not_separated_from_makes_it_a_tie() -> None:
    mixed = {"t": [value + 0.049 + 0.01 * (-1) ** seed for seed, value in enumerate(BASE)]}
    given = {"infonce": raised(0), "a": raised(0.05), "b": mixed}
    assert lead(given) == Lead(("a",), ties=("a", "b"), smallest_p=2 * 2 / 2**8)
    table, shown = first_column(given)
    assert {name for name, entry in shown.items() if entry.tie} == {"a", "b"}
    assert "every row that is not separated from the highest" in table.caption
    assert not any(entry.bold for entry in shown.values())
    assert shown["a"].marked.endswith("(tie)")


def test_equal_means_are_both_ties() -> None:
    given = {"infonce": raised(0), "a": {"t": BASE[::-1]}}
    assert set(lead(given).objectives) == {"infonce", "a"}


def test_floor_and_ceiling_never_lead_and_are_not_counted() -> None:
    given = {"random": raised(0.2), "infonce": raised(0), "a": raised(0.05), "supervised": raised(0.3)}
    assert lead(given) == Lead(("a",), ties=(), smallest_p=2 / 2**8)


def test_with_three_seeds_nothing_is_bold_and_the_caption_says_why() -> None:
    given = {name: {"t": values["t"][:3]} for name, values in (("infonce", raised(0)), ("a", raised(0.3)))}
    table, shown = first_column(given)
    assert (shown["a"].tie, shown["a"].bold) == (True, False)
    assert "these 3 seeds cannot separate it" in table.caption
    assert "can reach is 0.25 after" in table.caption
    assert "Bold" not in table.caption


def test_all_rows_in_all_tasks_are_one_family() -> None:
    """Three other rows in two tasks are six tests: eight seeds reach 6 / 128 with them, seven only 6 / 64."""
    base = [*BASE, 0.51]

    def given(seeds: int) -> dict[str, dict[str, list[float]]]:
        ups = {"infonce": 0, "a": 0.05, "b": 0.01, "c": 0.02}
        return {name: {task: [value + up for value in base[:seeds]] for task in "tu"} for name, up in ups.items()}

    for seeds, separated in ((7, False), (8, True)):
        found = leads(scores(loaded_scores(given(seeds))))
        assert {column: lead.separated for column, lead in found.items()} == dict.fromkeys(
            ("t top1", "u top1"), separated
        )
        assert {lead.smallest_p for lead in found.values()} == {6 * 2 / 2**seeds}


def test_a_column_with_too_few_seeds_has_its_tie_at_the_highest_alone_and_the_caption_says_so() -> None:
    few = [math.nan] * 5
    given = {
        name: {**raised(up), "u": [0.5 + up, 0.6 + up, 0.7 + up, *few]} for name, up in (("infonce", 0), ("a", 0.1))
    }
    table, _ = first_column(given)
    assert [[entry.tie for entry in row[1:3]] for row in table.rows] == [[False, False], [False, True]]
    assert [[entry.bold for entry in row[1:3]] for row in table.rows] == [[False, False], [True, False]]
    assert table.caption.split("(tie)")[-1] == " stands at its highest alone."


def test_columns_that_are_not_the_first_of_their_task_are_not_marked(tmp_path: Path) -> None:
    for objective, up in (("infonce", 0.0), ("mrcl", 0.2)):
        for seed, value in enumerate(BASE):
            numbers = {"linear_top1": value, "knn_top1": value + up}
            write_evaluation(tmp_path, numbers, {"objective": objective, "seed": seed})
    (table,) = tables(load(tmp_path), derived=())
    assert table.header[1:3] == ["shapes linear_top1", "shapes knn_top1"]
    assert [[(entry.bold, entry.tie) for entry in row[1:3]] for row in table.rows] == [
        [(False, True), (False, False)]
    ] * 2


def test_a_config_that_is_a_sweep_has_no_mark_and_says_why() -> None:
    frame = loaded_scores({"infonce": raised(0), "infonce t=0.1": raised(0.05), "mrcl": raised(0.1)})
    sweep = Sweep("shapes", "infonce", ("arguments.t",), {"infonce": (0.2,), "infonce t=0.1": (0.1,)})
    only = frame[frame["objective"] != "mrcl"]
    for part, sweeps, marked in ((only, [sweep], False), (only, [], True), (frame, [sweep], True)):
        (table,) = tables(part, derived=(), sweeps=sweeps)
        assert any(entry.bold or entry.tie for row in table.rows for entry in row) == marked
        assert ("chosen on validation data, so no test mean is marked" in table.caption) == (not marked)
        assert ("best" in to_csv(part, derived=(), sweeps=sweeps).split("\n", 1)[1]) == marked


def test_one_seed_says_so() -> None:
    table, shown = first_column({"infonce": {"t": [0.5]}, "a": {"t": [0.6]}})
    assert shown["a"].marked == "60.0 (n=1) (tie)"
    assert "one seed cannot separate it" in table.caption


@pytest.mark.parametrize("given", [{"infonce": raised(0)}, {"random": raised(0), "infonce": raised(0.1)}])
def test_a_row_that_is_compared_with_none_leads_nothing(given: Scores) -> None:
    assert leads(scores(loaded_scores(given))) == {}
    table, shown = first_column(given)
    assert not any(entry.tie or entry.bold for entry in shown.values())
    assert "tie" not in table.caption


def test_a_mean_that_is_higher_through_other_seeds_alone_is_not_separated() -> None:
    low, high = [0.5 + 0.001 * seed for seed in range(6)], [0.51 + 0.001 * seed for seed in range(6)]
    given = {"infonce": {"t": [math.nan, *high]}, "a": {"t": [0.99, *low]}}
    assert lead(given) == Lead(("a",), ties=("a", "infonce"), smallest_p=2 / 2**6)


def test_a_number_with_a_unit_has_no_best() -> None:
    (table,) = tables(loaded_scores({"infonce": raised(0), "a": raised(0.3)}, metric="latency_s"), derived=())
    assert texts(table)[1][1].startswith("0.806 ± 0.0")
    assert not any(entry.bold or entry.tie for row in table.rows for entry in row)
