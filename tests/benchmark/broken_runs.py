"""Runs that are killed at a known step or moment, and objectives that go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

GOING_WRONG = '''"""Objectives that go wrong at their third step, on the last process if there are several."""

import os
import signal

import torch.distributed as dist

from objectives.contract import Dims, Objective
from objectives.ranks import ranks
from objectives.registry import OBJECTIVES


class GoesWrong(Objective):
    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.step = 0

    def forward(self, views, net):
        self.step += 1
        size = net.encode(views.x1).h.square().mean()
        last = ranks() == 1 or dist.get_rank() == ranks() - 1
        return {"pull": size, "push": self.go_wrong(size) if self.step == 3 and last else size}


@OBJECTIVES.register_module("diverging")
class Diverging(GoesWrong):
    def go_wrong(self, size):
        return size * float("nan")


@OBJECTIVES.register_module("killed")
class Killed(GoesWrong):
    def go_wrong(self, size):
        os.kill(os.getpid(), signal.SIGKILL)
'''


def start(words: Sequence[str], **environment: str) -> subprocess.Popen[bytes]:
    """Start `clbench` in a process group of its own."""
    command, variables = [sys.executable, "-m", "benchmark", *words], {**os.environ, **environment}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, start_new_session=True, env=variables, stdout=quiet, stderr=quiet)


def start_and_wait(words: Sequence[str], runs: Path, *, at: int) -> subprocess.Popen[bytes]:
    """Start `clbench`, and return when its training has come to a step, beyond which it does not go."""
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    waits = runs / "waits"
    process = start(
        [*words, "--import", "waits_at_a_step"], PYTHONPATH=path, WAIT_AT=str(at), WAIT_FILE=str(waits.absolute())
    )
    while not waits.exists():
        assert process.poll() is None
        time.sleep(0.005)
    waits.unlink()
    return process


def start_and_kill(words: Sequence[str], runs: Path, *, at: int) -> Path:
    """Kill a whole process group when its training has come to a step; return the checkpoint that is there by then."""
    process = start_and_wait(words, runs, at=at)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (checkpoint,) = runs.glob("cells/*/checkpoint.pth")
    return checkpoint


def start_and_kill_when(words: Sequence[str], holds: Callable[[], bool]) -> None:
    """Kill a whole process group as soon as a condition holds, which is to be before it ends by itself."""
    process = start(words)
    try:
        while not holds():
            assert process.poll() is None
            time.sleep(0.005)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
