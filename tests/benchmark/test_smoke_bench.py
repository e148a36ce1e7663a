"""The main job from end to end: every stage, every task, tables and figures; then again, with nothing left to do."""

import csv
import json
from pathlib import Path

import pytest
import torch
from clbench_runs import contents, data_root, records

from benchmark.cli import main
from benchmark.config import load
from benchmark.pretrain import backbone_spec
from downstream.backbone import load_backbone

TASKS = ("classification", "linear_sgd", "semi_10", "voc", "coco", "ade20k")
ROWS = ("infonce", "random")
METRICS = {
    "classification": {"linear_top1", "knn_top1"},
    "linear_sgd": {"linear_sgd_top1"},
    "semi_10": {"finetune_top1"},
    "voc": {"AP", "AP50", "AP75"},
    "coco": {"AP", "AP50", "AP75"},
    "ade20k": {"mIoU"},
}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command, run once."""
    runs = tmp_path_factory.mktemp("runs")
    command = ["bench", "--config", "smoke", "--objectives", ",".join(ROWS), "--runs", str(runs)]
    command += ["--data-root", str(data_root(tmp_path_factory))]
    assert main(command) == 0
    return command


@pytest.fixture(scope="module")
def runs(words: list[str]) -> Path:
    return Path(words[words.index("--runs") + 1])


def test_every_row_has_a_number_for_every_metric_of_every_task(runs: Path) -> None:
    found = records(runs)
    assert set(found) == {f"{row}/0/{task}" for row in ROWS for task in (None, *TASKS)}
    for row in ROWS:
        for task in TASKS:
            record = found[f"{row}/0/{task}"]
            assert record["status"] == "done"
            assert record["upstream"] == found[f"{row}/0/None"]["key"]
            assert {metric["metric"] for metric in record["metrics"]} == METRICS[task]
            assert all(0 <= metric["value"] <= 1 for metric in record["metrics"])


def test_what_was_chosen_among_what_lies_beside_the_numbers(runs: Path) -> None:
    for task, of in (("classification", {"penalty", "k"}), ("linear_sgd", {"epoch"}), ("semi_10", {"epoch"})):
        record = records(runs)[f"infonce/0/{task}"]
        stored = json.loads((runs / "cells" / record["key"] / "choices.json").read_text())
        assert {series["of"] for series in stored["series"].values()} == of
        assert {*stored["series"]} == METRICS[task]
        for name, series in stored["series"].items():
            values = {(m["split"], m["selection"]): m["value"] for m in record["metrics"] if m["metric"] == name}
            assert values["test", "selected"] == series["test"][series["settings"].index(series["chosen"])]
            assert values["test", "last"] == series["test"][-1]


def test_a_record_says_what_the_cell_cost_and_where_it_ran(runs: Path) -> None:
    record = records(runs)["infonce/0/None"]
    assert record["costs"]["images"] == 2 * 64
    assert record["costs"]["wall_s"] > 0
    assert record["costs"]["peak_memory_bytes"] > 2**20
    assert {"torch", "onedl-mmengine"} <= set(record["environment"]["packages"])
    assert record["environment"]["device"] == "cpu"


def test_no_cell_holds_three_gigabytes(runs: Path) -> None:
    peaks = [record["costs"]["peak_memory_bytes"] for record in records(runs).values()]
    assert len(peaks) == len(ROWS) * (1 + len(TASKS))
    assert max(peaks) < 3e9


def test_the_backbone_loads_and_has_been_trained(runs: Path) -> None:
    found = records(runs)
    spec = backbone_spec(load("smoke"))
    trained, start = (
        load_backbone(runs / "cells" / found[f"{row}/0/None"]["key"] / "backbone.pth", spec) for row in ROWS
    )
    assert (
        sum(parameter.numel() for parameter in trained.parameters()) == found["infonce/0/None"]["costs"]["parameters"]
    )
    assert not torch.equal(trained.conv1.weight, start.conv1.weight)


def test_scalars_are_kept_for_curves(runs: Path) -> None:
    key = records(runs)["infonce/0/None"]["key"]
    with (runs / "cells" / key / "scalars.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["name"] for row in rows} == {"contrast", "learning_rate", "images_per_s"}
    assert [int(row["step"]) for row in rows if row["name"] == "contrast"] == [1, 2, 3, 4]
    assert list((runs / "cells" / key).rglob("events.out.tfevents*"))


def test_tables_and_figures_are_written(runs: Path) -> None:
    table = (runs / "tables/smoke-table.md").read_text()
    assert all(word in table for word in (*ROWS, "shapes VOC", "shapes COCO", "shapes ADE20K", "mIoU", "AP50"))
    assert (runs / "tables/smoke-table.csv").stat().st_size > 0
    figures = [path for path in (runs / "figures").iterdir() if not path.name.startswith(".")]
    assert {path.suffix for path in figures} == {".svg", ".pdf", ".png"}
    assert all(path.stat().st_size > 1000 for path in figures)


def test_the_report_of_the_grid_opens_in_a_browser(runs: Path) -> None:
    report_browser = pytest.importorskip("report_browser")
    if not report_browser.CHROMIUM:
        pytest.skip(report_browser.NO_CHROMIUM)
    assert main(["report", "--runs", str(runs)]) == 0
    address = (runs / "report.html").as_uri()
    with report_browser.chromium() as browser, report_browser.opened(browser, address) as page:
        for row in ROWS:
            number = f"{100 * value(runs, row, 'classification', 'linear_top1'):.1f}"
            page.get_by_role("row").filter(has_text=row).get_by_role("link", name=number).first.click()
            report_browser.expect(page.get_by_role("dialog")).to_contain_text(
                records(runs)[f"{row}/0/classification"]["key"]
            )
            page.keyboard.press("Escape")


def value(runs: Path, row: str, task: str, metric: str) -> float:
    """The number that counts."""
    stored = records(runs)[f"{row}/0/{task}"]["metrics"]
    (found,) = [m["value"] for m in stored if (m["metric"], m["split"], m["selection"]) == (metric, "test", "selected")]
    return float(found)


def test_the_same_command_computes_nothing_again(
    words: list[str], runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(runs / "cells")
    assert main(words) == 0
    assert "0 computed, 14 kept, 0 failed" in capsys.readouterr().out
    assert contents(runs / "cells") == before


def test_the_tables_can_be_rebuilt_from_the_store_alone(runs: Path) -> None:
    before = (runs / "tables/smoke-table.csv").read_bytes()
    (runs / "tables/smoke-table.csv").unlink()
    assert main(["table", "--runs", str(runs)]) == 0
    assert (runs / "tables/smoke-table.csv").read_bytes() == before


def test_another_temperature_computes_that_row_anew_and_leaves_the_rest(
    words: list[str], runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(runs / "cells")
    changed = ["--tasks", "classification", "--set", "objectives.infonce.temperature=0.3"]
    assert main([*words, *changed]) == 0
    assert "2 computed, 2 kept, 0 failed" in capsys.readouterr().out
    after = contents(runs / "cells")
    assert {path: after[path] for path in before} == before
    assert len(list((runs / "cells").iterdir())) == 16


def test_a_config_of_ones_own_has_a_table_of_its_own(words: list[str], runs: Path, tmp_path: Path) -> None:
    before = (runs / "tables/smoke-table.csv").read_bytes()
    mine = tmp_path / "mine.py"
    mine.write_text(f'_base_ = "{Path(__file__).parents[2]}/configs/bench/smoke.py"\ntraining = dict(lr=1e-4)\n')
    changed = ["--config", str(mine), "--objectives", "random", "--tasks", "classification"]
    assert main([*words, *changed]) == 0
    assert "random" in (runs / "tables/mine-table.md").read_text()
    assert (runs / "tables/smoke-table.csv").read_bytes() == before
