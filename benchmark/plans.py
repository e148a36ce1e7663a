"""What was asked for last of every config: `runs/plans/<label>.json`, from which it can be laid out again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.cells import Cell, lock, pretraining, write_json
from benchmark.config import BenchConfig
from benchmark.data.pretraining import NO_IMAGES
from benchmark.errors import UserError, blaming_the_user
from benchmark.plan import plan
from benchmark.preflight import Data
from benchmark.settings import Settings, from_json
from objectives.registry import OBJECTIVES, load_objectives


@dataclass(frozen=True)
class Asked:
    """Where cells come from: what they were laid out from.

    Attributes:
        settings: the config; None for the row of a checkpoint, which cannot be laid out without its file.
        data: what the checks found out about the data.
    """

    settings: Settings | None
    data: Data


@dataclass(frozen=True)
class Planned:
    """A cell as it was laid out last.

    Attributes:
        label: of its config.
        name: of the cell, "mrcl seed 0 on voc".
        key: of the cell.
        now: the cell as code and config of today have it; None where that cannot be said.
        problem: why not, "" otherwise.
    """

    label: str
    name: str
    key: str
    now: Cell | None
    problem: str = ""


def remember(runs: Path, config: BenchConfig, chains: Sequence[Sequence[Cell]], asked: Asked) -> None:
    """Note the planned cells beside those of earlier calls with the same settings.

    An earlier plan under other settings is forgotten (its cells stay), and so are a row's other seeds where its
    objective, arguments, settings or code have changed: two recipes never meet in one mean.
    """
    same = replace(config, data=replace(config.data, stream=False, workers=0))  # how images are read changes no number
    settings = {name: value for name, value in asdict(same).items() if name not in ("logging", "objectives", "rows")}
    protocol, label, request = _hash(settings), chains[0][0].config, _request(asked)
    with lock(runs / "plans"):
        earlier = _read(_path(runs, label))
        if earlier["protocol"] != protocol:
            earlier = {"protocol": protocol, "recipes": {}, "cells": {}, "requests": {}}
        rows, recipes = earlier["cells"], earlier["recipes"]
        for chain in chains:
            pretrained, recipe = pretraining(chain), _recipe(chain)
            if recipes.get(pretrained.objective) != recipe:
                rows = _without(rows, f"{pretrained.objective} seed ")
            elif rows.get(pretrained.name, {}).get("key") != pretrained.key:
                rows = _without(rows, f"{pretrained.name} on ")
            recipes[pretrained.objective] = recipe
            rows |= {cell.name: _entry(cell, request=_hash(request)) for cell in chain}
        requests = earlier["requests"] | {_hash(request): request}
        used = {entry.get("request") for entry in rows.values()}
        kept = {name: each for name, each in requests.items() if name in used}
        write_json(_path(runs, label), {**earlier, "recipes": recipes, "cells": rows, "requests": kept})


def planned(runs: Path) -> Iterator[Planned]:
    """Every cell that was laid out last, laid out again."""
    for path in sorted((runs / "plans").glob("*.json")):
        plan_file = _read(path)
        entries = plan_file["cells"]
        again = {name: _laid_out_again(request, entries, name) for name, request in plan_file["requests"].items()}
        for name, entry in entries.items():
            cells, problem = again.get(entry.get("request"), ({}, ""))
            yield Planned(path.stem, name, entry["key"], cells.get(name), "" if name in cells else problem)


def _entry(cell: Cell, *, request: str) -> dict[str, Any]:
    """What a plan keeps of a cell."""
    return {"key": cell.key, "request": request, "row": cell.objective, "seed": cell.seed, "task": cell.task}


def _laid_out_again(
    request: dict[str, Any], entries: dict[str, dict[str, Any]], name: str
) -> tuple[dict[str, Cell], str]:
    """The cells of a request by name, as code and config of today have them, and why others are not among them."""
    if request["settings"] is None:
        return {}, ""
    own = [entry for entry in entries.values() if entry.get("request") == name]
    settings = from_json(request["settings"])
    data = Data(replace(NO_IMAGES, digest=request["images"]), request["fingerprints"])
    try:
        with blaming_the_user():
            load_objectives(settings.plugins)
        config = settings.resolve()
        known = OBJECTIVES.module_dict
        rows = [row for row in dict.fromkeys(entry["row"] for entry in own) if config.row(row).objective in known]
        seeds = sorted({entry["seed"] for entry in own})
        tasks = [task for task in config.tasks if task in {entry["task"] for entry in own}]
        with blaming_the_user():
            chains = plan(config, settings.label, rows=rows, seeds=seeds, tasks=tasks, data=data)
    except (UserError, ImportError) as error:
        return {}, " ".join(str(error).split())
    return {cell.name: cell for chain in chains for cell in chain}, "there is no such row or task here"


def _request(asked: Asked) -> dict[str, Any]:
    """What `_laid_out_again` needs, as plain JSON values."""
    return {
        "settings": None if asked.settings is None else asdict(asked.settings),
        "images": asked.data.images.digest,
        "fingerprints": dict(asked.data.fingerprints),
    }


def _path(runs: Path, label: str) -> Path:
    return runs / "plans" / f"{label}.json"


def _read(path: Path) -> dict[str, Any]:
    """A plan; one that is not there or damaged is empty, and the next call fills it again."""
    plan_file: dict[str, Any] = {"protocol": "", "recipes": {}, "cells": {}, "requests": {}}
    try:
        plan_file |= json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return plan_file
    for name, each in plan_file["cells"].items():  # older ones do not say all that laying out again needs
        if isinstance(each, str) or "row" not in each:
            plan_file["cells"][name] = {"key": each if isinstance(each, str) else each["key"]}
    return plan_file


def _recipe(chain: Sequence[Cell]) -> str:
    """Hash of what the seeds of a row have in common: objective, arguments, settings, code."""
    read = {cell.kind: cell.inputs for cell in chain if cell.kind != "evaluate"}
    return _hash({kind: {name: inputs[name] for name in inputs if name != "seed"} for kind, inputs in read.items()})


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _without(rows: dict[str, Any], beginning: str) -> dict[str, Any]:
    """Drop the cells whose names begin so."""
    return {name: entry for name, entry in rows.items() if not name.startswith(beginning)}
