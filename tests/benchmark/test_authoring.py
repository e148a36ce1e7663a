"""`clbench new` and `clbench check`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.cli import main
from objectives.registry import OBJECTIVES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to import objectives from; what they register is forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path)
    known = set(OBJECTIVES.module_dict)
    yield tmp_path
    for name in set(OBJECTIVES.module_dict) - known:
        OBJECTIVES.module_dict.pop(name)
        sys.modules.pop(name, None)


def test_the_file_that_new_writes_passes_every_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "far_apart", "--out", str(folder)]) == 0
    assert main(["check", "far_apart", "--import", "far_apart"]) == 0
    assert "far_apart: every check holds" in capsys.readouterr().out


def test_the_file_that_new_writes_is_clean(folder: Path) -> None:
    assert main(["new", "far_apart", "--out", str(folder)]) == 0
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", str(folder / "far_apart.py")]
    config = ["--config", str(Path(__file__).parents[2] / "pyproject.toml")]
    done = subprocess.run([*command, *config], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_broken_objective_is_status_one_and_names_the_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "leaky", "--out", str(folder)]) == 0
    file = folder / "leaky.py"
    file.write_text(file.read_text().replace("net.project(net.encode(x).h)", "net.project(net.encode(x).h.detach())"))
    assert main(["check", "leaky", "--import", "leaky"]) == 1
    assert "broken  reach" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("new Mine", "clbench: new: the name must be a lower-case name that Python has not taken, got 'Mine'"),
        ("new queue", "clbench: new: the name must be a lower-case name that Python has not taken, got 'queue'"),
        ("new _", "clbench: new: the name must be a lower-case name that Python has not taken, got '_'"),
        ("new infonce", "clbench: new: infonce is already registered"),
        ("new numpy", "clbench: new: numpy is the name of a module that is installed"),
        ("new mine --out nowhere", "clbench: new: nowhere/mine.py cannot be written: No such file or directory"),
        ("check infonc", "clbench: unknown objective 'infonc'. Did you mean 'infonce'?"),
    ],
)
def test_mistakes_get_one_line_and_status_two(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    assert capsys.readouterr().err.startswith(message)


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("precious")
    assert main(["new", "mine", "--out", str(tmp_path)]) == 2
    assert (tmp_path / "mine.py").read_text() == "precious"
