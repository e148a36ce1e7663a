"""Cells as they lie on disk: `<runs>/cells/<key>/cell.json`, read strictly.

Schema 2 has `modules`, which schema 1 had not; what an older schema lacks is read as not known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from results.store.record import Record, read_record
from results.store.units import allowed

SCHEMAS = (1, 2)
"""Those that can be read; the last is written."""
_SPLITS = {"pretrain": "'train'", "evaluate": "'test' or 'val'"}


@dataclass(frozen=True)
class Score:
    """One number of an evaluation, or one that is known of a pretraining's views.

    Attributes:
        dataset: name as tables show it, "shapes VOC".
        metric: "linear_top1", "AP50", "mIoU", ...
        split: "test" or "val"; "train" for what is known of the views of a pretraining.
        selection: "last" (end of training), "selected" (on validation data) or "oracle" (best on the test data).
        value: fraction in [0, 1], or in the unit that ends the metric's name (`results.store.units`).
    """

    dataset: str
    metric: str
    split: str
    selection: str
    value: float


@dataclass(frozen=True)
class Costs:
    """What a cell cost; None = not measured (allowed as null, and for a cell that is not done also by leaving it out).

    Attributes:
        wall_s: seconds from start to end.
        images: training images seen.
        images_per_s: images a second of the training loop.
        peak_memory_bytes: highest memory in use.
        parameters: parameters of the backbone.
        flops_per_image: floating-point operations of forward and backward pass.
        forward_passes: views that go through a backbone per image.
        objective_parameters: parameters of the objective's own layers.
    """

    wall_s: float | None
    images: int | None
    images_per_s: float | None
    peak_memory_bytes: int | None
    parameters: int | None
    flops_per_image: int | None
    forward_passes: float | None
    objective_parameters: int | None


@dataclass(frozen=True)
class Environment:
    """Where and with what a cell was computed.

    Attributes:
        device: name of the device.
        commit: git commit of the project.
        packages: name -> version.
        python: version.
        threads: CPU threads.
        created: time of writing; taken as UTC if it names no zone.
    """

    device: str
    commit: str
    packages: Mapping[str, object]
    python: str
    threads: int
    created: datetime


@dataclass(frozen=True)
class Cell:
    """One computed artefact.

    Attributes:
        schema: of its record.
        key: content key, also the name of the cell's folder.
        kind: "prepare" (of views), "pretrain" or "evaluate".
        status: "done", "failed", or "skipped" for an evaluation that could not run where it was asked for.
        config: name of the benchmark config.
        objective: name of the row; of a preparation that rows share, the first of them.
        seed: seed of the run.
        task: name of the task; None for all but evaluations.
        family: family of the task; likewise.
        upstream: key of the pretraining cell that an evaluation starts from, of the preparation that a pretraining
            starts from; or None.
        inputs: everything that was hashed into the key.
        modules: digest of every module that computed it, by name; empty in cells of schema 1.
        scores: numbers of an evaluation, and what is known of the views of a pretraining; none for a cell that is not
            done.
        findings: what a preparation measured, by name: "mutual_information" and "cross_entropy", in nats.
        costs: what it cost.
        environment: where it was computed.
        reason: why it failed or was skipped, one line; None if it is done.
        folder: where it lies.
    """

    schema: int
    key: str
    kind: str
    status: str
    config: str
    objective: str
    seed: int
    task: str | None
    family: str | None
    upstream: str | None
    inputs: Mapping[str, object]
    modules: Mapping[str, object]
    scores: tuple[Score, ...]
    findings: Mapping[str, float]
    costs: Costs
    environment: Environment
    reason: str | None
    folder: Path


def read_cells(runs: Path, *, keys: Collection[str] | None = None) -> list[Cell]:
    """Read the cells of a runs folder, in the order of their keys; a folder without cell.json is no result yet.

    Args:
        runs: the folder, or one that holds `<key>/cell.json` without `cells/` above.
        keys: the cells to read; None = all.

    Raises:
        ValueError: the folder is missing or a cell is malformed; one line that names the file.
    """
    if not runs.is_dir():
        raise ValueError(f"runs: a folder with cells/<key>/cell.json is expected, got {runs}")
    place = runs / "cells" if (runs / "cells").is_dir() else runs
    paths = sorted(path for path in place.glob("*/cell.json") if keys is None or path.parent.name in keys)
    return [cell for path in paths if (cell := _read_unless_gone(path)) is not None]


def _read_unless_gone(path: Path) -> Cell | None:
    """Read a cell; None if another process has begun to compute it anew since it was listed."""
    try:
        return read_cell(path)
    except ValueError:
        if path.exists():
            raise
        return None


def read_cell(path: Path) -> Cell:
    """Read one cell.json.

    Raises:
        ValueError: malformed in any way; one line that names the file and the field.
    """
    record = read_record(path)
    if record.integer("schema") not in SCHEMAS:
        record.fail("schema", " or ".join(map(str, SCHEMAS)))
    kind = record.choice("kind", ("prepare", "pretrain", "evaluate"))
    done = record.choice("status", ("done", "failed", "skipped")) == "done"
    cell = Cell(
        schema=record.integer("schema"),
        key=record.text("key"),
        kind=kind,
        status=record.text("status"),
        config=record.text("config"),
        objective=record.text("objective"),
        seed=record.integer("seed"),
        task=record.optional_text("task"),
        family=record.optional_text("family"),
        upstream=record.optional_text("upstream"),
        inputs=record.mapping("inputs"),
        modules=record.mapping("modules") if record.integer("schema") > 1 else {},
        scores=() if kind == "prepare" else tuple(_score(entry) for entry in record.records("metrics")),
        findings=_findings(record) if kind == "prepare" else {},
        costs=_costs(record.record("costs"), done=done),
        environment=_environment(record.record("environment")),
        reason=record.optional_text("reason"),
        folder=path.parent,
    )
    _check(cell, record, done=done)
    return cell


def _score(record: Record) -> Score:
    metric, value = record.text("metric"), record.signed("value")
    if not allowed(metric, value):
        record.fail("value", "a fraction in [0, 1]")
    return Score(
        dataset=record.text("dataset"),
        metric=metric,
        split=record.choice("split", ("test", "val", "train")),
        selection=record.choice("selection", ("last", "selected", "oracle")),
        value=value,
    )


def _findings(record: Record) -> dict[str, float]:
    return {entry.text("metric"): entry.signed("value") for entry in record.records("metrics")}


def _costs(record: Record, *, done: bool) -> Costs:
    def unmeasured(name: str) -> bool:
        return record.is_null(name) or (not done and name not in record)

    return Costs(
        wall_s=None if unmeasured("wall_s") else record.number("wall_s"),
        images=None if unmeasured("images") else record.integer("images"),
        images_per_s=None if unmeasured("images_per_s") else record.number("images_per_s"),
        peak_memory_bytes=None if unmeasured("peak_memory_bytes") else record.integer("peak_memory_bytes"),
        parameters=None if unmeasured("parameters") else record.integer("parameters"),
        flops_per_image=record.integer("flops_per_image") if "flops_per_image" in record else None,
        forward_passes=record.number("forward_passes") if "forward_passes" in record else None,
        objective_parameters=record.integer("objective_parameters") if "objective_parameters" in record else None,
    )


def _environment(record: Record) -> Environment:
    return Environment(
        device=record.text("device"),
        commit=record.text("commit"),
        packages=record.mapping("packages"),
        python=record.text("python"),
        threads=record.integer("threads"),
        created=_time(record),
    )


def _time(record: Record) -> datetime:
    try:
        created = datetime.fromisoformat(record.text("created").replace("Z", "+00:00"))
    except ValueError:
        record.fail("created", "a time such as '2030-01-31T12:00:00+00:00'")
    return created if created.tzinfo else created.replace(tzinfo=timezone.utc)


def _check(cell: Cell, record: Record, *, done: bool) -> None:
    """Refuse a cell whose fields contradict each other or its place.

    Raises:
        ValueError: one line that names the field.
    """
    if cell.key != cell.folder.name:
        record.fail("key", f"the name of its folder, {cell.folder.name!r}")
    evaluation = cell.kind == "evaluate"
    for name, value in (("task", cell.task), ("family", cell.family), ("upstream", cell.upstream)):
        free = name == "upstream" and cell.kind == "pretrain"
        if (value is not None) != evaluation and not free:
            record.fail(name, f"{'a string' if evaluation else 'null'} in a cell of kind {cell.kind!r}")
    if cell.status == "skipped" and not evaluation:
        record.fail("status", f"'done' or 'failed' in a cell of kind {cell.kind!r}")
    if done == bool(cell.reason):
        record.fail("reason", f"{'null' if done else 'one line'} in a cell of status {cell.status!r}")
    filled = bool(cell.scores or cell.findings)
    if (filled and not done) or (done and not filled and cell.kind != "pretrain"):
        record.fail("metrics", f"{'empty' if filled else 'filled'} in a {cell.status} cell of kind {cell.kind!r}")
    if any((score.split == "train") != (cell.kind == "pretrain") for score in cell.scores):
        record.fail("metrics", f"of split {_SPLITS[cell.kind]} in a cell of kind {cell.kind!r}")
    places = {(score.dataset, score.metric, score.split, score.selection) for score in cell.scores}
    if len(places) < len(cell.scores):
        record.fail("metrics", "one value per dataset, metric, split and selection")
