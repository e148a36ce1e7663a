"""The typed form of `configs/bench/*.py`. Defaults live in those files alone; unknown and missing keys are errors."""

from __future__ import annotations

import ast
import copy
import dataclasses
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from benchmark.data.factor_shapes import FactorShapesConfig
from benchmark.data.shapes import ShapesConfig
from benchmark.errors import UserError, unknown
from benchmark.schema import build
from benchmark.views.policy import ViewConfig
from downstream.tasks import TaskOptions

CONFIGS = Path(__file__).parent.parent / "configs"


@dataclass(frozen=True)
class DataConfig:
    """The pretraining images.

    Attributes:
        pretrain: images below the data root: a folder, with class folders or of images alone, or tar shards in
            WebDataset format: a folder of them, or "shards/train-{000000..000003}.tar".
        labels: CSV below the data root with columns `file` and `label` (may be empty); "" where folders say it.
        image_size: side in pixels at which images are held in memory.
        limit: number of images used, evenly spread; 0 = all.
        stream: decode images whenever they are asked for, instead of once into a packed copy on the disk; does not
            change any number.
        workers: processes that read (and with `stream` decode) the batches of a pretraining ahead; 0 = its own. Does
            not change any number.
        tree: folder below the data root where the embedded data are made; "" where the data are the user's own.
        shapes: how to make the embedded scenes of several objects; None where they are not used.
        factors: how to make the embedded scenes of one object whose factors are known; None where they are not used.

    Raises:
        ValueError: both kinds of embedded data are asked for, in one tree.
    """

    pretrain: str
    labels: str
    image_size: int
    limit: int
    stream: bool
    workers: int
    tree: str
    shapes: ShapesConfig | None
    factors: FactorShapesConfig | None

    def __post_init__(self) -> None:
        """Refuse two data sets in one tree."""
        if self.shapes is not None and self.factors is not None:
            raise ValueError("data: one of shapes and factors must be None, got both")


@dataclass(frozen=True)
class ModelConfig:
    """Backbone and projector.

    Attributes:
        depth: layers of the ResNet.
        width: factor on its channel counts.
        stem: "imagenet", "cifar" or "stl10".
        hidden: width of the projector's hidden layer; 0 = that of the features.
        projection: D.
        projector_norm: batch norm after the projector's hidden layer.
    """

    depth: int
    width: float
    stem: str
    hidden: int
    projection: int
    projector_norm: bool


@dataclass(frozen=True)
class TrainingConfig:
    """Optimisation of the pretraining.

    Attributes:
        epochs: passes over the pretraining images.
        batch: images per step, N.
        chunks: parts, one after another, in which a process encodes its images of a step: a part's share of memory for
            one forward pass more. The objective and the projector see all images; batch norms of the backbone see a
            part at a time, so that more than 1 is another training.
        optimiser: "adamw", "sgd" or "lars".
        lr: peak learning rate, for this batch size.
        weight_decay: L2 penalty of sgd and lars; adamw takes off this times the rate, as a share, at every step.
        exclude_bias_and_norm: biases and normalisation layers are not decayed, nor scaled by lars.
        momentum: of sgd and lars.
        warmup: share of the steps with a linearly rising rate.
        schedule: what follows the warm-up: "cosine" decay, or "constant".
        final_lr: where the cosine ends, as a share of the peak rate.
        precision: "float32", "bfloat16" or, on a GPU only, "float16".
    """

    epochs: float
    batch: int
    chunks: int
    optimiser: str
    lr: float
    weight_decay: float
    exclude_bias_and_norm: bool
    momentum: float
    warmup: float
    schedule: str
    final_lr: float
    precision: str


@dataclass(frozen=True)
class LoggingConfig:
    """What is shown and kept on the way; does not change any number.

    Attributes:
        interval: steps between two rows of scalars; a row also ends at every checkpoint.
        checkpoint: steps between two checkpoints.
    """

    interval: int
    checkpoint: int


@dataclass(frozen=True)
class BenchConfig:
    """One whole benchmark.

    Attributes:
        data: the pretraining images.
        views: the view policy, the same for every objective.
        model: backbone and projector.
        training: optimisation of the pretraining.
        threads: CPU threads of a cell; part of its key, since sums in another order differ in their last bits.
        processes: processes of this machine that share the batches of a pretraining; part of its key, likewise.
        logging: what is shown and kept on the way.
        objectives: arguments of objectives that differ from their defaults.
        rows: variants by name, an objective each with settings of its own; beside them every objective is a row.
        tasks: name of a task -> options of its family.
    """

    data: DataConfig
    views: ViewConfig
    model: ModelConfig
    training: TrainingConfig
    threads: int
    processes: int
    logging: LoggingConfig
    objectives: dict[str, dict[str, Any]]
    rows: dict[str, Row]
    tasks: dict[str, TaskOptions]

    def row(self, name: str) -> Row:
        """The variant of that name, or the objective of that name as the config has it."""
        return self.rows.get(name) or Row(name, self)


@dataclass(frozen=True)
class Row:
    """One line of the tables.

    Attributes:
        objective: registry name.
        config: the config with the settings of this row.
        tasks: names of those on which it is evaluated; None for all.
    """

    objective: str
    config: BenchConfig
    tasks: tuple[str, ...] | None = None

    def has(self, task: str) -> bool:
        """Whether it is evaluated on a task."""
        return self.tasks is None or task in self.tasks


def load(name: str, overrides: Sequence[str] = ()) -> BenchConfig:
    """Read `configs/bench/<name>.py`, or the file `name`, apply `key=value` overrides and check every key.

    Raises:
        UserError: no such config, a malformed file or override, an unknown, missing or ill-typed key.
    """
    path = _find(name)
    try:
        config = Config.fromfile(path)
    except Exception as error:  # whatever a user's file raises is the user's to see
        raise UserError(f"{path}: {' '.join(str(error).split())}") from error
    raw = config.to_dict()
    for override in overrides:
        if override.startswith(_ROWS):
            _apply(raw, override)
    rows = _mapping(raw.pop("rows", {}), where=f"{path}: rows")
    rows = {name: row for name, row in rows.items() if row is not None}  # None drops what a base config has
    whole = _resolve(raw, overrides, where=str(path))
    return dataclasses.replace(
        whole, rows={name: _row(raw, row, overrides, where=f"{path}: rows.{name}") for name, row in rows.items()}
    )


_ROWS = ("rows.", "rows=")


def _mapping(value: Any, *, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UserError(f"{where} must be dict, got {value!r}")
    return value


def _resolve(raw: Mapping[str, Any], overrides: Sequence[str], *, where: str) -> BenchConfig:
    """Apply the user's overrides, which have the last word, and check every key."""
    changed = copy.deepcopy({**raw, "rows": {}})
    for override in overrides:
        if not override.startswith(_ROWS):
            _apply(changed, override)
    return typing.cast(BenchConfig, build(BenchConfig, changed, where=where, prefix=""))


def _row(raw: Mapping[str, Any], row: Mapping[str, Any], overrides: Sequence[str], *, where: str) -> Row:
    """A variant: the config with `arguments` of its objective, changes to some sections, and the `tasks` it names."""
    allowed = ("objective", "arguments", "model", "training", "views", "tasks")
    for key in _mapping(row, where=where):
        if key not in allowed:
            raise UserError(f"{where}: {unknown('key', key, allowed)}")
    if not isinstance(row.get("objective"), str):
        raise UserError(f"{where}: objective must be the name of an objective, got {row.get('objective')!r}")
    changed = dict(raw)
    for section in ("model", "training", "views"):
        changed[section] = {**raw.get(section, {}), **_mapping(row.get(section, {}), where=f"{where}.{section}")}
    objective, objectives = row["objective"], raw.get("objectives", {})
    own = _mapping(row.get("arguments", {}), where=f"{where}.arguments")
    changed["objectives"] = {**objectives, objective: {**(objectives.get(objective) or {}), **own}}
    tasks = _tasks_of(row.get("tasks"), known=raw.get("tasks", {}), where=f"{where}.tasks")
    return Row(objective, _resolve(changed, overrides, where=where), tasks)


def _tasks_of(names: Any, *, known: Mapping[str, Any], where: str) -> tuple[str, ...] | None:
    """Check the names of the tasks of a row; None is all of them."""
    if names is None:
        return None
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise UserError(f"{where} must be names of tasks, got {names!r}")
    for name in names:
        if name not in known:
            raise UserError(f"{where}: {unknown('task', name, known)}")
    return tuple(names)


def known_configs() -> list[str]:
    """Names that CONFIG= accepts."""
    return sorted(path.stem for path in (CONFIGS / "bench").glob("*.py"))


def _find(name: str) -> Path:
    if name in known_configs():
        return CONFIGS / "bench" / f"{name}.py"
    if name.endswith(".py") and Path(name).is_file():
        return Path(name)
    raise unknown("config", name, known_configs())


def _apply(raw: dict[str, Any], override: str) -> None:
    """Set one dotted key of a nested dict from the text `a.b=value`."""
    key, equals, text = override.partition("=")
    if not equals:
        raise UserError(f"--set: expected key=value, got {override!r}")
    *parents, last = key.split(".")
    if parents[:1] == ["tasks"] and parents[1:] and parents[1] not in raw["tasks"]:
        raise unknown("task", parents[1], raw["tasks"])
    node = raw
    for parent in parents:
        child = node.setdefault(parent, {})
        if not isinstance(child, dict):
            raise UserError(f"--set {override}: '{parent}' is a value, it has no keys")
        node = child
    node[last] = _literal(text)


def _literal(text: str) -> Any:
    """The Python value that `text` spells, else `text` itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
