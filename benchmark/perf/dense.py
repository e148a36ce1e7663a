"""Seconds an iteration of the shapes detection and segmentation tasks, beside stock mmdet and mmseg.

Ours is the task as the harness runs it. The other is a plain mmengine Runner with the hooks of mmdet's or mmseg's own
default runtime, on the same model, data pipeline, batch and seed, with torchvision's RoIAlign as mmcv offers it where
it has no compiled operators. The clock runs from the end of the warm-up to the end of the last iteration, so that data,
hooks and logging count, and the building of both does not.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mmengine import Config
from mmengine.hooks import Hook
from mmengine.hub import get_config
from mmengine.runner import Runner

from benchmark.config import BenchConfig, load
from benchmark.perf.comparison import Comparison, alternate
from benchmark.perf.torch_modes import modes_restored
from benchmark.perf.untrained import untrained
from downstream import dense, detection, segmentation
from downstream.tasks import Context, DetectionOptions, SegmentationOptions

_PART = "Dense tasks"
_TASKS = {"voc": "mmdet", "ade20k": "mmseg"}
_RUNTIMES = {"mmdet": "mmdet::_base_/default_runtime.py", "mmseg": "mmseg::_base_/schedules/schedule_20k.py"}
"""Where the libraries have their hooks."""

_ITERATIONS, _WARM_UP, _IMAGES, _ROUNDS = 40, 5, 256, 7


def measure(*, iterations: int = _ITERATIONS, images: int = _IMAGES) -> Iterator[Comparison]:
    """Seconds an iteration of every task.

    Args:
        iterations: that are timed in a turn, after a few that are not.
        images: training images.
    """
    config = load("shapes")
    with tempfile.TemporaryDirectory() as folder:
        context = prepared(config, Path(folder), images=images)
        for task, library in _TASKS.items():
            options = config.tasks[task]
            assert isinstance(options, DetectionOptions | SegmentationOptions)
            found = alternate(
                {
                    "ours": partial(seconds, ours, options, context, iterations=iterations),
                    "stock": partial(seconds, stock, options, context, iterations=iterations),
                },
                rounds=_ROUNDS,
            )
            yield Comparison(
                part=_PART,
                what=f"{options.dataset}, batch of {built(options, context).train_dataloader.batch_size}, CPU",
                unit="s an iteration",
                ours=found["ours"],
                theirs=found["stock"],
                other=f"{library} with its own hooks",
                more=False,
                bar=1.0,
                note=f"{iterations} iterations a turn, after {_WARM_UP}; no checkpoint falls into them",
            )


def prepared(config: BenchConfig, folder: Path, *, images: int) -> Context:
    """Scenes and an untrained backbone in an empty folder."""
    size = {"pretrain": 1, "classification_train": 8, "classification_test": 8}
    return untrained(config, folder, **size, dense_train=images, dense_test=2)


def built(options: DetectionOptions | SegmentationOptions, context: Context) -> Config:
    """The mm config of a task, complete."""
    if isinstance(options, DetectionOptions):
        return detection.build(options, context)
    return segmentation.build(options, context)


Make = Callable[[Config, Context], Runner]
"""From the complete config of a task to what trains it."""


def ours(config: Config, context: Context) -> Runner:
    """The runner of the harness."""
    return dense.build_runner(config, context=context)


def stock(config: Config, context: Context) -> Runner:
    """A plain runner of mmengine's, with the hooks of the library's own default runtime."""
    library = config.default_scope
    config.default_hooks = get_config(_RUNTIMES[library]).default_hooks
    config.randomness = {"seed": context.seed}
    config.train_dataloader.pop("batch_sampler")
    config.optim_wrapper.optimizer.pop("fused")
    if library == "mmdet":
        config.model.roi_head.bbox_roi_extractor.roi_layer.use_torchvision = True
    with dense.quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mmseg says that its hook draws nothing
        return Runner.from_cfg(config)


def seconds(make: Make, options: DetectionOptions | SegmentationOptions, context: Context, *, iterations: int) -> float:
    """Seconds an iteration of a training that begins anew."""
    config, clock = built(options, context), _Clock()
    config.train_cfg.max_iters = _WARM_UP + iterations
    with modes_restored(), tempfile.TemporaryDirectory() as folder, dense.quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config.work_dir = config.experiment_name = folder
        runner = make(config, replace(context, work_dir=Path(folder)))
        runner.register_hook(clock, priority="LOWEST")
        runner.train()
    return (clock.ended - clock.began) / iterations


class _Clock(Hook):
    """Says when the warm-up and when the last iteration had ended, whatever other hooks did after it."""

    began = ended = 0.0

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Look at the clock."""
        self.ended = time.perf_counter()
        if batch_idx + 1 == _WARM_UP:
            self.began = self.ended
