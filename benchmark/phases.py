"""Which phase of a training step the time goes to: marks around the calls of one training, which no other one pays for.

The time between two marks belongs to the phase that was entered last and is not left yet, so that the phases of a step
add up to the step. On a GPU a mark is an event on the stream, and nothing waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import pairwise
from typing import Any

import torch
from mmengine.runner import Runner
from torch.profiler import record_function

PHASES = {
    "data": "fetching the batch",
    "views": "making the views of it",
    "encode": "forward passes of the backbone",
    "target": "forward passes of the target",
    "project": "forward passes of the projector",
    "loss": "what the objective does besides",
    "backward": "the backward pass of all",
    "step": "the optimiser",
    "hooks": "the target's move, the schedule, scalars, checkpoints",
    "other": "what is around these",
}
"""What each phase is, in the order of a step."""


class Phases:
    """Times the phases of the steps of one training.

    Args:
        device: torch device string.
    """

    def __init__(self, device: str) -> None:
        self._on_gpu = device.startswith("cuda")
        self._open = ["other"]
        self._steps: list[list[tuple[str, Any]]] = []  # of a step: a phase, and the mark from which on it lasts

    def begin_step(self) -> None:
        """A step begins, in no phase."""
        self._steps.append([])
        self._mark()

    def end_step(self) -> None:
        """The step ends; what happens until the next one begins belongs to none."""
        self._mark()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What happens in this context is a phase, but for phases within it; in a trace it is a region of this name."""
        with record_function(name):
            self._open.append(name)
            self._mark()
            try:
                yield
            finally:
                self._open.pop()
                self._mark()

    def watch(self, runner: Runner) -> None:
        """Mark the phases of a training by one process that is about to begin."""
        model, optimiser, loop = runner.model, runner.optim_wrapper, runner.train_loop
        network, objective = model.network, model.objective
        calls = [
            (model.data_preprocessor, "forward", "views"),
            (network, "encode", "encode"),
            (network, "project", "project"),
            (objective, "forward", "loss"),
            (optimiser, "backward", "backward"),
            (optimiser, "step", "step"),
            (optimiser, "zero_grad", "step"),
            (runner, "call_hook", "hooks"),
        ]
        if objective.needs_target:
            calls += [(network.target, name, "target") for name in ("encode", "project")]
        for owner, name, phase in calls:
            setattr(owner, name, self._marked(getattr(owner, name), phase))
        loop.dataloader_iterator = self._fetched(loop.dataloader_iterator)

    def milliseconds(self) -> list[dict[str, float]]:
        """For every step that has begun, by phase, until its last mark."""
        if self._on_gpu:
            torch.cuda.synchronize()
        return [self._of_step(marks) for marks in self._steps]

    def _mark(self) -> None:
        if not self._steps:
            return
        mark: Any = time.perf_counter()
        if self._on_gpu:
            mark = torch.cuda.Event(enable_timing=True)
            mark.record()
        self._steps[-1].append((self._open[-1], mark))

    def _of_step(self, marks: list[tuple[str, Any]]) -> dict[str, float]:
        found = dict.fromkeys(PHASES, 0.0)
        for (name, begun), (_, ended) in pairwise(marks):
            found[name] += begun.elapsed_time(ended) if self._on_gpu else 1e3 * (ended - begun)
        return found

    def _marked(self, call: Callable[..., Any], phase: str) -> Callable[..., Any]:
        @wraps(call)
        def marked(*inputs: Any, **named: Any) -> Any:
            with self.phase(phase):
                return call(*inputs, **named)

        return marked

    def _fetched(self, batches: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self.phase("data"):
                batch = next(batches)
            yield batch
