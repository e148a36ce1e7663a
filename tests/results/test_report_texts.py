"""How numbers, logs and inputs are put into words."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from results.report.flattening import as_lines
from results.report.logs import LETTERS, LINES, log_tail, without_folders
from results.report.quantities import count, moment, operations, score, seconds, size


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (score("linear_top1", 0.24121, digits=2), "24.12"),
        (score("AP50", 1.0, digits=1), "100.0"),
        (score("mutual_information_nats", 3.14159, digits=2), "3.142 nats"),
        (seconds(0.04), "0.0 s"),
        (seconds(59.94), "59.9 s"),
        (seconds(222.3), "3 min 42 s"),
        (seconds(3599.7), "1 h 00 min"),
        (seconds(7500), "2 h 05 min"),
        (size(0), "0 B"),
        (size(1023), "1023 B"),
        (size(1288490188), "1.2 GiB"),
        (size(1023.9 * 1024), "1024 KiB"),
        (operations(2.56278528e8), "256 MFLOP"),
        (operations(1.57e13), "15.7 TFLOP"),
        (count(81920.0), "81,920"),
        (moment(datetime(2030, 1, 31, 1, 30, tzinfo=timezone(timedelta(hours=2)))), "2030-01-30 23:30 UTC"),
    ],
)
def test_quantities_are_written_as_people_read_them(written: str, text: str) -> None:
    assert written == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('File "/home/jane/clbench/benchmark/worker.py", line 5', 'File "…/benchmark/worker.py", line 5'),
        ("killed (see /home/jane/runs/cells/ab12/log.txt)", "killed (see …/ab12/log.txt)"),
        ("/home/jane/weights.pth", "…/weights.pth"),
        ("/tmp/x", "…/x"),
        ("~/jane/project/runs/cells/a.txt", "…/cells/a.txt"),
        ("root=/home/jane/data/voc/VOC2007", "root=…/voc/VOC2007"),
        ("file:///home/jane/clbench/README.md", "…/README.md"),
        (r"C:\Users\jane\runs\cells\a.txt", r"…\cells\a.txt"),
        ("PosixPath('/srv/data/voc/images/x.jpg')", "PosixPath('…/images/x.jpg')"),
    ],
)
def test_absolute_paths_keep_their_end_alone(text: str, shown: str) -> None:
    assert without_folders(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://onedl-mmengine.readthedocs.io/en/latest/api/fileio.html#file-io",
        "runs/cells/ab12/log.txt",
        "VOC: data/VOCdevkit/VOC2007/Annotations is missing",
        "step 3/4, 1/2 and/or a ratio of 5 / 6 / 7",
        "",
    ],
)
def test_addresses_and_relative_paths_stay(text: str) -> None:
    assert without_folders(text) == text


def test_of_a_long_log_the_last_lines_are_shown(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("".join(f"line {n}\n" for n in range(100_000)))
    assert log_tail(tmp_path).split("\n") == [f"line {n}" for n in range(100_000 - LINES, 100_000)]


def test_lines_without_end_are_cut_at_their_start(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("x" * 10**6 + "end")
    tail = log_tail(tmp_path)
    assert len(tail) == LETTERS
    assert tail.endswith("xend")


def test_a_log_that_is_empty_missing_or_no_text_gives_text(tmp_path: Path) -> None:
    assert log_tail(tmp_path) == ""
    (tmp_path / "log.txt").write_bytes(b"")
    assert log_tail(tmp_path) == ""
    (tmp_path / "log.txt").write_bytes(b"caf\xe9 \x00\x07\r\n\x1b[1;31mred\x1b[0m")
    assert log_tail(tmp_path) == "caf\N{REPLACEMENT CHARACTER} \nred"


def test_nested_inputs_become_lines_that_hold_every_leaf() -> None:
    inputs = {"batch": 256, "views": {"scale": [0.4, 1.0], "blur": None}, "steps": [{"type": "a"}, {"type": "b"}]}
    lines = as_lines(inputs, path="x").split("\n")
    assert dict(line.split(" = ") for line in lines) == {
        "x.batch": "256",
        "x.views.scale": "[0.4, 1.0]",
        "x.views.blur": "null",
        "x.steps.0.type": '"a"',
        "x.steps.1.type": '"b"',
    }
    assert as_lines({}, path="empty") == "empty = {}"
    assert json.loads(as_lines(float("inf"), path="lr").removeprefix("lr = ")) == float("inf")
