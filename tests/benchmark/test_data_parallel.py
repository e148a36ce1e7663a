"""Several processes that share the global batch do what one does."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from shared_training import Subject, forms, trained, untrained, work_dir
from torch import Tensor

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
FORMS = forms()
States = dict[tuple[int, bool], dict[str, Tensor]]


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    """Cells have as many threads as they are told."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[States, Path]:
    """What two processes end with, for every form of every objective, and where they were: one start of torchrun."""
    folder = tmp_path_factory.mktemp("shared")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
    script = [str(HERE / "shared_training.py"), str(folder)]
    done = subprocess.run([*torchrun, *script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    states: States = torch.load(folder / "states.pth")
    return states, folder


def terms(folder: Path) -> dict[tuple[str, str], float]:
    """Every term by step and name."""
    with (folder / "scalars.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["name"] not in ("images_per_s", "learning_rate")]
    return {(row["step"], row["name"]): float(row["value"]) for row in rows}


def farthest(first: dict[str, Tensor], second: dict[str, Tensor]) -> float:
    assert first.keys() == second.keys()
    weights = [name for name in first if first[name].is_floating_point() and first[name].numel()]
    return max(float((first[name] - second[name]).abs().max()) for name in weights)


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "shared"])
@pytest.mark.parametrize(("number", "form"), list(enumerate(FORMS)), ids=[f"{name}-{more}" for name, more in FORMS])
def test_two_processes_have_the_terms_and_end_with_the_weights_of_one(
    number: int, form: Subject, frozen: bool, shared: tuple[States, Path], tmp_path: Path
) -> None:
    """With batch norm frozen they were 7e-15 apart at most, with batch norm over both processes 6e-13."""
    alone = trained(form, tmp_path, frozen=frozen, processes=1)
    states, folder = shared
    assert farthest(alone, states[number, frozen]) < 1e-10
    assert terms(work_dir(folder, number, frozen=frozen)) == pytest.approx(terms(tmp_path), rel=1e-9)
    assert farthest(alone, untrained(form)) > 1e-4
