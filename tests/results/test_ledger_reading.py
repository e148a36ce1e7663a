"""What the reader of the ledger refuses, and how it says so."""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from results.ledger.numbers import PUBLISHED, read_ledger

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "published.md"
TABLE = """
paper: Mine
arxiv: "2401.00001"
table: table 1
config: mine
unit: percent
source: the paper
url: null
confidence: authors
selection: last
protocol:
  model: {architecture: ResNet-18, stem: cifar, projector: null}
columns:
  A: {dataset: CIFAR-10, metric: linear_sgd_top1}
  B: {dataset: DTD, metric: linear_sgd_top1, selection: oracle, protocol: {model: {stem: imagenet}}}
rows:
  - row: base
    values: "85.80 -"
    objective: infonce
    method: infonce
  - row: other
    values: "1 29.5"
    source: a web page
    confidence: second-hand
    protocol: {model: {architecture: ResNet-50}, arguments: {base: {type: infonce, temperature: 0.5}, weight: 1.0e-3}}
"""


def write(folder: Path, old: str = "", new: str = "", *, name: str = "mine.yaml") -> Path:
    """Write the table with one change."""
    assert old in TABLE
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(TABLE.replace(old, new, 1) if old else TABLE)
    return folder


def refused(folder: Path) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read_ledger(folder)
    assert "\n" not in str(caught.value)
    assert ".yaml" in str(caught.value)
    return str(caught.value)


def test_columns_and_rows_say_what_is_otherwise_than_in_the_table(tmp_path: Path) -> None:
    first, second, third = read_ledger(write(tmp_path)).numbers
    assert (first.column, first.objective, first.config, first.selection) == ("A", "infonce", "mine", "last")
    assert first.protocol == {"model.architecture": "ResNet-18", "model.stem": "cifar", "model.projector": None}
    assert (second.column, second.objective, second.config, second.printed) == ("A", None, None, "1")
    assert (third.column, third.selection, third.source, third.confidence) == (
        "B",
        "oracle",
        "a web page",
        "second-hand",
    )
    assert third.protocol == {
        "model.architecture": "ResNet-50",
        "model.stem": "imagenet",
        "model.projector": None,
        "arguments.base.type": "infonce",
        "arguments.base.temperature": 0.5,
        "arguments.weight": 0.001,
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("unit: percent", "unit: points", "unit must be 'percent', got \"points\""),
        ("source: the paper", "", "rows[0].source must be a string|source must be a string, got nothing"),
        ("confidence: authors", "confidence: high", "confidence must be 'authors' or 'second-hand'"),
        ("selection: last", "selection: best", "selection must be 'last' or 'selected' or 'oracle'"),
        ("table: table 1", "tabel: table 1", "unknown field tabel. Known: paper"),
        ("metric: linear_sgd_top1}", "metrics: linear_sgd_top1}", "unknown field columns.A.metrics. Known: dataset"),
        ("    method: infonce", "", "rows[0].method must be given where objective is given"),
        ("config: mine", "config: null", "config must be a string, got null"),
        ('"85.80 -"', '"85.80"', "rows[0].values must be 2 numbers as printed or -"),
        ('"85.80 -"', '"85.80 n/a"', "rows[0].values must be 2 numbers as printed or -"),
        ('"85.80 -"', "85.80", "rows[0].values must be a string"),
        ("row: other", "row: base", "rows[1].row must be another label than in the rows before"),
        ("stem: cifar", "stems: cifar", "unknown field protocol.model.stems. Known: architecture, stem, projector"),
        ("stem: cifar, ", "", "protocol.model.stem of rows[0] must be a value, or null for what is not stated"),
        ("stem: cifar", "stem: 1e-3", "protocol.model.stem of rows[0] must be a number (1.0e-3, not 1e-3)"),
        ("stem: cifar", "stem: {a: 1}", "protocol.model.stem of rows[0] must be a number"),
        ("model: {arch", "network: {arch", "unknown field protocol.network. Known: data, model, training"),
        ('arxiv: "2401.00001"', "arxiv: 2401.00001", "arxiv must be a string, got 2401.00001"),
        ("table: table 1", "table: 2020-01-31", "YAML of text, numbers, lists and mappings is expected"),
        ("unit: percent", "unit: percent\nunit: percent", "'unit' stands twice"),
        ("unit: percent", "unit: [percent", "YAML of text, numbers, lists and mappings is expected"),
        ("unit: percent", "unit: !!python/name:os.system ''", "could not determine a constructor"),
    ],
)
def test_what_is_malformed_is_refused_by_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    message = refused(write(tmp_path, old, new))
    assert any(re.search(re.escape(each), message) for each in said.split("|")), message
    assert message.startswith(str(tmp_path / "mine.yaml"))


def test_a_number_that_stands_in_two_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    message = refused(write(tmp_path, name="twice.yaml"))
    assert message == "twice.yaml: Mine, table 1, base, A must stand in the ledger once, got it in mine.yaml too"


def test_an_absence_has_no_numbers(tmp_path: Path) -> None:
    (tmp_path / "none.yaml").write_text("{paper: P, arxiv: '1', objective: p, why: nothing is known, unit: percent}")
    assert "unknown field unit. Known: paper, arxiv, objective, why." in refused(tmp_path)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path}: a folder with *.yaml is expected, got none"


def test_something_else_than_a_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("- 1\n- 2\n")
    assert refused(tmp_path) == f"{tmp_path / 'list.yaml'}: a YAML mapping is expected, got [1, 2]"


def test_a_copy_of_the_ledger_reads_the_same(tmp_path: Path) -> None:
    assert read_ledger(Path(shutil.copytree(PUBLISHED, tmp_path / "copy"))) == read_ledger()


def test_the_form_in_the_documentation_reads(tmp_path: Path) -> None:
    text = DOCUMENTATION.read_text()
    (form,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "form.yaml").write_text(form)
    assert [number.printed for number in read_ledger(tmp_path).numbers] == ["85.76", "29.52", "85.78", "33.67"]


def test_the_documentation_counts_the_numbers_of_every_file() -> None:
    held = Counter(number.file for number in read_ledger().numbers)
    told: dict[str, int] = {}
    for names, counts in re.findall(
        r"^\| (`\w+`[^|]*) \|[^|]*\| ([\d, ]+) \|$", DOCUMENTATION.read_text(), re.MULTILINE
    ):
        first, *others = re.findall(r"`(\w+)`", names)
        files = [first, *(name if name[0] != "_" else first.rpartition("_")[0] + name for name in others)]
        told |= {f"{file}.yaml": int(count) for file, count in zip(files, counts.split(","), strict=True)}
    assert {file: count for file, count in told.items() if count} == held
    assert f"{len(read_ledger().numbers)} numbers" in DOCUMENTATION.read_text()
