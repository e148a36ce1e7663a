"""The most memory that `make bench OBJ=infonce` holds on shapes: every stage and task, with its own batches and images.

Epochs and iterations are few: what a step holds does not depend on them. Each cell is a process of its own and says its
peak, and so does the command that starts them; one cell runs at a time, so no more than the sum is held at any moment.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark.cli import main
from benchmark.config import BenchConfig, load
from benchmark.environment import peak_memory_bytes
from benchmark.perf.comparison import Comparison

_LIMIT = 3.0  # GB
_ITERATIONS = 10
_CONFIG, _ROW = "shapes", "infonce"


def measure() -> Iterator[Comparison]:
    """Compare the peak with 3 GB."""
    with tempfile.TemporaryDirectory() as folder:
        command, records = bench(_CONFIG, shortened(load(_CONFIG)), Path(folder))
    yield compare(command, records)


def shortened(config: BenchConfig) -> list[str]:
    """Settings that make a bench short, and leave batches and images as they are."""
    settings = ["training.epochs=1"]
    for name, options in config.tasks.items():
        if hasattr(options, "epochs"):
            settings.append(f"tasks.{name}.epochs=1")
        if hasattr(options, "milestones"):
            settings.append(f"tasks.{name}.milestones=()")
        if hasattr(options, "overrides"):
            settings.append(f"tasks.{name}.overrides={ {'train_cfg.max_iters': _ITERATIONS} }")
    return settings


def bench(config: str, settings: Sequence[str], folder: Path) -> tuple[int, list[dict[str, Any]]]:
    """Run a bench of InfoNCE in an empty folder.

    Args:
        config: name of it.
        settings: KEY=VALUE, over those of the config.
        folder: where data and results go.

    Returns:
        Bytes at the peak of the command's own process, and the record of every cell.

    Raises:
        RuntimeError: it failed.
    """
    words = ["bench", "--config", config, "--objectives", _ROW, "--device", "cpu", "--jobs", "1"]
    words += ["--runs", str(folder / "runs"), "--data-root", str(folder / "data")]
    words += [word for setting in settings for word in ("--set", setting)]
    ended = subprocess.run([sys.executable, "-m", __name__, *words], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"clbench {' '.join(words)} failed: {(ended.stdout + ended.stderr)[-2000:]}")
    records = [json.loads(path.read_text()) for path in sorted(folder.glob("runs/cells/*/cell.json"))]
    return int(ended.stdout.split()[-1]), records


def compare(command: int, records: Sequence[dict[str, Any]]) -> Comparison:
    """Hold the sum of the command's peak and of its largest cell's against 3 GB.

    Args:
        command: bytes.
        records: of all cells.
    """
    cells = {record["task"] or "pretraining": record["costs"]["peak_memory_bytes"] for record in records}
    largest = max(cells, key=lambda name: cells[name])
    own, most = command / 1e9, cells[largest] / 1e9
    note = f"its largest cell ({largest}, {most:.2f} GB) and the command that starts it ({own:.2f} GB) together"
    what = f"peak of make bench OBJ={_ROW} on {_CONFIG}, {len(cells) - 1} tasks, CPU"
    return Comparison("Memory", what, "GB", (own + most,), (_LIMIT,), "the limit", more=False, bar=1.0, note=note)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    print(peak_memory_bytes("cpu"))
    sys.exit(status)
