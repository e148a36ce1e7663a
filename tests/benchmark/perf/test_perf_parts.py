"""`make perf` part by part, with parts that take no time."""

import json
import sys
from pathlib import Path

import pytest

from benchmark.perf.__main__ import main, measure_parts
from benchmark.perf.comparison import Comparison
from benchmark.perf.machine import PEERS
from benchmark.perf.parts import PARTS, modules
from benchmark.perf.peers import environment, problem
from benchmark.perf.stored import Measured, read, write

QUICK = """
from benchmark.perf.comparison import Comparison

def measure():
    print("chatter of a library")
    return [Comparison("Quick", "a thing", "s", (1.0,), (2.0,), "another", more=False)]
"""
BROKEN = QUICK.replace("def measure():", "def measure():\n    raise RuntimeError('no such luck')")


def test_a_part_that_fails_leaves_the_others_and_what_it_was_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "quick_part.py").write_text(QUICK)
    (tmp_path / "broken_part.py").write_text(BROKEN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    earlier = Measured("broken", (), {"cpu": "of an earlier run"})
    write(earlier, tmp_path / "broken.json")
    asked = {"broken": "broken_part", "absent": "no_such_part", "quick": "quick_part"}
    assert measure_parts(asked, folder=tmp_path, python=sys.executable) == ["broken", "absent"]
    (row,) = read(tmp_path / "quick.json").comparisons
    assert row == Comparison("Quick", "a thing", "s", (1.0,), (2.0,), "another", more=False)
    assert read(tmp_path / "broken.json") == earlier
    said = capfd.readouterr().out.splitlines()
    assert f"perf: broken: no such luck (see {tmp_path / 'broken.log'})" in said
    assert any(line.startswith("Quick: a thing: 2.00 x another") for line in said)
    assert "Traceback" in (tmp_path / "broken.log").read_text()
    assert not any("chatter" in line for line in said)
    assert "chatter" in (tmp_path / "quick.log").read_text()


def test_what_needs_a_gpu_keeps_the_numbers_of_a_machine_that_had_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gpu_part.py").write_text(QUICK.replace("(1.0,), (2.0,)", "(), ()"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    row = Comparison("Quick", "a thing", "s", (1.0,), (2.0,), "another")
    for before, kept in ((Measured("gpu", (row,), {"cpu": "of another machine"}), True), (None, False)):
        (tmp_path / "gpu.json").unlink(missing_ok=True)
        if before is not None:
            write(before, tmp_path / "gpu.json")
        assert measure_parts({"gpu": "gpu_part"}, folder=tmp_path, python=sys.executable) == []
        assert (read(tmp_path / "gpu.json") == before) is kept
        assert ("perf: gpu: the numbers of another machine are kept" in capfd.readouterr().out) is kept


def test_a_wrong_name_is_told_in_one_line_with_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    places = ["--runs", str(tmp_path / "runs"), "--docs", str(tmp_path / "docs")]
    assert main(["--parts", "loop,los", *places]) == 2
    said = capsys.readouterr().err
    assert said.startswith("perf: unknown part 'los'. Did you mean 'loss'? Known: all, ")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_page_is_written_from_what_is_stored_without_measuring(tmp_path: Path) -> None:
    (tmp_path / "runs" / "perf").mkdir(parents=True)
    machine = {"cpu": "Some CPU", "cores": 2, "memory_gb": 1.0, "gpu": None, "system": "Linux", "python": "3.12"}
    machine |= {"packages": {}, "commit": "abc", "created": "today", "load_before": 0.0, "load_after": 0.0}
    row = Comparison("Views", "a thing", "s", (1.0,), (2.0,), "another", more=False, bar=1.5)
    write(Measured("views", (row,), machine), tmp_path / "runs" / "perf" / "views.json")
    assert main(["--parts", "none", "--runs", str(tmp_path / "runs"), "--docs", str(tmp_path / "docs")]) == 0
    assert "| a thing | 1 s | another: 2 s | 2 |" in (tmp_path / "docs" / "performance.md").read_text()
    assert (tmp_path / "docs" / "figures" / "performance.png").exists()
    assert all(peer in (tmp_path / "docs" / "performance.md").read_text() for peer in PEERS)


def test_every_part_is_a_module_that_measures() -> None:
    root = Path(__file__).parents[3]
    assert set(modules()) == set(PARTS)
    for module in modules().values():
        assert "\ndef measure(" in (root / f"{module.replace('.', '/')}.py").read_text()


def test_what_could_not_be_installed_is_known_to_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = {"python": "", "built_on": {}, "problems": {"solo-learn": "it wants torch==1.9.1"}}
    (tmp_path / "peers.json").write_text(json.dumps(record))
    assert problem("solo-learn") == ""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    assert problem("solo-learn") == "it wants torch==1.9.1"
    assert problem("kornia") == ""
