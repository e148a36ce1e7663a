"""Tables of published numbers: what stands where, and that none of them looks like ours."""

from pathlib import Path

from planned_cells import Values, write_planned

from results.ledger.numbers import read_ledger
from results.store.cells import read_cells
from results.store.loading import load
from results.tables.assembly import tables
from results.tables.layout import Table
from results.tables.markdown import to_markdown
from results.tables.published import published_tables

LEDGER = read_ledger()
DERIVED = {"mrcl", "superinfo"}
OURS: Values = {
    ("infonce", "linear_sgd"): (0.8550, 0.8575, 0.8600),
    ("infonce_rc", "linear_sgd"): (0.8578,),
    ("infonce_rc", "dtd"): (0.3367, 0.3367),
    ("mrcl", "linear_sgd"): (0.8, 0.8),
}
_PLACE = "InfoMin, ImageNet linear"
_SINGLE = "InfoMin, ImageNet, 800 epochs"


def infocl(runs: Path) -> Path:
    return write_planned(runs, "infocl_cifar10", OURS, images=50_000, metric="linear_sgd_top1")


def shapes(runs: Path) -> Path:
    values: Values = {
        ("infonce", "linear_sgd"): (0.5,),
        ("infocl", "linear_sgd"): (0.5,),
        ("mrcl", "linear_sgd"): (0.5,),
    }
    return write_planned(runs, "shapes", values, images=8192, metric="linear_sgd_top1")


def of(runs: Path, *, unmatched: bool = False) -> dict[str, list[Table]]:
    cells = read_cells(runs)
    return published_tables(load(runs), cells=cells, ledger=LEDGER, derived=DERIVED, unmatched=unmatched)


def texts(table: Table) -> list[list[str]]:
    return [[entry.text for entry in row] for row in table.rows]


def test_ours_stands_beside_the_paper_s_with_its_verdict(tmp_path: Path) -> None:
    (table,) = of(infocl(tmp_path))["infocl_cifar10"]
    source, transfer = "CIFAR-10 linear_sgd_top1 (oracle)", "DTD linear_sgd_top1 (oracle)"
    assert table.header == ["objective", "number", "ours", "published, not ours", "verdict", "paper and table"]
    assert texts(table) == [
        ["infonce", source, "85.75 ± 0.25 (n=3)", "85.76", "match", "InfoCL, table 1, CIFAR-10; table 3, CIFAR-10"],
        ["infonce_rc", source, "85.78 (n=1)", "85.78", "one seed: no claim", "InfoCL, table 1, CIFAR-10"],
        ["infonce_rc", transfer, "33.67 ± 0.00 (n=2)", "33.67", "not comparable", "InfoCL, table 1, CIFAR-10"],
        ["mrcl (derived)", "", "", "", "none published", "MRCL (arXiv 2211.09013)"],
    ]
    assert table.objectives == ["infonce", "infonce_rc", "infonce_rc", "mrcl"]


def test_differences_sources_and_reasons_are_footnotes(tmp_path: Path) -> None:
    (table,) = of(infocl(tmp_path))["infocl_cifar10"]
    marked = {row[-2].text: [table.notes[number - 1] for number in row[-2].notes] for row in table.rows}
    assert marked["match"] == []
    assert marked["one seed: no claim"] == []
    (differences,) = marked["not comparable"]
    assert differences.startswith("mean of the probe's input 0.5/0.5/0.5 instead of 0.533/0.474/0.426; std")
    (why,) = marked["none published"]
    assert why.startswith("no published number belongs to mrcl")
    sources = [table.notes[number - 1] for number in table.rows[0][5].notes]
    assert sources[0].startswith("text of the paper")


def test_a_config_without_counterparts_has_a_table_only_when_asked(tmp_path: Path) -> None:
    runs = shapes(tmp_path)
    assert of(runs) == {}
    assert list(of(runs, unmatched=True)) == ["shapes"]


def test_what_has_no_counterpart_is_listed_apart_and_has_no_column_of_ours(tmp_path: Path) -> None:
    (table,) = of(shapes(tmp_path), unmatched=True)["shapes"]
    assert table.header == ["objective", "number", "published, not ours", "beside ours", "paper and table"]
    assert {row[-2].text for row in table.rows} == {"not comparable", "none published"}
    infocl = [row[2].text for row in table.rows if row[0].text == "infocl"]
    assert "SimCLR +RC 85.78;\nSimCLR +LBE 85.45;\nBYOL +RC 85.80;\nBYOL +LBE 85.28" in infocl
    said = table.notes[table.rows[0][-2].notes[0] - 1]
    assert said.startswith(
        "another task; pretraining data not known to be CIFAR-10; architecture ResNet-10 x0.5 instead"
    )
    assert said.endswith("more in the pretraining")


def test_only_the_first_column_of_a_published_table_is_listed_and_the_caption_says_so(tmp_path: Path) -> None:
    (table,) = of(shapes(tmp_path), unmatched=True)["shapes"]
    columns = list(dict.fromkeys(n.dataset for n in LEDGER.numbers if n.table == "table 1, CIFAR-10"))
    listed = [row[1].text for row in table.rows if row[-1].text == "InfoCL, table 1, CIFAR-10"]
    assert len(columns) > 1
    assert {text.partition(" linear")[0] for text in listed} == {columns[0]}
    assert "of each of their tables the first column alone" in table.caption


def test_a_field_that_differs_from_every_row_in_another_way_is_named(tmp_path: Path) -> None:
    values: Values = {("infomin", "linear_sgd"): (0.5,)}
    runs = write_planned(tmp_path, "shapes", values, images=8192, metric="linear_sgd_top1")
    (table,) = of(runs, unmatched=True)["shapes"]
    said = {row[-1].text: table.notes[row[-2].notes[0] - 1] for row in table.rows}
    several = [n for n in LEDGER.numbers if (n.paper, n.table) == ("InfoMin", "ImageNet linear")]
    assert len({n.protocol["training.epochs"] for n in several}) > 1
    assert "image size 32 instead of 224; architecture and epochs differ from every row; " in said[_PLACE]
    assert "epochs 10 instead of" not in said[_PLACE]
    assert "architecture ResNet-10 x0.5 instead of ResNet-50; epochs 10 instead of 800; " in said[_SINGLE]


def test_rows_of_one_method_have_one_line(tmp_path: Path) -> None:
    values: Values = {(row, "linear_sgd"): (0.5,) for row in ("mrcl", "again", "byol")}
    overrides = ["rows.again.objective=mrcl"]
    write_planned(tmp_path, "shapes", values, images=8192, metric="linear_sgd_top1", overrides=overrides)
    (table,) = of(tmp_path, unmatched=True)["shapes"]
    assert [row[0].text for row in table.rows] == ["byol", "byol", "mrcl (derived) and 1 more"]


def test_published_numbers_change_nothing_in_the_tables_of_ours(tmp_path: Path) -> None:
    frame, further = load(infocl(tmp_path)), of(tmp_path)
    (alone,), (with_them,) = tables(frame, derived=DERIVED), tables(frame, derived=DERIVED, further=further)
    assert (alone.rows, alone.notes, alone.caption) == (with_them.rows, with_them.notes, with_them.caption)
    assert with_them.further == [*alone.further, *further["infocl_cifar10"]]


def test_a_column_of_published_numbers_says_so_in_markdown(tmp_path: Path) -> None:
    (table,) = of(infocl(tmp_path))["infocl_cifar10"]
    text = to_markdown(table)
    assert "| objective | number | ours | published, not ours | verdict | paper and table |" in text
    assert "our numbers beside those that papers print" in text
