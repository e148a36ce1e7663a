import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmark.perf.comparison import Comparison
from benchmark.perf.figure import write_figure
from benchmark.perf.page import BY_HAND, page, write_page
from benchmark.perf.parts import PARTS
from benchmark.perf.stored import Measured, read, read_all, write

MACHINE: dict[str, Any] = {
    "cpu": "Some CPU",
    "cores": 2,
    "memory_gb": 16.0,
    "gpu": None,
    "system": "Linux x86_64",
    "python": "3.12.1",
    "threads": 2,
    "packages": {"torch": "2.8.0", "lightly": "1.6.0"},
    "commit": "abc",
    "created": "2026-01-02T03:04:05+00:00",
    "load_before": 0.25,
    "load_after": 2.5,
}
HELD = Comparison("InfoNCE", "N = 8", "s", (0.5, 0.25, 0.5), (1.5, 1.0, 1.0), "lightly", False, 2.5, "two threads")
NOT_HELD = Comparison("InfoNCE", "N = 9", "MB", (30.0,), (40.0,), "a | b", False, 4.0)
UNMEASURED = Comparison("Pretraining", "GPU", "images/s", (), (), "lightly", True, 5.0, "no GPU; make perf PARTS=loop")
DEAR = Comparison("Objectives", "64 px", "ms", (4.0, 6.0), (2.0, 2.0), "infonce", False, cost=True)
FREE = Comparison("Views", "32 px", "images/s", (300.0, 330.0), (100.0, 100.0), "PIL")


def measured(part: str, *rows: Comparison, **machine: object) -> Measured:
    return Measured(part, rows, MACHINE | machine)


def line_of(text: str, start: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return line


def test_a_part_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = measured("loss", HELD, NOT_HELD, UNMEASURED)
    write(written, tmp_path / "deep" / "loss.json")
    assert read(tmp_path / "deep" / "loss.json") == written


def test_a_file_that_holds_something_else_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "loss.json").write_text('{"part": "loss"}')
    with pytest.raises(ValueError, match=r"loss\.json must hold a part as make perf writes it, got KeyError"):
        read_all(tmp_path, ["views", "loss"])


def test_the_page_says_the_numbers_of_the_files_with_the_range_over_rounds(tmp_path: Path) -> None:
    write(measured("loss", HELD, NOT_HELD), tmp_path / "loss.json")
    write(measured("views", FREE), tmp_path / "views.json")
    text = page(read_all(tmp_path, PARTS))
    raw = json.loads((tmp_path / "loss.json").read_text())["comparisons"][0]
    ratios = [theirs / ours for ours, theirs in zip(raw["ours"], raw["theirs"], strict=True)]
    assert sorted(ratios) == [2, 3, 4]
    assert line_of(text, "| N = 8") == "| N = 8 (1) | 0.5 s | lightly: 1 s | 3 (2 to 4) | at least 2.5 | held |"
    assert line_of(text, "| 32 px") == "| 32 px | 315 images/s | PIL: 100 images/s | 3.15 (3 to 3.3) |  | no claim |"
    assert "1. two threads" in text
    assert text.index("## Views") < text.index("## InfoNCE")  # in the order of PARTS


def test_a_claim_that_did_not_hold_is_said_in_words_and_counted() -> None:
    text = page([measured("loop", UNMEASURED), measured("loss", HELD, NOT_HELD)])
    assert line_of(text, "| N = 9") == "| N = 9 | 30 MB | a \\| b: 40 MB | 1.333 | at least 4 | did NOT hold |"
    assert "Of 3 claims 1 held, 1 did NOT hold, 1 could not be measured here." in text


def test_a_cost_is_called_one() -> None:
    text = page([measured("objectives", DEAR)])
    assert line_of(text, "| 64 px") == "| 64 px | 5 ms | infonce: 2 ms | cost 2.5 x (2 to 3) |  | no claim |"


def test_what_could_not_be_measured_stands_there_with_its_command() -> None:
    text = page([measured("loop", UNMEASURED)])
    assert line_of(text, "| GPU") == "| GPU (1) |  | lightly | not measured | at least 5 | not measured |"
    assert "1. no GPU; make perf PARTS=loop" in text
    assert "Not measured yet: " in text
    assert "`make perf PARTS=views`" in text
    assert "`make perf PARTS=loop`" not in text
    assert "figures/performance.svg" not in text
    assert "figures/performance.svg" in page([measured("loss", HELD)])


def test_the_machine_and_how_busy_it_was_are_described() -> None:
    text = page([measured("loop", FREE), measured("loss", HELD), measured("views", FREE, cpu="Another CPU")])
    assert (
        text.count("Some CPU, 2 cores, 16.0 GB, no GPU; Linux x86_64, Python 3.12.1, torch 2.8.0, lightly 1.6.0.") == 1
    )
    assert "Another CPU" in text
    assert line_of(text, "| loss |") == "| loss | 2026-01-02T03:04:05+00:00 | abc | 0.25 | 2.5 |"


def test_what_is_written_by_hand_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    write_page([measured("loop", UNMEASURED)], path)
    path.write_text(path.read_text() + "\n## A model\n\nOn paper.\n")
    write_page([measured("views", FREE)], path)
    once = path.read_text()
    assert once.endswith(f"{BY_HAND}\n\n## A model\n\nOn paper.\n")
    assert "| 32 px |" in once
    assert "| GPU" not in once
    write_page([measured("views", FREE)], path)
    assert path.read_text() == once


def drawn_words(svg: Path) -> str:
    return " ".join("".join(each.itertext()) for each in ElementTree.parse(svg).iter() if each.tag.endswith("text"))


def test_the_figure_shows_what_is_claimed_alone(tmp_path: Path) -> None:
    svg, _ = write_figure([measured("loss", HELD), measured("objectives", DEAR), measured("views", FREE)], tmp_path)
    assert "N = 8; beside lightly" in drawn_words(svg)
    assert "infonce" not in drawn_words(svg)
    assert "Views" not in drawn_words(svg)
    assert "figures/performance.svg" not in page([measured("views", FREE)])


def test_the_figure_has_a_row_for_what_was_measured_and_none_for_what_was_not(tmp_path: Path) -> None:
    svg, png = write_figure([measured("loop", UNMEASURED), measured("loss", HELD, NOT_HELD)], tmp_path)
    words = drawn_words(svg)
    assert "N = 8; beside lightly" in words
    assert "N = 9; beside a | b" in words
    assert "claim did NOT hold" in words
    assert "GPU" not in words
    assert png.read_bytes().startswith(b"\x89PNG")
    assert write_figure([measured("loop", UNMEASURED)], tmp_path / "none") == []
