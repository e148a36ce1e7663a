"""One step of training and one of testing of every requested task, on two images, before anything is trained.

It happens in a process of its own, since a broken library may take its process with it. A rehearsal that went well is
remembered by what enters the keys of the evaluations that it stands for.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from benchmark import cells
from benchmark.cells import Cell
from benchmark.config import BenchConfig
from benchmark.data_check import HOW_TO_INSTALL, LIBRARIES
from benchmark.environment import installed_stack
from benchmark.findings import Findings
from benchmark.output import output_to
from benchmark.places import Places
from benchmark.pretrain import backbone_spec
from benchmark.trials import tried
from downstream.backbone import Backbone, BackboneSpec, save_backbone
from downstream.families import family
from downstream.tasks import Context, TaskOptions

LIMIT_S = 600.0
"""Seconds that one task may take; a paper's detector on a CPU takes under a minute."""


@dataclass(frozen=True)
class Rehearsal:
    """One task on one shape of backbone.

    Attributes:
        task: name in the config.
        options: of its family.
        spec: a backbone that it will get.
        inputs: everything that decides whether it runs; plain JSON values.
        rows: the rows that it stands for.
    """

    task: str
    options: TaskOptions
    spec: BackboneSpec
    inputs: dict[str, Any]
    rows: tuple[str, ...]

    @property
    def key(self) -> str:
        """First 16 hex digits of the sha256 of the inputs."""
        return hashlib.sha256(json.dumps(self.inputs, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def shape(self) -> str:
        """The backbone as a reader would name it."""
        colour = "" if self.spec.colour is None else ", split by colour"
        return f"ResNet-{self.spec.depth} x{self.spec.width:g} ({self.spec.stem} stem{colour})"

    def folder(self, runs: Path) -> Path:
        """Where its log lies, and once it went well the file `done`."""
        return runs / "rehearsals" / self.key


@dataclass(frozen=True)
class Stage:
    """Where rehearsals take place.

    Attributes:
        places: where things are read and written.
        device: torch device string.
        threads: CPU threads.
    """

    places: Places
    device: str
    threads: int


def needed(cells_: Iterable[Cell], config: BenchConfig, *, device: str) -> list[Rehearsal]:
    """The rehearsals that stand for evaluations: one for each task and shape of backbone, whatever row and seed.

    Input statistics and the kind of colour space make no other shape.
    """
    found: dict[str, Rehearsal] = {}
    for cell in cells_:
        if cell.task is None:
            continue
        spec = backbone_spec(config.row(cell.objective).config)
        inputs = {name: value for name, value in cell.inputs.items() if name != "seed"}
        inputs |= {"shape": [spec.depth, spec.width, spec.stem, spec.colour is not None]}
        inputs["device"] = device.partition(":")[0]
        inputs["packages"] = installed_stack()
        new = Rehearsal(cell.task, config.tasks[cell.task], spec, inputs, rows=())
        known = found.setdefault(new.key, new)
        found[new.key] = replace(known, rows=tuple(dict.fromkeys([*known.rows, cell.objective])))
    return list(found.values())


def rehearse(rehearsals: Sequence[Rehearsal], stage: Stage, findings: Findings) -> dict[tuple[str, str], str]:
    """Rehearse what was not rehearsed before, all in one process; what ends that process ends one rehearsal alone.

    Returns:
        Row and task -> why the task cannot run on the row's backbone.
    """
    runs = stage.places.runs
    reasons: dict[tuple[str, str], str] = {}
    waiting = [each for each in rehearsals if not (each.folder(runs) / "done").exists()]
    if waiting:
        findings.say(f"rehearsing one step of {', '.join(dict.fromkeys(each.task for each in waiting))}")
    for each, reason, note in chain(
        ((each, None, "") for each in rehearsals if each not in waiting), _rehearsed(waiting, stage, findings.say)
    ):
        shapes = sum(other.task == each.task for other in rehearsals)
        findings.add(f"{each.task} rehearsal{f' on {each.shape}' if shapes > 1 else ''}", reason, note=note)
        if reason is not None:
            reasons |= {(row, each.task): reason for row in each.rows}
    return reasons


def _rehearsed(
    waiting: Sequence[Rehearsal], stage: Stage, say: Callable[[str], None]
) -> Iterator[tuple[Rehearsal, str | None, str]]:
    """Rehearse; yield each with why it failed, if it did, and a remark."""
    work = partial(_perform, stage=stage)
    for each, answer, end in tried(work, waiting, name=lambda each: f"{each.task} rehearsal", limit_s=LIMIT_S, say=say):
        folder = each.folder(stage.places.runs)
        if answer is None:
            for left in folder.glob("work.*"):
                shutil.rmtree(left, ignore_errors=True)
            answer = f"the process that tried one step {end}; see {folder / 'log.txt'}", ""
        yield each, *answer


def _perform(rehearsal: Rehearsal, *, stage: Stage) -> tuple[str | None, str]:
    """Rehearse, inside the process; return why it failed, if it did, and a remark."""
    torch.set_num_threads(stage.threads)
    folder, started = rehearsal.folder(stage.places.runs), time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.txt").unlink(missing_ok=True)
    with output_to(folder / "log.txt"), warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        reason = _try(rehearsal, stage, log=folder / "log.txt")
    if reason is None:
        cells.write_json(folder / "done", {"task": rehearsal.task, "seconds": time.perf_counter() - started})
    notes = [str(warning.message) for warning in raised if str(warning.message).startswith("mmcv: ")]
    return reason, "; ".join(notes)


def _try(rehearsal: Rehearsal, stage: Stage, *, log: Path) -> str | None:
    """Rehearse one task; return why it failed, None if it did not."""
    work = log.with_name(f"work.{os.getpid()}")  # two commands may rehearse the same
    try:
        work.mkdir()
        for library in LIBRARIES.get(rehearsal.options.family, ()):
            importlib.import_module(library)
        family(rehearsal.options.family).rehearse(rehearsal.options, _context(rehearsal.spec, stage, work=work))
    except ImportError as error:
        traceback.print_exc()
        return f"what it needs does not import: {' '.join(str(error).split())}: {HOW_TO_INSTALL}"
    except Exception as error:  # whatever stops one task must not stop the others
        traceback.print_exc()
        text = " ".join(str(error).split()) or type(error).__name__
        known = isinstance(error, ValueError | RuntimeError | OSError)
        return f"one step fails: {text if known else f'{type(error).__name__}: {text}'} (see {log})"
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return None


def _context(spec: BackboneSpec, stage: Stage, *, work: Path) -> Context:
    """What a task gets, with a backbone as it is initialised."""
    torch.manual_seed(0)
    save_backbone(Backbone(spec), work / "backbone.pth")
    return Context(
        backbone=work / "backbone.pth",
        spec=spec,
        data_root=stage.places.data_root,
        work_dir=work,
        store=stage.places.store,
        seed=0,
        device=stage.device,
        report=_unheard,
    )


def _unheard(step: int, total: int, terms: dict[str, float]) -> None:
    """Progress of something that takes a single step."""
