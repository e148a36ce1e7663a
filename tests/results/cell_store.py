"""Stores of cells for the tests, made from the schema-1 files in fixtures/."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures"
PRETRAIN = "148de9c5a7a44d19"
EVALUATE = "3f79bb7b435b0532"
FAILED = "252f10c83610ebca"


def copy_fixtures(runs: Path) -> Path:
    shutil.copytree(FIXTURES, runs)
    return runs


def change(path: Path, changes: Mapping[str, object]) -> None:
    """Set fields of a cell.json."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def write_evaluation(runs: Path, values: Mapping[str, float], changes: Mapping[str, Any]) -> str:
    """Write a finished evaluation with `values` (metric -> value) as its selected test numbers; returns its key."""
    fields = {"objective": "infonce", "seed": 0, "task": "shapes", **changes}
    key = str(fields.get("key", f"{fields.get('config', '')}-{fields['objective']}-{fields['seed']}-{fields['task']}"))
    shutil.copytree(FIXTURES / "cells" / EVALUATE, runs / "cells" / key)
    metrics = [
        {"dataset": fields["task"], "metric": metric, "split": "test", "selection": "selected", "value": value}
        for metric, value in values.items()
    ]
    change(runs / "cells" / key / "cell.json", {"metrics": metrics, **fields, "key": key})
    return key


def write_failure(runs: Path, reason: str, changes: Mapping[str, Any]) -> str:
    """Write a failed evaluation."""
    return write_evaluation(runs, {}, {"status": "failed", "reason": reason, **changes})


def write_skip(runs: Path, reason: str, changes: Mapping[str, Any]) -> str:
    """Write an evaluation that was skipped, as the benchmark does: nothing was measured."""
    return write_evaluation(runs, {}, {"status": "skipped", "reason": reason, "costs": {}, **changes})


def write_preparation(runs: Path, findings: Mapping[str, float], *, wall_s: float) -> str:
    """Write a preparation with `findings` from which the fixtures' pretraining starts; returns its key."""
    shutil.copytree(FIXTURES / "cells" / PRETRAIN, runs / "cells" / "prepared")
    path = runs / "cells" / "prepared" / "cell.json"
    place = {"dataset": "views", "split": "train", "selection": "last"}
    metrics = [{**place, "metric": metric, "value": value} for metric, value in findings.items()]
    costs = json.loads(path.read_text())["costs"] | {"wall_s": wall_s}
    change(path, {"kind": "prepare", "key": "prepared", "metrics": metrics, "costs": costs})
    change(runs / "cells" / PRETRAIN / "cell.json", {"upstream": "prepared"})
    return "prepared"
