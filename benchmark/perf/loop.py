"""Speed as ratios measured within one run, turn by turn: `make perf`."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner


from benchmark.config import BenchConfig, load
from benchmark.optimisers import build_optimiser
from benchmark.pretrain import PretrainModel, build_parts, pretrain
from benchmark.training_hooks import AtomicCheckpoint, Scalars
from downstream.imagefolder import ImageSet
from objectives.contract import Views
from objectives.registry import load_objectives

ROUNDS = 5
STEPS = 30


def main() -> None:
    """Print every ratio with what it compares."""
    load_objectives()
    rates = perf_views.measure()
    for peer in sorted(set(rates) - {"ours"}):
        print(f"views: {rates['ours'] / rates[peer]:.1f} x {peer} ({rates['ours']:.0f} images/s on one core)")
    perf_loss.main()
    perf_probe.main()
    loop, bare = measure_loop(load("shapes"))
    print(f"pretraining: {loop / bare:.2f} of the bare loop ({loop:.0f} images/s, {torch.get_num_threads()} threads)")


def measure_loop(config: BenchConfig) -> tuple[float, float]:
    """Images/s of the whole pretraining loop, and of forward, backward and step alone on resident random views.

    Same network, objective, batch, optimiser and choice of algorithms; medians over `ROUNDS` turns of `STEPS` steps
    each, now the one first and now the other, after a warm-up turn.
    """
    rates: dict[Callable[[BenchConfig], float], list[float]] = {_loop_rate: [], _bare_rate: []}
    for turn in range(ROUNDS + 1):
        for measure in (_loop_rate, _bare_rate)[:: 1 if turn % 2 else -1]:
            rates[measure].append(measure(config))
    loop, bare = (statistics.median(turns[1:]) for turns in rates.values())
    return loop, bare


def _loop_rate(config: BenchConfig) -> float:
    batch, size = config.training.batch, config.data.image_size
    pixels = torch.randint(0, 256, (batch * STEPS, 3, size, size), dtype=torch.uint8)
    images = ImageSet(pixels, torch.full((len(pixels),), -1), (), "")
    config = replace(config, training=replace(config.training, epochs=1.0))
    parts = build_parts("infonce", config, seed=0, classes=0, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        clock = _Clock()
        hooks = [
            clock,
            Scalars(Path(folder) / "scalars.csv", interval=config.logging.interval, images=batch, report=clock.report),
            AtomicCheckpoint(Path(folder) / "checkpoint.pth", interval=config.logging.checkpoint),
        ]
        pretrain(parts, images, config, seed=0, work_dir=Path(folder), hooks=hooks)
        return STEPS * batch / clock.seconds


class _Clock(Hook):
    """Times the loop from its first to its last step."""

    seconds = 0.0

    def before_train(self, runner: Runner) -> None:
        self.seconds = -time.perf_counter()

    def after_train(self, runner: Runner) -> None:
        self.seconds += time.perf_counter()

    def report(self, step: int, total: int, terms: dict[str, float]) -> None:
        """Take the progress and show nothing."""


def _bare_rate(config: BenchConfig) -> float:
    batch, size = config.training.batch, config.views.size
    parts = build_parts("infonce", config, seed=0, classes=0, device="cpu")
    model = PretrainModel(parts, config, seed=0, steps=STEPS).train()
    optimiser = build_optimiser(model, config.training)
    views = Views(torch.randn(batch, 3, size, size), torch.randn(batch, 3, size, size), None)
    started = time.perf_counter()
    for _ in range(STEPS):
        optimiser.update_params(torch.stack(list(parts.objective(views, parts.network).values())).sum())
    return STEPS * batch / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
