import os
import subprocess
import sys
from pathlib import Path

import pytest

from downstream.cores import cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system keeps no process to some cores")
def test_a_process_that_is_kept_to_one_core_counts_one() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); from downstream.cores import cores; "
    assert subprocess.check_output([sys.executable, "-c", code + "print(cores())"]) == b"1\n"


def test_where_the_system_does_not_say_all_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert cores() == os.cpu_count()


def test_nothing_else_asks_the_system_for_its_cores() -> None:
    root = Path(__file__).parents[2]
    asking = [path for folder in ("benchmark", "downstream") for path in (root / folder).rglob("*.py")]
    found = {path.relative_to(root).as_posix() for path in asking if "sched_getaffinity" in path.read_text()}
    assert found == {"downstream/cores.py"}
