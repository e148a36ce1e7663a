"""Data and libraries of tasks, checked before a run; what a detector's library reads, in a process of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from benchmark.environment import installed_stack
from benchmark.output import output_to
from benchmark.places import Places
from benchmark.progress import progress_lines
from benchmark.source_digest import source_digest
from benchmark.trials import tried
from downstream.families import family
from downstream.fingerprint import tree_files
from downstream.tasks import DetectionOptions, SegmentationOptions, TaskOptions
from results.whole_files import write_whole

# What the families import that a bare installation does not have.
LIBRARIES = {"detection": ("mmcv", "mmdet", "pycocotools"), "segmentation": ("mmcv", "mmseg")}
HOW_TO_INSTALL = "make setup, or pip install -e '.[dense]'"
LIMIT_S = 24 * 3600.0
"""Seconds that the check of one data tree may take; a large one is read from end to end."""

Found = tuple[str, str | None]
"""Hash of the data, and why they cannot be read, if they cannot."""
Say = Callable[[str], None]


def missing_libraries(options: TaskOptions) -> list[str]:
    """The libraries that a task needs and that are not installed."""
    return [name for name in LIBRARIES.get(options.family, ()) if find_spec(name) is None]


def data_of(tasks: Mapping[str, TaskOptions], places: Places, say: Say) -> Iterator[tuple[str, Found]]:
    """Check libraries and data of tasks, those of one library's tasks only if files, code or versions have changed."""
    waiting: dict[str, TaskOptions] = {}
    for name, options in tasks.items():
        kept = _kept(options, places)
        if missing := missing_libraries(options):
            yield name, ("", f"{missing[0]} is not installed: {HOW_TO_INSTALL}")
        elif kept is None:
            with progress_lines(f"{name} data", say):
                found = _check(options, places=places)
            yield name, found
        elif kept.exists():
            yield name, (kept.read_text(), None)
        else:
            waiting[name] = options
    log = places.store / "checks" / "log.txt"
    work = partial(_check_apart, places=places, log=log)
    for (name, options), found_apart, end in tried(
        work, tuple(waiting.items()), name=lambda item: f"{item[0]} data", limit_s=LIMIT_S, say=say
    ):
        found = found_apart or ("", f"the process that looked at the data {end}; see {log}")
        kept = _kept(options, places)
        if found[1] is None and kept is not None:
            write_whole(kept, found[0].encode())
        yield name, found


def _kept(options: TaskOptions, places: Places) -> Path | None:
    """Where the hash of data that were in order is kept; None for tasks that need no library to look at theirs."""
    if not isinstance(options, DetectionOptions | SegmentationOptions):
        return None
    root = places.data_root / options.data
    stamp = hashlib.sha256(str(root.resolve()).encode())
    stamp.update(json.dumps([asdict(options), installed_stack()], sort_keys=True).encode())
    stamp.update(source_digest((f"downstream.{options.family}",)).encode())
    for path in sorted(tree_files(root)):
        status = path.stat()
        stamp.update(f"{path.relative_to(root)}/{status.st_size}/{status.st_mtime_ns}\0".encode())
    return places.store / "checks" / stamp.hexdigest()[:16]


def _check_apart(item: tuple[str, TaskOptions], *, places: Places, log: Path) -> Found:
    log.parent.mkdir(parents=True, exist_ok=True)
    with output_to(log):
        return _check(item[1], places=places)


def _check(options: TaskOptions, *, places: Places) -> Found:
    try:
        return family(options.family).check_data(options, data_root=places.data_root, store=places.store), None
    except ImportError as error:
        return "", f"what it needs does not import: {' '.join(str(error).split())}: {HOW_TO_INSTALL}"
    except (OSError, ValueError) as error:
        return "", " ".join(str(error).split())
