"""Claims at a glance, against the verdicts that the list below the table is made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from experiment_sets import SETS, material, written

from results.experiments.glance import glance, in_short
from results.experiments.registry import EXPERIMENTS
from results.experiments.verdict import HELD, MISSING, NOT_HELD, OPPOSITE, UNKNOWN, Verdict
from results.experiments.wording import MINUS

MADE = (
    Verdict("", HELD, "", effect=0.1234).placed("mrcl", "crop"),
    Verdict("", OPPOSITE, "", effect=-0.02, unit="nats").placed("mrcl", "jitter"),
    Verdict("", NOT_HELD, "", effect=0.0004).placed("byol", "jitter"),
    Verdict("", HELD, "", effect=0.3),
)


def test_rows_are_what_claims_are_about_and_columns_what_is_asked() -> None:
    table = glance(MADE, label="any")
    assert table is not None
    assert table.header == ["", "crop", "jitter"]
    assert [[entry.text for entry in row] for row in table.rows] == [
        ["mrcl", "held (+12.3)", f"opposite ({MINUS}0.02)"],
        ["byol", "", "did not hold (+0.04)"],
    ]
    assert "its effect in points or nats;" in table.caption


def test_what_cannot_be_told_and_what_has_no_numbers_say_so() -> None:
    few = Verdict("", UNKNOWN, "", effect=0.5).placed("mrcl", "crop")
    none = Verdict("", MISSING, "").placed("byol", "crop")
    table = glance([few, none], label="any")
    assert table is not None
    assert [row[1].text for row in table.rows] == ["cannot be told (+50.0)", "no numbers"]


def test_what_came_of_the_claims_of_a_column_is_counted() -> None:
    same = [Verdict("", OPPOSITE, "").placed(name, "crop") for name in ("mrcl", "byol")]
    assert in_short([*MADE, Verdict("", HELD, "").placed("infomin", "jitter")]) == [
        "Crop: 1 held here.",
        "Jitter: 1 held here, 1 the opposite here, 1 did not hold here.",
    ]
    assert in_short(same) == ["Crop: all 2 the opposite here."]
    assert in_short(MADE[:1]) == []


@pytest.mark.parametrize("places", [[], [("mrcl", "crop")]])
def test_one_claim_makes_no_table(places: list[tuple[str, str]]) -> None:
    assert glance([MADE[-1], *(MADE[0].placed(*place) for place in places)], label="any") is None


@pytest.mark.parametrize("name", ["reverse-u", "masking", "predictors", "superfluous"])
def test_every_claim_that_is_placed_has_a_place_of_its_own_on_the_page(name: str, tmp_path: Path) -> None:
    own = material(tmp_path / "runs", name, SETS[name], seeds=5)
    placed = [one for one in EXPERIMENTS[name].verdicts(own) if one.asked]
    assert len({(one.about, one.asked) for one in placed}) == len(placed) > 1
    table = glance(placed, label=name)
    assert table is not None
    filled = [entry.text for row in table.rows for entry in row[1:] if entry.text]
    assert len(filled) == len(placed)
    page = written(tmp_path / "runs", name, out=tmp_path / "out")
    assert f"| {' | '.join(entry.text for entry in table.rows[0])} |" in page
