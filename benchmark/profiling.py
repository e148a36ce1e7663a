"""Where a step's time goes: `clbench pretrain --profile N`.

The rows' own trainings run for a few steps, on the config's data and with the hooks of a cell, each in a process of its
own and in a folder that is thrown away. Steps that count come after a warm-up. They are traced by torch's profiler, for
Perfetto (ui.perfetto.dev) or chrome://tracing, and their phases are timed by `benchmark.phases`.
"""

from __future__ import annotations

import statistics
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.profiler import ProfilerActivity, profile, schedule

from benchmark import bench, cells
from benchmark.allocator import keep_freed_memory
from benchmark.config import BenchConfig
from benchmark.data.pretraining import open_pretraining
from benchmark.environment import prepare_process
from benchmark.errors import UserError
from benchmark.findings import Findings
from benchmark.job import Job
from benchmark.kinds import make_parts, step_hooks
from benchmark.output import output_to
from benchmark.phases import PHASES, Phases
from benchmark.pretrain import pretrain
from benchmark.request import Request
from benchmark.trials import tried
from objectives.registry import OBJECTIVES, load_objectives

WARM_UP = 5
"""Steps before those that count; the profiler is off in all but the last of them."""
TRACE = "trace.json.gz"
_OPERATORS = 6
_LIMIT_S = 86_400.0


@dataclass(frozen=True)
class Profile:
    """Where the time of one row's steps went.

    Attributes:
        row: name of the row.
        images: per step.
        phases: milliseconds per step of every phase, means over the steps; they add up to the step.
        unprofiled: milliseconds of a step before the profiler was on, the median of the warm-up's.
        operators: name, milliseconds per step without what it calls, and calls per step, of those that take most.
    """

    row: str
    images: int
    phases: dict[str, float]
    unprofiled: float
    operators: tuple[tuple[str, float, float], ...]

    @property
    def step(self) -> float:
        """Milliseconds of a step."""
        return sum(self.phases.values())


def run(request: Request, *, steps: int) -> int:
    """Profile the pretraining of every row and seed of a request, one after another, and print what was found.

    Args:
        request: the request.
        steps: how many count.

    Returns:
        0, or 1 if the training of a row failed.

    Raises:
        UserError: something is wrong with the request; nothing has been trained.
    """
    if steps < 1:
        raise UserError(f"profile: must be >= 1, got {steps}")
    if request.jobs != 1:
        raise UserError(f"profile: rows would disturb each other, jobs must be 1, got {request.jobs}")
    prepared = bench.prepare(request, stages=("pretrain",), findings=Findings(_say, every=False))
    jobs = _trained([replace(prepared.template, cell=cells.pretraining(chain)) for chain in prepared.chains])
    found, failed = [], False
    work = partial(_profile, steps=steps)
    for job, answer, end in tried(work, jobs, name=lambda job: f"{job.cell.name} profile", limit_s=_LIMIT_S, say=_say):
        if isinstance(answer, Profile):
            found.append(answer)
            _say(f"wrote {folder_of(job) / TRACE}")
        else:
            failed = True
            _say(f"{job.cell.name}: FAILED: {answer or f'its process {end}'} (see {folder_of(job) / 'log.txt'})")
    for line in describe(found, steps=steps, template=prepared.template) if found else ():
        _say(line)
    return int(failed)


def folder_of(job: Job) -> Path:
    """Where the trace of a pretraining lies."""
    cell = job.cell
    return job.places.runs / "profiles" / f"{cell.config}-{cell.objective}-seed{cell.seed}"


def describe(profiles: Sequence[Profile], *, steps: int, template: Job) -> Iterator[str]:
    """The table of phases, a column for every row, and under it the operators that take most.

    Args:
        profiles: what was found; at least one.
        steps: how many were counted.
        template: of any job, for the device.
    """
    device, threads = template.device, template.config.threads
    yield f"milliseconds and share of a step, means over {steps} steps; {device}, {threads} CPU threads"
    width = max(12, *(len(each.row) for each in profiles)) + 3
    yield f"{'':<10}" + "".join(f"{each.row:>{width}}" for each in profiles)
    for phase, meaning in PHASES.items():
        shares = (f"{each.phases[phase]:.1f} {each.phases[phase] / each.step:6.1%}" for each in profiles)
        yield f"{phase:<10}" + "".join(f"{share:>{width}}" for share in shares) + f"   {meaning}"
    yield f"{'in all':<10}" + "".join(f"{f'{each.step:.1f} {1:6.1%}':>{width}}" for each in profiles)
    rates = (f"{1e3 * each.images / each.step:.0f}" for each in profiles)
    yield f"{'images/s':<10}" + "".join(f"{rate:>{width}}" for rate in rates)
    for each in profiles:
        yield f"{each.row}: {each.unprofiled:.1f} ms a step before the profiler was on; operators that take most:"
        for name, milliseconds, calls in each.operators:
            yield f"  {milliseconds:8.1f} ms {milliseconds / each.step:6.1%} {calls:6.0f} x {name}"


def _trained(jobs: Sequence[Job]) -> list[Job]:
    """Those whose rows train.

    Raises:
        UserError: one of them cannot be profiled.
    """
    kept = []
    for job in jobs:
        cell, row = job.cell, job.config.row(job.cell.objective)
        if not OBJECTIVES.get(row.objective).trains:
            _say(f"{cell.objective}: does not train, so there is nothing to profile")
            continue
        if row.config.processes > 1:
            raise UserError(f"profile: processes must be 1, got {row.config.processes}")
        if cell.upstream is not None and not cells.is_done(job.places.runs, cell.upstream):
            raise UserError(f"profile: the views of {cell.name} are not learned yet; run clbench pretrain first")
        kept.append(job)
    return kept


def _profile(job: Job, *, steps: int) -> Profile | str:
    """Profile one row, inside the process; return why it failed, if it did."""
    prepare_process(job.device, threads=job.config.threads)
    keep_freed_memory()
    folder = folder_of(job)
    folder.mkdir(parents=True, exist_ok=True)
    for old in ("log.txt", TRACE):
        (folder / old).unlink(missing_ok=True)
    with output_to(folder / "log.txt"), tempfile.TemporaryDirectory() as work_dir:
        try:
            return _profiled(job, steps=steps, work_dir=Path(work_dir))
        except Exception as error:  # whatever stops one row must not stop the others
            traceback.print_exc()
            return " ".join(str(error).split()) or type(error).__name__


def _profiled(job: Job, *, steps: int, work_dir: Path) -> Profile:
    load_objectives(job.plugins)
    images = open_pretraining(job.config.data, data_root=job.places.data_root, store=job.places.store)
    config, cell = job.config.row(job.cell.objective).config, job.cell
    batch, watch = config.training.batch, Watch(job.device, folder_of(job) / TRACE, steps=steps)
    hooks = [watch, *step_hooks(work_dir, config.logging, batch=batch, report=_unheard)]
    short = _shortened(config, len(images.images), steps=WARM_UP + steps)
    pretrain(make_parts(job, images), images, short, seed=cell.seed, work_dir=work_dir, hooks=hooks)
    every = watch.phases.milliseconds()
    counted = every[WARM_UP : WARM_UP + steps]
    phases = {name: statistics.fmean(step[name] for step in counted) for name in PHASES}
    unprofiled = statistics.median(sum(step.values()) for step in every[1 : WARM_UP - 1])
    return Profile(cell.objective, batch, phases, unprofiled, watch.operators)


def _shortened(config: BenchConfig, images: int, *, steps: int) -> BenchConfig:
    """The config with as many epochs as these steps are."""
    training = config.training
    return replace(config, training=replace(training, epochs=steps / (images // training.batch)))


class Watch(Hook):
    """Times every step, and traces those after the warm-up; changes no number.

    Args:
        device: torch device string.
        trace: where the trace goes; ends in .json or .json.gz.
        steps: how many are traced; the training has `WARM_UP` more.
    """

    priority = "VERY_HIGH"

    def __init__(self, device: str, trace: Path, *, steps: int) -> None:
        self.trace, self.steps, self.phases = trace, steps, Phases(device)
        self.operators: tuple[tuple[str, float, float], ...] = ()
        on_gpu = device.startswith("cuda")
        self.profiler = profile(
            activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])],
            schedule=schedule(wait=WARM_UP - 1, warmup=1, active=steps, repeat=1),
            on_trace_ready=self._keep,
        )
        self._time = "self_device_time_total" if on_gpu else "self_cpu_time_total"

    def before_train(self, runner: Runner) -> None:
        """Set the marks and begin."""
        self.phases.watch(runner)
        call = runner.call_hook

        def call_hook(name: str, **named: Any) -> None:
            call(name, **named)
            if name == "after_train_iter":
                self._next_step()

        runner.call_hook = call_hook
        self.profiler.start()
        self.phases.begin_step()

    def after_train(self, runner: Runner) -> None:
        """End."""
        self.profiler.stop()

    def _next_step(self) -> None:
        self.phases.end_step()
        self.profiler.step()
        self.phases.begin_step()

    def _keep(self, found: profile) -> None:
        found.export_chrome_trace(str(self.trace))
        operators = [each for each in found.key_averages() if not each.is_user_annotation]
        most = sorted(operators, key=lambda each: -getattr(each, self._time))[:_OPERATORS]
        self.operators = tuple(
            (each.key, getattr(each, self._time) / 1e3 / self.steps, each.count / self.steps) for each in most
        )


def _unheard(step: int, total: int, terms: dict[str, float]) -> None:
    """Progress of something that takes a moment."""


def _say(line: str) -> None:
    print(line, flush=True)
