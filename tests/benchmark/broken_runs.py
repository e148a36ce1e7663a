"""Runs that are killed once they have left a checkpoint, and objectives that go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

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


def start(words: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start `clbench` in a process group of its own."""
    command = [sys.executable, "-m", "benchmark", *words]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for_checkpoint(runs: Path, process: subprocess.Popen[bytes], *, after: int = 0) -> tuple[Path, int]:
    """Wait until a step beyond `after` has been saved; return the checkpoint and that step."""
    while True:
        assert process.poll() is None
        for path in runs.glob("cells/*/checkpoint.pth"):
            step: int = torch.load(path, weights_only=False)["meta"]["iter"]
            if step > after:
                return path, step
        time.sleep(0.005)


def start_and_kill(words: Sequence[str], runs: Path) -> tuple[Path, int]:
    """Kill a whole process group as soon as there is a checkpoint; return that and a step it has reached."""
    process = start(words)
    try:
        return wait_for_checkpoint(runs, process)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


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
