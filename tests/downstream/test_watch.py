from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from dense_trees import context

from downstream.watch import LOOKS, Watch

Told = list[tuple[int, int, dict[str, float]]]


def watched(losses: list[float], folder: Path, *, device: str, told: Told, steps: int = 25) -> Watch:
    """After the steps of these losses; the device is a name alone, the losses lie on the CPU."""
    task = context(folder, report=lambda *reported: told.append(reported))
    watch = Watch(replace(task, device=device))
    runner: Any = SimpleNamespace(max_iters=steps)
    for place, loss in enumerate(losses):
        watch.after_train_iter(runner, place, outputs={"loss": torch.tensor(loss), "acc": torch.tensor(1.0)})
    return watch


@pytest.mark.parametrize(("device", "seen"), [("cpu", 23), ("cuda", 20)])
def test_losses_on_a_gpu_are_fetched_every_so_many_steps(device: str, seen: int, tmp_path: Path) -> None:
    told: Told = []
    watch = watched([float(step) for step in range(1, 24)], tmp_path, device=device, told=told)
    assert told == [(step, 25, {"loss": float(step)}) for step in range(1, seen + 1)]
    watch.before_save_checkpoint(SimpleNamespace(max_iters=25), {})
    assert [step for step, _, _ in told] == list(range(1, 24))


def test_the_last_step_is_looked_at(tmp_path: Path) -> None:
    told: Told = []
    watched([1.0] * 13, tmp_path, device="cuda", told=told, steps=13)
    assert [step for step, _, _ in told] == list(range(1, 14))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_first_step_that_is_not_finite_is_named_whenever_it_is_looked_at(device: str, tmp_path: Path) -> None:
    told: Told = []
    losses = [1.0, 1.0, float("nan"), *[float("inf")] * LOOKS]
    with pytest.raises(FloatingPointError, match=r"^loss is not finite at step 3 \(loss=nan\)$"):
        watched(losses, tmp_path, device=device, told=told)
    assert [step for step, _, _ in told] == [1, 2]


def test_no_checkpoint_is_saved_after_a_loss_that_is_not_finite(tmp_path: Path) -> None:
    watch = watched([1.0, float("inf")], tmp_path, device="cuda", told=[])
    with pytest.raises(FloatingPointError, match="at step 2"):
        watch.before_save_checkpoint(SimpleNamespace(max_iters=25), {})
