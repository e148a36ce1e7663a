"""The ledger's numbers against a transcription of the papers; their rows, data sets and scores against the configs."""

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from papers_as_printed import SENTENCES, TABLES

from benchmark.config import BenchConfig, load
from objectives.registry import OBJECTIVES, load_objectives
from results.ledger.numbers import Published, read_ledger
from results.order import CEILING, FLOOR

LEDGER = read_ledger()
CONFIGS = Path(__file__).parents[2] / "configs" / "bench"
load_objectives()


def as_printed() -> dict[tuple[str, str, str], str]:
    """(file, row, column) -> number, from the transcription."""
    found = {}
    for name, text in TABLES.items():
        header, _, *lines = ([cell.strip() for cell in line.strip("|").split("|")] for line in text.strip().split("\n"))
        base = ""
        for label, *cells in lines:
            row = f"{base} {label}" if label.startswith("+") else label
            base = base if label.startswith("+") else re.sub("†.*", "", label)
            if name == "infomin_imagenet_linear":
                architecture, _, epochs, number = cells
                found[name, f"{label}, {architecture}, {epochs} epochs", "top-1"] = number
            elif name == "infomin_coco":
                for column, cell in zip(header[1:], cells, strict=True):
                    pair = cell.split("/") if cell != "-" else ()
                    found |= {(name, row, f"{column} {of}"): ap for of, ap in zip(("box", "mask"), pair, strict=False)}
            else:
                found |= {(_file(name, row), row, column): cell for column, cell in zip(header[1:], cells, strict=True)}
    return found


def _file(table: str, row: str) -> str:
    """Two tables have a half for each of two sources."""
    halves = {"C100": "cifar100", "C10": "cifar10", "STL": "stl10"}
    if table not in ("infocl_table4", "infocl_table5"):
        return table
    return f"{table}_{next(half for name, half in halves.items() if name in row)}"


def in_ledger() -> dict[tuple[str, str, str], str]:
    return {(number.file.removesuffix(".yaml"), number.row, number.column): number.printed for number in LEDGER.numbers}


def test_every_number_of_the_tables_is_in_the_ledger_and_the_same() -> None:
    tables = as_printed()
    assert len(tables) == 12 + 44 + 42 + 42 + 21 + 28 + 42 + 42
    assert {place: in_ledger().get(place) for place in tables} == tables


def test_the_ledger_holds_nothing_else_but_the_five_numbers_of_sentences() -> None:
    others = {place: printed for place, printed in in_ledger().items() if place not in as_printed()}
    said = re.findall(r"(?:= |: |→ )(\d\d\.\d)", SENTENCES)
    assert sorted(others.values()) == sorted(number for number in said if number != "70.1")
    assert len(others) == 5
    assert in_ledger()["infomin_imagenet_linear", "InfoMin, R50, 200 epochs", "top-1"] == "70.1"


def test_as_many_numbers_stand_in_the_text_as_in_the_ledger() -> None:
    text = "\n".join([*TABLES.values(), SENTENCES])
    numbers = re.findall(r"(?<![\w.])\d+\.\d+(?!\w|\.\d)", text)
    assert len(numbers) - 1 == len(LEDGER.numbers)  # 70.1 stands in a sentence too


def test_epochs_architecture_and_size_of_the_imagenet_table_are_those_of_its_lines() -> None:
    for line in TABLES["infomin_imagenet_linear"].strip().split("\n")[2:]:
        method, architecture, size, epochs, _ = (cell.strip() for cell in line.strip("|").split("|"))
        row = f"{method}, {architecture}, {epochs} epochs"
        (number,) = (each for each in LEDGER.numbers if (each.table, each.row) == ("ImageNet linear", row))
        name = re.sub(r"^R(?=\d)", "ResNet-", architecture)
        assert (number.protocol["training.epochs"], number.protocol["model.architecture"]) == (int(epochs), name)
        assert f"{size} parameters" in number.notes


def test_a_value_is_what_is_printed_without_noise() -> None:
    for number in LEDGER.numbers:
        assert str(number.exact * 100).rstrip("0").rstrip(".") == number.printed.rstrip("0").rstrip(".")
        assert number.value == float(number.exact)
        assert 0 < number.value < 1
        assert Decimal(str(number.rounding)) == Decimal("0.5").scaleb(-2 - number.digits)


def test_a_printed_zero_at_the_end_is_kept() -> None:
    (byol_rc,) = (
        n for n in LEDGER.numbers if (n.row, n.column, n.table) == ("BYOL +RC", "CIFAR10", "table 1, CIFAR-10")
    )
    assert (byol_rc.printed, byol_rc.digits, byol_rc.value) == ("85.80", 2, 0.858)


def test_every_derived_objective_has_a_reason_instead_of_numbers() -> None:
    derived = {name for name, objective in OBJECTIVES.module_dict.items() if objective.derived}
    assert derived == {absence.objective for absence in LEDGER.absences}
    assert not derived & {number.method for number in LEDGER.numbers}
    assert all("derived" in absence.why for absence in LEDGER.absences)


@pytest.mark.parametrize("name", sorted({number.config for number in LEDGER.numbers if number.config is not None}))
def test_rows_and_their_objectives_are_those_of_the_config(name: str) -> None:
    config = load(name)
    for number in LEDGER.numbers:
        if number.config == name and number.objective is not None:
            assert _method(config, number.objective) == number.method, number


@pytest.mark.parametrize("name", sorted({number.config for number in LEDGER.numbers if number.config is not None}))
def test_data_sets_are_those_of_the_tasks_of_the_config(name: str) -> None:
    config = load(name)
    known = {options.dataset for options in config.tasks.values()}
    said = "no config has this schedule"
    for number in LEDGER.numbers:
        if number.config == name:
            assert (number.dataset in known) == (said not in number.notes), number


@pytest.mark.parametrize("name", ["infocl_cifar10", "infocl_stl10", "infocl_imagenet", "infomin_imagenet"])
def test_published_scores_in_the_head_of_a_config_are_those_of_the_ledger(name: str) -> None:
    scores = re.findall(r"\b(infonce\w*|byol\w*|barlow_twins\w*|infomin)(?: \([^)]*\))? (\d\d\.\d+)", _head(name))
    assert len(scores) == {"infocl_cifar10": 12, "infocl_stl10": 9, "infocl_imagenet": 3, "infomin_imagenet": 2}[name]
    for row, printed in scores:
        known = {number.printed for number in _of(name) if number.objective == row and _on_its_source(number)}
        assert printed in known, row


def test_the_table_in_the_head_of_coco_detection_is_that_of_the_ledger() -> None:
    lines = re.findall(r"^ +(random|supervised|MoCo v2|InfoMin)  +(.*)$", _head("coco_detection"), flags=re.MULTILINE)
    assert len(lines) == 4
    for label, cells in lines:
        for column, cell in zip(
            ("FPN 1x", "FPN 2x", "C4 1x", "C4 2x"), re.split(r"\s{2,}", cells.strip()), strict=True
        ):
            row = {"InfoMin": "InfoMin Aug"}.get(label, label)
            known = [in_ledger().get(("infomin_coco", row, f"{column} {of}")) for of in ("box", "mask")]
            assert known == (cell.split(" / ") if cell != "-" else [None, None])


def test_the_number_in_the_head_of_voc_detection_is_that_of_the_ledger() -> None:
    assert re.findall(r"InfoMin AP (\d+\.\d+)", _head("voc_detection")) == [n.printed for n in _of("voc_detection")]


def _method(config: BenchConfig, row: str) -> str:
    if row in (FLOOR, CEILING) and row not in config.rows:
        return row
    return config.rows[row].objective


def _head(config: str) -> str:
    head = ast.get_docstring(ast.parse((CONFIGS / f"{config}.py").read_text()), clean=False)
    assert head is not None
    return " ".join(head.split()) if "infocl" in config or "infomin" in config else head


def _of(config: str) -> Iterator[Published]:
    return (number for number in LEDGER.numbers if number.config == config)


def _on_its_source(number: Published) -> bool:
    trained_on = {"infocl_cifar10": "CIFAR-10", "infocl_stl10": "STL-10"}.get(str(number.config), "ImageNet")
    return number.dataset == trained_on and number.metric == "linear_sgd_top1"
