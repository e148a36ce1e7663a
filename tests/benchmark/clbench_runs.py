"""Running `clbench` in the tests, on one copy of the smoke data for the whole session."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.cli import main


def data_root(factory: pytest.TempPathFactory) -> Path:
    """Where `--config smoke` finds its data; the first command that asks makes them."""
    return factory.getbasetemp() / "smoke-data"


def records(runs: Path) -> dict[str, dict[str, Any]]:
    """Every record of a store, by objective, seed and task."""
    found = [json.loads(path.read_text()) for path in runs.glob("cells/*/cell.json")]
    return {"/".join(str(r[name]) for name in ("objective", "seed", "task")): r for r in found}


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file, to see that none was touched."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run a command that has to be refused; return what it says."""
    capsys.readouterr()
    status = main(words)
    message = capsys.readouterr().err
    assert status == 2, message
    assert message.startswith("clbench: ")
    assert message.count("\n") == 1
    assert "Traceback" not in message
    return message.removeprefix("clbench: ").rstrip("\n")
